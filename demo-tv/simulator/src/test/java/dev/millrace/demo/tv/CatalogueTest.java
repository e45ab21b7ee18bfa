package dev.millrace.demo.tv;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.parquet.avro.AvroParquetReader;
import org.apache.parquet.avro.AvroParquetWriter;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.LocalOutputFile;
import org.junit.jupiter.api.Test;

/**
 * The catalogue of shows lies in the repository as Parquet files, as a bucket would hold it. {@code
 * -Dmillrace.golden.update=true} writes them anew.
 */
class CatalogueTest {
  private static final Path FOLDER = Path.of("../catalogue/shows");
  private static final int SHOWS = 200;
  private static final int FILES = 4;

  private final Schema schema = schema();

  private static Schema schema() {
    try {
      return new Schema.Parser().parse(Files.readString(Path.of("../schemas/show.avsc")));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void holdsTheShowsOfTheSchedule() throws IOException {
    List<GenericRecord> expected = new ArrayList<>();
    List<GenericRecord> found = new ArrayList<>();
    for (int file = 0; file < FILES; file++) {
      List<GenericRecord> rows = rows(file);
      expected.addAll(rows);
      Path path = FOLDER.resolve("shows-" + (file + 1) + ".parquet");
      if (Boolean.getBoolean("millrace.golden.update")) {
        write(path, rows);
      }
      found.addAll(read(path));
    }
    assertThat(found).hasSize(SHOWS).isEqualTo(expected);
  }

  private List<GenericRecord> rows(int file) {
    List<GenericRecord> rows = new ArrayList<>();
    for (int id = 1 + file * SHOWS / FILES; id <= (file + 1) * SHOWS / FILES; id++) {
      rows.add(
          new GenericRecordBuilder(schema)
              .set("show_id", id)
              .set("title", title(id))
              .set(
                  "genre",
                  Crc.pick(
                      "genre" + id, "news", "drama", "sports", "comedy", "documentary", "kids"))
              .build());
    }
    return rows;
  }

  private static String title(int id) {
    String first =
        Crc.pick(
            "w1" + id,
            "Morning",
            "Evening",
            "Northern",
            "Golden",
            "Silent",
            "Open",
            "Hidden",
            "Grand",
            "Second",
            "Blue");
    String second =
        Crc.pick(
            "w2" + id, "News", "Street", "Kitchen", "League", "Stories", "River", "Garden", "Case",
            "Hour", "Planet");
    return first + " " + second + " " + id;
  }

  private void write(Path path, List<GenericRecord> rows) throws IOException {
    Files.createDirectories(path.getParent());
    Files.deleteIfExists(path);
    try (ParquetWriter<GenericRecord> writer =
        AvroParquetWriter.<GenericRecord>builder(new LocalOutputFile(path))
            .withConf(new PlainParquetConfiguration())
            .withSchema(schema)
            .withCompressionCodec(CompressionCodecName.SNAPPY)
            .build()) {
      for (GenericRecord row : rows) {
        writer.write(row);
      }
    }
  }

  private static List<GenericRecord> read(Path path) throws IOException {
    List<GenericRecord> rows = new ArrayList<>();
    try (ParquetReader<GenericRecord> reader =
        AvroParquetReader.<GenericRecord>builder(new LocalInputFile(path))
            .withConf(new PlainParquetConfiguration())
            .build()) {
      GenericRecord row;
      while ((row = reader.read()) != null) {
        rows.add(row);
      }
    }
    return rows;
  }
}
