package dev.millrace.connect.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.avro.Schema;
import org.apache.avro.file.CodecFactory;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.parquet.avro.AvroParquetWriter;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.LocalOutputFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Parquet and Avro, written by their own libraries. */
class ObjectFilesTest {
  private static final Schema WRITTEN =
      new Schema.Parser()
          .parse(
              """
              {"type":"record","name":"Written","fields":[
                {"name":"big","type":"string"},
                {"name":"id","type":"int"},
                {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
                {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":6,"scale":1}},
                {"name":"tags","type":{"type":"array","items":"string"}},
                {"name":"place","type":["null",{"type":"record","name":"Place","fields":[
                    {"name":"seen","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"city","type":"string"}]}]}]}
              """);
  private static final String DECLARED =
      """
      {"type":"record","name":"R","fields":[
        {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
        {"name":"id","type":"long"},
        {"name":"price","type":["null",{"type":"bytes","logicalType":"decimal","precision":8,"scale":2}]},
        {"name":"tags","type":{"type":"array","items":"string"}},
        {"name":"place","type":["null",{"type":"record","name":"Place","fields":[
            {"name":"seen","type":{"type":"long","logicalType":"timestamp-micros"}}]}]},
        {"name":"more","type":["null","string"]}]}
      """;

  @TempDir Path folder;

  private static GenericRecord row(int id) {
    Schema place = WRITTEN.getField("place").schema().getTypes().get(1);
    return new GenericRecordBuilder(WRITTEN)
        .set("big", ("some text that nobody asks for " + id).repeat(5))
        .set("id", id)
        .set("at", 1_767_225_600_000L + id)
        .set("price", ByteBuffer.wrap(BigInteger.valueOf(id * 10L + 5).toByteArray()))
        .set("tags", List.of("a", "b" + id))
        .set(
            "place",
            id % 2 == 0
                ? null
                : new GenericRecordBuilder(place).set("seen", 1000L * id).set("city", "x").build())
        .build();
  }

  private Path parquet(String name, int from, int to) throws IOException {
    Path file = folder.resolve(name);
    try (ParquetWriter<GenericRecord> writer =
        AvroParquetWriter.<GenericRecord>builder(new LocalOutputFile(file))
            .withConf(new PlainParquetConfiguration())
            .withSchema(WRITTEN)
            .withCompressionCodec(CompressionCodecName.SNAPPY)
            .withDictionaryEncoding(false)
            .withRowGroupSize(64L << 10)
            .build()) {
      for (int i = from; i < to; i++) {
        writer.write(row(i));
      }
    }
    return file;
  }

  private Path avro(String name, int from, int to) throws IOException {
    Path file = folder.resolve(name);
    try (DataFileWriter<GenericRecord> writer =
        new DataFileWriter<>(new GenericDatumWriter<GenericRecord>(WRITTEN))) {
      writer.setCodec(CodecFactory.deflateCodec(1));
      writer.setSyncInterval(4096);
      writer.create(WRITTEN, file.toFile());
      for (int i = from; i < to; i++) {
        writer.append(row(i));
      }
    }
    return file;
  }

  private static List<String> ids(int from, int to) {
    return IntStream.range(from, to).mapToObj(Integer::toString).toList();
  }

  private static void killedAtAnyTime(Worker worker) throws InterruptedException {
    Random random = new Random(5);
    while (!worker.done()) {
      worker.poll();
      if (random.nextInt(4) == 0) {
        worker.killed();
      }
    }
    worker.stop();
  }

  @Test
  void parquetIsReadOnceInRowGroupsHoweverOftenItIsKilled() throws Exception {
    Path file = parquet("a.parquet", 0, 5000);
    parquet("b.parquet", 5000, 5100);
    try (ParquetFileReader reader = ParquetFileReader.open(new LocalInputFile(file))) {
      assertThat(reader.getRowGroups()).hasSizeGreaterThan(3);
    }
    for (String batch : List.of("77", "2000")) {
      Worker worker = new Worker(folder, "parquet", DECLARED).with("batch.max.records", batch);
      killedAtAnyTime(worker);
      assertThat(worker.dead()).isEmpty();
      assertThat(worker.column("id")).containsExactlyElementsOf(ids(0, 5100));
      values(worker.rows().get(3));
    }
  }

