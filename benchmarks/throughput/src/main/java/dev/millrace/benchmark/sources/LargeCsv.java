package dev.millrace.benchmark.sources;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A file that is far larger than the heap of the Connect that reads it. */
@Command(
    name = "large-csv",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Writes a CSV with rows of a kilobyte, every ten thousandth of them broken, has it read by a Connect",
      "with a small heap, and counts what has come with Kafka's own consumer: each row once, each broken",
      "one in the dead letters. Exits with 1 if it is otherwise, or if Connect died on the way."
    },
    footerHeading = "%nExample:%n",
    footer = "  benchmarks/sources large-csv --gigabytes 2 --heap 64")
final class LargeCsv implements Callable<Integer> {
  private static final String TOPIC = "large";
  private static final int BROKEN_EVERY = 10_000;
  private static final String FILL = "what has happened in the world ".repeat(29);

  @Option(names = "--gigabytes", paramLabel = "N", description = "Of the file. Default: 2.")
  private double gigabytes = 2;

  @Option(names = "--heap", paramLabel = "MB", description = "Of Connect. Default: 64.")
  private int heap = 64;

  private int rows;
  private int broken;

  @Override
  public Integer call() throws Exception {
    Path work = Files.createTempDirectory("large-csv");
    Path folder = Files.createDirectories(work.resolve("in"));
    long size = write(folder.resolve("large.csv"));
    System.out.printf(
        Locale.ROOT, "%.2f GB: %d rows, and %d broken ones%n", size / 1e9, rows, broken);
    try (Stack stack =
        new Stack(work, SourceThroughput.plugins(), new Stack.Options(heap, List.of(), Map.of()))) {
      return read(stack, folder) ? 0 : 1;
    } finally {
      SourceThroughput.remove(work);
    }
  }

  /** Returns the file's size. */
  private long write(Path file) throws IOException {
    long most = (long) (gigabytes * 1e9);
    long size = Event.CSV_HEADER.length();
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      out.write(Event.CSV_HEADER);
      while (size < most) {
        String row = new Event(rows).csv();
        // Into the title, which is the last field, before its quotation mark.
        row = row.substring(0, row.length() - 2) + FILL + "\"\n";
        out.write(row);
        size += row.length();
        rows++;
        if (rows % BROKEN_EVERY == 0) {
          String bad = "broken " + broken++ + "\n";
          out.write(bad);
          size += bad.length();
        }
      }
    }
    return size;
  }

  private boolean read(Stack stack, Path folder) throws Exception {
    stack.topics(TOPIC, TOPIC + ".dead", TOPIC + ".files");
    Map<String, String> config = stack.source(TOPIC);
    config.put("connector.class", "dev.millrace.connect.files.FilesSourceConnector");
    config.put("path", folder.toString());
    config.put("format", "csv");
    config.put("once", "true");
    config.put("report.topic", TOPIC + ".files");
    long began = System.nanoTime();
    stack.put(TOPIC, config);
    // One report of the file, one that all is done; each in a transaction of its own, or both.
    Stack.await(() -> stack.end(TOPIC + ".files") >= 2 && done(stack));
    double seconds = (System.nanoTime() - began) / 1e9;
    BitSet seen = new BitSet(rows);
    int[] counted = new int[2];
    GenericDatumReader<GenericRecord> reader = new GenericDatumReader<>(Event.AVRO);
    BinaryDecoder[] decoder = new BinaryDecoder[1];
    consume(
        stack,
        TOPIC,
        record -> {
          byte[] value = record.value();
          // Behind the schema's id.
          decoder[0] = DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, decoder[0]);
          try {
            seen.set(Math.toIntExact((Long) reader.read(null, decoder[0]).get("id")));
          } catch (IOException e) {
            throw new IllegalStateException("not a record: " + ByteBuffer.wrap(value), e);
          }
          counted[0]++;
        });
    consume(stack, TOPIC + ".dead", record -> counted[1]++);
    System.out.printf(
        Locale.ROOT,
        "read in %.1f s with a heap of %d MB (resident at most %d MB), Connect died %d times%n",
        seconds,
        heap,
        residentMegabytes(stack.connectPid()),
        stack.connectRestarts());
    System.out.printf(
        "in Kafka: %d records, %d of the rows; %d dead letters%n",
        counted[0], seen.cardinality(), counted[1]);
    return counted[0] == rows
        && seen.cardinality() == rows
        && counted[1] == broken
        && stack.connectRestarts() == 0;
  }

  private static boolean done(Stack stack) throws Exception {
    return stack.offsets(TOPIC).findValues("done").stream().anyMatch(d -> d.asBoolean());
  }

  /** Everything that is in a topic's one partition. */
  private static void consume(
      Stack stack, String topic, Consumer<ConsumerRecord<byte[], byte[]>> each) {
    TopicPartition partition = new TopicPartition(topic, 0);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers", stack.bootstrapServers(), "isolation.level", "read_committed"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        consumer.poll(Duration.ofSeconds(1)).forEach(each);
      }
    }
  }

  private static long residentMegabytes(long pid) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
      if (line.startsWith("VmHWM:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024;
      }
    }
    return 0;
  }
}
