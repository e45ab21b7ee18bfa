package dev.millrace.benchmark.sources;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.generic.GenericRecord;
import org.apache.parquet.avro.AvroParquetReader;
import org.apache.parquet.avro.AvroParquetWriter;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.LocalOutputFile;

/** One file of CSV, JSON lines or Parquet; the bare client counts lines, or reads rows. */
final class FileSource implements Source {
  private final String format;
  private final int records;
  private final Path folder;
  private Stack stack;

  FileSource(String format, int records, Path work) {
    this.format = format;
    this.records = records;
    this.folder = work.resolve("files-" + format);
  }

  @Override
  public String name() {
    return "files, " + format;
  }

  @Override
  public int records() {
    return records;
  }

  private Path file() {
    return folder.resolve("events." + format);
  }

  @Override
  public void open(Stack given) throws IOException {
    stack = given;
    Files.createDirectories(folder);
    if (format.equals("parquet")) {
      parquet();
    } else {
      text();
    }
  }

  private void text() throws IOException {
    boolean csv = format.equals("csv");
    try (BufferedWriter out = Files.newBufferedWriter(file())) {
      if (csv) {
        out.write(Event.CSV_HEADER);
      }
      for (int i = 0; i < records; i++) {
        out.write(csv ? new Event(i).csv() : new Event(i).json() + "\n");
      }
    }
  }

  private void parquet() throws IOException {
    try (ParquetWriter<GenericRecord> writer =
        AvroParquetWriter.<GenericRecord>builder(new LocalOutputFile(file()))
            .withConf(new PlainParquetConfiguration())
            .withSchema(Event.AVRO)
            .withCompressionCodec(CompressionCodecName.SNAPPY)
            .withRowGroupSize(8L << 20)
            .build()) {
      for (int i = 0; i < records; i++) {
        writer.write(new Event(i).avro());
      }
    }
  }

  @Override
  public Optional<Double> bare() throws IOException {
    long began = System.nanoTime();
    long rows = format.equals("parquet") ? rows() : lines() - (format.equals("csv") ? 1 : 0);
    double seconds = (System.nanoTime() - began) / 1e9;
    if (rows != records) {
      throw new IOException(file() + " has " + rows + " rows, " + records + " were written");
    }
    return Optional.of(seconds);
  }

  private long rows() throws IOException {
    long rows = 0;
    try (ParquetReader<GenericRecord> reader =
        AvroParquetReader.<GenericRecord>builder(new LocalInputFile(file()))
            .withConf(new PlainParquetConfiguration())
            .build()) {
      while (reader.read() != null) {
        rows++;
      }
    }
    return rows;
  }

  private long lines() throws IOException {
    long lines = 0;
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file())) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        for (int i = 0; i < n; i++) {
          lines += buffer[i] == '\n' ? 1 : 0;
        }
      }
    }
    return lines;
  }

  @Override
  public Stack.Arrival connector(int round) throws Exception {
    String topic = "files-" + format + "-" + round;
    stack.topics(topic, topic + ".dead", topic + ".files");
    Map<String, String> config = stack.source(topic);
    config.put("connector.class", "dev.millrace.connect.files.FilesSourceConnector");
    config.put("path", folder.toString());
    config.put("include", "*." + format);
    config.put("format", format);
    config.put("once", "true");
    config.put("report.topic", topic + ".files");
    stack.put(topic, config);
    Stack.Arrival arrival = stack.arrival(topic, 0, records);
    stack.delete(topic);
    stack.deleteTopics(topic);
    return arrival;
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(file());
  }
}