  @Test
  void avroIsReadOnceInBlocksHoweverOftenItIsKilled() throws Exception {
    avro("a.avro", 0, 5000);
    avro("b.avro", 5000, 5100);
    for (String batch : List.of("77", "2000")) {
      Worker worker = new Worker(folder, "avro", DECLARED).with("batch.max.records", batch);
      killedAtAnyTime(worker);
      assertThat(worker.dead()).isEmpty();
      assertThat(worker.column("id")).containsExactlyElementsOf(ids(0, 5100));
      values(worker.rows().get(3));
    }
  }

  /** In the declared units, scale and names. */
  private static void values(GenericRecord row) {
    assertThat(row.get("at")).isEqualTo(1_767_225_600_003_000L);
    assertThat(new BigInteger(((ByteBuffer) row.get("price")).array())).isEqualTo(350);
    assertThat(row.get("tags").toString()).isEqualTo("[a, b3]");
    assertThat(row.get("place").toString()).isEqualTo("{\"seen\": 3000000}");
    assertThat(row.get("more")).isNull();
  }

  /** See the resource's README: times are INT96, decimals fixed, lists of three levels. */
  @Test
  void readsWhatSparkWrites() throws Exception {
    try (InputStream spark = getClass().getResourceAsStream("/spark/part-00000.snappy.parquet")) {
      Files.copy(spark, folder.resolve("part-00000.snappy.parquet"));
    }
    Worker worker =
        new Worker(
                folder,
                "parquet",
                """
                {"type":"record","name":"R","fields":[
                  {"name":"item","type":["null","string"]},
                  {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
                  {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":12,"scale":3}},
                  {"name":"list","type":{"type":"array","items":"long"}},
                  {"name":"place","type":{"type":"record","name":"P","fields":[
                     {"name":"day","type":{"type":"int","logicalType":"date"}},{"name":"x","type":"long"}]}},
                  {"name":"m","type":{"type":"map","values":"long"}},
                  {"name":"id","type":"long"}]}
                """)
            .drain();
    assertThat(worker.dead()).isEmpty();
    assertThat(worker.column("id")).containsExactlyElementsOf(ids(0, 100));
    GenericRecord row = worker.rows().get(3);
    assertThat(row.get("at"))
        .isEqualTo(
            ChronoUnit.MICROS.between(Instant.EPOCH, Instant.parse("2026-01-31T12:00:03.123456Z")));
    assertThat(new BigInteger(((ByteBuffer) row.get("price")).array())).isEqualTo(3750);
    assertThat(row.get("item").toString()).isEqualTo("item 3");
    assertThat(worker.rows().get(2).get("item")).isNull();
    assertThat(row.get("list").toString()).isEqualTo("[3, 4]");
    assertThat(row.get("place").toString())
        .isEqualTo("{\"day\": " + LocalDate.of(2026, 2, 3).toEpochDay() + ", \"x\": 3}");
    assertThat(row.get("m").toString()).isEqualTo("{k=3}");
  }

  /** What is not declared is not even decompressed. */
  @Test
  void onlyDeclaredColumnsOfParquetAreRead() throws Exception {
    Path file = parquet("a.parquet", 0, 1000);
    byte[] bytes = Files.readAllBytes(file);
    try (ParquetFileReader reader = ParquetFileReader.open(new LocalInputFile(file))) {
      reader.getRowGroups().stream()
          .flatMap(g -> g.getColumns().stream())
          .filter(c -> c.getPath().toDotString().equals("big"))
          .forEach(c -> destroy(bytes, c));
    }
    Files.write(file, bytes);
    Worker worker = new Worker(folder, "parquet", DECLARED).drain();
    assertThat(worker.dead()).isEmpty();
    assertThat(worker.column("id")).containsExactlyElementsOf(ids(0, 1000));
    Worker all =
        new Worker(
                folder,
                "parquet",
                """
                {"type":"record","name":"R","fields":[{"name":"big","type":"string"},{"name":"id","type":"long"}]}
                """)
            .drain();
    assertThat(all.rows()).isEmpty();
    assertThat(all.dead())
        .singleElement()
        .satisfies(d -> assertThat(d).startsWith("a.parquet:1: "));
  }

  private static void destroy(byte[] file, ColumnChunkMetaData column) {
    Arrays.fill(
        file,
        (int) column.getStartingPos(),
        (int) (column.getStartingPos() + column.getTotalSize()),
        (byte) 0xFF);
  }

  @Test
  void aTruncatedFileIsOneDeadLetterAndTheOthersGoOnAndItIsReadOnceItIsWhole() throws Exception {
    Path file = parquet("a.parquet", 0, 1000);
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length / 2));
    Files.writeString(folder.resolve("b.parquet"), "");
    parquet("c.parquet", 1000, 1100);
    Worker worker = new Worker(folder, "parquet", DECLARED).with("once", "false").until(102);
    for (int i = 0; i < 5; i++) {
      worker.poll();
    }
    assertThat(worker.column("id")).containsExactlyElementsOf(ids(1000, 1100));
    assertThat(worker.dead())
        .containsExactly(
            "a.parquet:1: the file is not read: is no Parquet file, or truncated: it does not end with a footer <>",
            "b.parquet:1: the file is not read: is no Parquet file: it has 0 bytes <>");
    // It is said once, and not again after a restart.
    worker.stop();
    for (int i = 0; i < 5; i++) {
      assertThat(worker.poll()).isEmpty();
    }
    Files.write(file, whole);
    assertThat(worker.until(1102).column("id")).hasSize(1100).doesNotHaveDuplicates();
    worker.stop();
  }

  @Test
  void aTruncatedAvroFileGivesItsWholeBlocksAndOneThatWasAddedToIsReadOn() throws Exception {
    Path file = avro("a.avro", 0, 2000);
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length / 2));
    Worker worker = new Worker(folder, "avro", DECLARED).with("once", "false");
    while (worker.dead().isEmpty()) {
      worker.poll();
    }
    assertThat(worker.rows()).hasSizeBetween(500, 1500);
    Files.write(file, whole);
    worker.until(2001);
    try (DataFileWriter<GenericRecord> writer =
        new DataFileWriter<>(new GenericDatumWriter<GenericRecord>()).appendTo(file.toFile())) {
      for (int i = 2000; i < 2100; i++) {
        writer.append(row(i));
      }
    }
    worker.until(2101).stop();
    assertThat(worker.column("id")).containsExactlyElementsOf(ids(0, 2100));
  }

  @Test
  void aFileOfTheSameNameWithOtherRowsIsReadFromItsBeginning() throws Exception {
    for (String format : List.of("parquet", "avro")) {
      Path sub = Files.createDirectory(folder.resolve(format));
      Path file = format.equals("avro") ? avro("x", 0, 500) : parquet("x", 0, 500);
      Files.move(file, sub.resolve("x"));
      Worker worker =
          new Worker(sub, format, DECLARED).with("once", "false").with("batch.max.records", "100");
      worker.until(100).stop();
      Path other = format.equals("avro") ? avro("x", 1000, 1500) : parquet("x", 1000, 1500);
      Files.move(other, sub.resolve("x"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      worker.until(600).stop();
      assertThat(worker.column("id").subList(100, 600)).containsExactlyElementsOf(ids(1000, 1500));
    }
  }

  @Test
  void aFieldOfATypeThatDoesNotFitIsRefusedWithBothTypes() throws Exception {
    parquet("a", 0, 10);
    refused(
        "parquet",
        "{\"name\":\"id\",\"type\":\"string\"}",
        "field 'id' is declared as string, and is int in the file");
    refused(
        "parquet",
        "{\"name\":\"big\",\"type\":\"long\"}",
        "field 'big' is declared as long, and is string in the file");
    refused(
        "parquet",
        "{\"name\":\"price\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":3,\"scale\":1}}",
        "field 'price' is declared as decimal(3,1), and is decimal(6,1) in the file");
    refused(
        "parquet",
        "{\"name\":\"place\",\"type\":{\"type\":\"record\",\"name\":\"P\",\"fields\":[{\"name\":\"city\",\"type\":\"double\"}]}}",
        "field 'place.city' is declared as double, and is string in the file");
    refused(
        "parquet",
        "{\"name\":\"nix\",\"type\":\"long\"}",
        "has no field 'nix', which may not be null; its fields are [big, id,");
    Files.delete(folder.resolve("a"));
    avro("a", 0, 10);
    refused(
        "avro",
        "{\"name\":\"at\",\"type\":\"long\"}",
        "field 'at' is declared as long, and is timestamp-millis in the file");
  }

  private void refused(String format, String field, String reason) throws Exception {
    String schema = "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" + field + "]}";
    assertThat(new Worker(folder, format, schema).drain().dead())
        .singleElement()
        .satisfies(d -> assertThat(d).startsWith("a:1: the file is not read: " + reason));
  }
}
