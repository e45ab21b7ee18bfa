package dev.millrace.connect.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.connect.files.StorageException.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilesTaskTest {
  static final String SCHEMA =
      """
      {"type":"record","name":"R","fields":[
        {"name":"id","type":"long"},
        {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
        {"name":"text","type":["null","string"]}]}
      """;

  @TempDir Path folder;

  private Worker csv() {
    return new Worker(folder, "csv", SCHEMA);
  }

  private static String row(int id) {
    return id + ",2026-01-01T00:00:" + String.format("%02d", id % 60) + "Z,text " + id + "\n";
  }

  private static String rows(int from, int to) {
    StringBuilder text = new StringBuilder();
    IntStream.range(from, to).forEach(i -> text.append(row(i)));
    return text.toString();
  }

  private static List<String> ids(int from, int to) {
    return IntStream.range(from, to).mapToObj(Integer::toString).toList();
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  /** All ways in which text lies in files, with kills at any time. */
  @Test
  void readsEachRowOnceHoweverOftenItIsKilled() throws Exception {
    String header = "id,at,text\n";
    write("a.csv", header + rows(0, 3000));
    // Of two parts, as logs that were packed and added to are.
    byte[] first = gzip(header + rows(3000, 4000));
    byte[] second = gzip(rows(4000, 5000));
    Files.write(folder.resolve("b.csv.gz"), first);
    Files.write(folder.resolve("b.csv.gz"), second, StandardOpenOption.APPEND);
    try (ZipOutputStream zip =
        new ZipOutputStream(Files.newOutputStream(folder.resolve("c.csv.zip")))) {
      for (int i = 0; i < 3; i++) {
        zip.putNextEntry(new ZipEntry("folder/" + i + ".csv"));
        zip.write((header + rows(5000 + 500 * i, 5500 + 500 * i)).getBytes(StandardCharsets.UTF_8));
      }
    }
    for (String batch : List.of("7", "100", "2000")) {
      Worker worker = csv().with("batch.max.records", batch);
      Random random = new Random(3);
      while (!worker.done()) {
        worker.poll();
        if (random.nextInt(4) == 0) {
          worker.killed();
        } else if (random.nextInt(4) == 0) {
          worker.stop();
        }
      }
      worker.stop();
      assertThat(worker.dead()).isEmpty();
      assertThat(worker.column("id")).containsExactlyElementsOf(ids(0, 6500));
      assertThat(worker.reports())
          .contains(
              "{\"dead\":0,\"file\":\"b.csv.gz\",\"rows\":2000,\"size\":"
                  + (first.length + second.length)
                  + "}")
          .hasSize(4);
    }
  }

  @Test
  void onlyTheLastRecordOfAFileInABatchSaysHowFarItWasRead() throws Exception {
    write("a.csv", "id,at,text\n" + rows(0, 10));
    write("b.csv", "id,at,text\n" + rows(10, 20));
    List<SourceRecord> batch = csv().with("batch.max.records", "15").poll();
    assertThat(
            batch.stream()
                .filter(r -> r.topic().equals("t"))
                .map(r -> ((Number) r.sourceOffset().get("rows")).intValue()))
        .containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 4);
    // Shared, not made for each.
    assertThat(batch.get(1).sourceOffset()).isSameAs(batch.get(0).sourceOffset());
    assertThat(batch.get(1).sourcePartition()).isSameAs(batch.get(0).sourcePartition());
  }

  @Test
  void jsonLinesOfAllTypesAndWhatIsNone() throws Exception {
    write(
        "a.jsonl",
        """
        {"id":1,"at":"2026-01-01T00:00:00Z","text":"a","other":{"deep":[1]}}

        {"id":"x","at":"2026-01-01T00:00:00Z"}
        not json
        {"id":2,"at":1767225600000000} {"id":3}
        [1]
        {"id":4,"at":1767225600000000,"text":null}""");
    Worker worker = new Worker(folder, "jsonl", SCHEMA).drain();
    assertThat(worker.column("id")).containsExactly("1", "4");
    assertThat(worker.dead())
        .satisfiesExactly(
            d -> assertThat(d).startsWith("a.jsonl:3: field 'id': 'x': expected a long <{"),
            d -> assertThat(d).startsWith("a.jsonl:4: not JSON").endsWith("<not json>"),
            d -> assertThat(d).startsWith("a.jsonl:5: something follows the object"),
            d -> assertThat(d).startsWith("a.jsonl:6: expected a JSON object"));
  }

  @Test
  void aFileThatGrowsIsReadOnAndItsLastLineWaitsForItsEnd() throws Exception {
    Path file = write("a.csv", "id,at,text\n" + rows(0, 2) + "2,2026-01-01T00:00:02Z,no e");
    Worker worker = csv().with("once", "false").until(2);
    for (int i = 0; i < 5; i++) {
      worker.poll();
    }
    assertThat(worker.column("id")).containsExactly("0", "1");
    Files.writeString(file, "nd\n" + rows(3, 4), StandardOpenOption.APPEND);
    worker.until(4);
    assertThat(worker.column("text")).containsExactly("text 0", "text 1", "no end", "text 3");
    // Over a restart it is compared with what was there before.
    worker.stop();
    Files.writeString(
        file, rows(4, 5) + "5,2026-01-01T00:00:05Z,at last", StandardOpenOption.APPEND);
    worker.until(5).stop();
    assertThat(worker.with("once", "true").drain().column("text"))
        .containsExactly("text 0", "text 1", "no end", "text 3", "text 4", "at last");
  }

  @Test
  void aFileThatWasReplacedIsReadFromItsBeginningAndNeverFromTheOldPlace() throws Exception {
    write("a.csv", "id,at,text\n" + rows(0, 100));
    write("b.csv", "id,at,text\n" + rows(200, 300));
    Worker worker = csv().with("once", "false").with("batch.max.records", "50").until(50);
    worker.stop();
    // In the middle, of the same length but for one row, and longer: as if it had been added to.
    write("a.csv", "id,at,text\n" + rows(0, 20).replace("text 1,", "TEXT 1,") + rows(120, 400));
    worker.until(50 + 300 + 100);
    assertThat(worker.column("id").subList(0, 350))
        .containsExactlyElementsOf(concat(ids(0, 50), concat(ids(0, 20), ids(120, 400))));
    // Read to its end, and then replaced, while the task runs: shorter, of the same size, longer.
    write("b.csv", "id,at,text\n" + rows(300, 310));
    worker.until(460);
    write("b.csv", "id,at,text\n" + rows(500, 510));
    worker.until(470);
    write("b.csv", "id,at,text\n" + rows(600, 620));
    worker.until(490);
    assertThat(worker.column("id").subList(450, 490))
        .containsExactlyElementsOf(concat(ids(300, 310), concat(ids(500, 510), ids(600, 620))));
    assertThat(worker.dead()).isEmpty();
  }

  @Test
  void aFileThatWasOnlyTouchedIsNotReadAgain() throws Exception {
    Path file = write("a.csv", "id,at,text\n" + rows(0, 10));
    Files.write(folder.resolve("b.csv.gz"), gzip("id,at,text\n" + rows(10, 20)));
    Worker worker = csv().with("once", "false").until(20);
    worker.stop();
    Files.setLastModifiedTime(file, FileTime.fromMillis(1_000));
    Files.setLastModifiedTime(folder.resolve("b.csv.gz"), FileTime.fromMillis(1_000));
    Worker again = worker.with("once", "true").drain();
    assertThat(again.column("id")).containsExactlyElementsOf(ids(0, 20));
  }

  private static List<String> concat(List<String> a, List<String> b) {
    List<String> all = new ArrayList<>(a);
    all.addAll(b);
    return all;
  }

  @Test
  void aFileThatIsDeletedWhileItIsReadIsReadToItsEnd() throws Exception {
    write("a.csv", "id,at,text\n" + rows(0, 50_000));
    write("b.csv", "id,at,text\n" + rows(50_000, 50_010));
    Worker worker = csv().with("batch.max.records", "100").until(100);
    Files.delete(folder.resolve("a.csv"));
    assertThat(worker.drain().column("id")).containsExactlyElementsOf(ids(0, 50_010));
  }

  @Test
  void aPackedFileThatIsTruncatedGivesWhatIsWholeAndIsReadOnWhenItIsThere() throws Exception {
    byte[] whole = gzip("id,at,text\n" + rows(0, 20_000));
    Files.write(folder.resolve("a.csv.gz"), java.util.Arrays.copyOf(whole, whole.length / 2));
    write("b.csv", "id,at,text\n" + rows(20_000, 20_010));
    Worker worker = csv().with("once", "false");
    while (worker.dead().isEmpty() || !worker.column("id").contains("20009")) {
      worker.poll();
    }
    assertThat(worker.dead())
        .singleElement()
        .satisfies(
            d ->
                assertThat(d)
                    .startsWith("a.csv.gz:")
                    .contains("what follows in the file is not read"));
    assertThat(worker.rows()).hasSizeBetween(5_000, 19_000);
    Files.write(folder.resolve("a.csv.gz"), whole);
    worker.with("once", "true").task(0);
    assertThat(worker.drain().column("id").stream().map(Long::valueOf).sorted())
        .containsExactlyElementsOf(java.util.stream.LongStream.range(0, 20_010).boxed().toList());
  }

  @Test
  void aFolderThatIsNotThereIsWaitedForAndEmptyFilesAreFiles() throws Exception {
    Path later = folder.resolve("later/in");
    Worker worker = new Worker(later, "csv", SCHEMA);
    for (int i = 0; i < 5; i++) {
      assertThat(worker.poll()).isEmpty();
    }
    Files.createDirectories(later);
    for (int i = 0; i < 5; i++) {
      assertThat(worker.poll()).isEmpty();
    }
    Files.writeString(later.resolve("empty.csv"), "");
    Files.writeString(later.resolve("header.csv"), "id,at,text\n");
    Files.writeString(later.resolve(".hidden.csv"), "id,at,text\n" + row(1));
    Files.writeString(later.resolve("_SUCCESS"), "");
    assertThat(worker.drain().rows()).isEmpty();
    assertThat(worker.dead()).isEmpty();
  }

  @Test
  void tasksShareTheFilesAndEachSaysThatItIsDone() throws Exception {
    for (int i = 0; i < 20; i++) {
      write("f" + i + ".csv", "id,at,text\n" + rows(10 * i, 10 * i + 10));
    }
    Worker worker = csv().with("tasks.max", "3");
    for (int task = 0; task < 3; task++) {
      assertThat(worker.task(task).done()).isFalse();
      int before = worker.rows().size();
      for (int i = 0; i < 30; i++) {
        worker.poll();
      }
      assertThat(worker.rows().size()).isGreaterThan(before);
    }
    worker.stop();
    assertThat(worker.done()).isTrue();
    assertThat(worker.column("id")).containsExactlyInAnyOrderElementsOf(ids(0, 200));
  }

  @Test
  void aSourceThatIsDoneStaysDoneAndOneThatIsNotBoundedAnyMoreSaysSo() throws Exception {
    write("a.csv", "id,at,text\n" + rows(0, 10));
    Worker worker = csv().drain();
    write("b.csv", "id,at,text\n" + rows(10, 20));
    for (int i = 0; i < 5; i++) {
      assertThat(worker.poll()).isEmpty();
    }
    worker.stop();
    worker.with("once", "false").until(20);
    assertThat(worker.done()).isFalse();
    assertThat(worker.column("id")).containsExactlyElementsOf(ids(0, 20));
  }

  /** Two tasks; one has a file that may not be read, which is said and not waited for. */
  @Test
  void saysOnceInEachTaskThatAllThatWasThereAtFirstWasRead() throws Exception {
    Worker worker =
        csv().with("once", "false").with("snapshot.mark", "true").with("tasks.max", "2");
    worker.stores = c -> new Denying(c.store(), "f0.csv", new AtomicBoolean(true));
    for (int i = 0; i < 5; i++) {
      assertThat(worker.poll()).isEmpty();
    }
    for (int i = 0; i < 4; i++) {
      write("f" + i + ".csv", "id,at,text\n" + rows(10 * i, 10 * i + 10));
    }
    for (int task = 0; task < 2; task++) {
      worker.task(task);
      while (!said(worker, task)) {
        // Killed before it has said so: it is said again.
        worker.killed();
        worker.poll();
      }
      assertThat(worker.rows().size() + worker.dead().size()).isEqualTo(task == 0 ? 11 : 31);
    }
    assertThat(worker.done()).isFalse();
    assertThat(worker.offsets.get(Map.of("task", 1L))).containsEntry("partitions", 2L);
    write("f9.csv", "id,at,text\n" + rows(90, 100));
    for (int task = 0; task < 2; task++) {
      worker.task(task).until(task == 0 ? 31 : 41);
    }
    assertThat(worker.reports())
        .filteredOn(r -> r.contains("snapshotComplete"))
        .containsExactlyInAnyOrder(
            "{\"snapshotComplete\":true,\"task\":0}", "{\"snapshotComplete\":true,\"task\":1}");
  }

  private static boolean said(Worker worker, long task) {
    Map<String, Object> offset = worker.offsets.get(Map.of("task", task));
    return offset != null && Boolean.TRUE.equals(offset.get("snapshotComplete"));
  }

  @Test
  void readsInTheOrderOfNamesOrOfChanges() throws Exception {
    List<String> names = List.of("c.csv", "a.csv", "b.csv");
    for (int i = 0; i < 3; i++) {
      Files.setLastModifiedTime(
          write(names.get(i), "id,at,text\n" + rows(i, i + 1)), FileTime.fromMillis(1000L * i));
    }
    assertThat(csv().drain().column("id")).containsExactly("1", "2", "0");
    assertThat(csv().with("order", "modified").drain().column("id")).containsExactly("0", "1", "2");
  }

  @Test
  void whatMayNotBeReadIsSaidOnceAndReadWhenItMay() throws Exception {
    write("a.csv", "id,at,text\n" + rows(0, 10));
    write("b.csv", "id,at,text\n" + rows(10, 20));
    AtomicBoolean denied = new AtomicBoolean(true);
    Worker worker = csv().with("once", "false");
    worker.stores = c -> new Denying(c.store(), "a.csv", denied);
    worker.until(11);
    for (int i = 0; i < 10; i++) {
      worker.poll();
    }
    assertThat(worker.column("id")).containsExactlyElementsOf(ids(10, 20));
    assertThat(worker.dead())
        .containsExactly(
            "a.csv:1: the file is not read as long as it is so: a.csv: may not be read <>");
    denied.set(false);
    assertThat(worker.until(21).column("id")).containsExactlyInAnyOrderElementsOf(ids(0, 20));
  }

  @Test
  void aBoundedRunEndsWithoutWhatMayNotBeRead() throws Exception {
    write("a.csv", "id,at,text\n" + rows(0, 10));
    write("b.csv", "id,at,text\n" + rows(10, 20));
    Worker worker = csv();
    worker.stores = c -> new Denying(c.store(), "a.csv", new AtomicBoolean(true));
    assertThat(worker.drain().column("id")).containsExactlyElementsOf(ids(10, 20));
    assertThat(worker.dead()).hasSize(1);
  }

  /** A storage that may be read but for one file; tests run as a user whom nothing is forbidden. */
  private record Denying(FileStore store, String name, AtomicBoolean denied) implements FileStore {
    @Override
    public List<StoredFile> list() throws StorageException {
      return store.list();
    }

    @Override
    public InputStream open(StoredFile file, long position) throws StorageException {
      if (denied.get() && file.name().equals(name)) {
        throw new StorageException(Kind.DENIED, name + ": may not be read", null);
      }
      return store.open(file, position);
    }

    @Override
    public RandomAccess openRandom(StoredFile file) throws StorageException {
      return store.openRandom(file);
    }

    @Override
    public String describe() {
      return store.describe();
    }

    @Override
    public void close() {
      store.close();
    }
  }

  @Test
  void replaysRowsAtTheirOwnTimesAndStandsStillWithoutAHeapAfterwards() throws Exception {
    write("a.csv", "id,at,text\n" + rows(0, 60));
    AtomicLong now = new AtomicLong();
    Worker worker =
        csv().with("speed", "10").with("event.time.field", "at").with("batch.max.records", "1000");
    // So much passes each time somebody looks.
    worker.nanos = () -> now.addAndGet(20_000_000);
    Map<Integer, Long> seen = new HashMap<>();
    while (worker.rows().size() < 30) {
      worker.poll();
      seen.putIfAbsent(worker.rows().size() / 10 * 10, now.get() / 1_000_000);
    }
    // Ten rows a second, for a second a row at ten times the speed.
    assertThat(seen.get(30) - seen.get(10)).isBetween(1500L, 2500L);
    // Connect lets it stand still for an hour.
    now.addAndGet(3_600_000_000_000L);
    int before = worker.rows().size();
    worker.poll();
    assertThat(worker.rows().size() - before).isLessThan(5);
    // A restart with a row held back neither loses nor repeats it.
    worker.stop();
    long restarted = now.get();
    worker.drain();
    assertThat((now.get() - restarted) / 1_000_000).isBetween(1500L, 4500L);
    assertThat(worker.column("id")).containsExactlyElementsOf(ids(0, 60));
  }

  @Test
  void configurationsThatAreWrongNameTheKey() {
    wrong("format", "xml", "format", "csv, jsonl, parquet, avro");
    wrong("s3.bucket", "b", "path", "exactly one of path, s3.bucket");
    wrong("path", "", "path", "exactly one of path, s3.bucket");
    wrong("include", "[", "include");
    wrong("csv.delimiter", "ab", "csv.delimiter", "one character");
    wrong("csv.quote", ",", "csv.delimiter", "must differ");
    wrong("csv.header", "false", "csv.columns", "is needed");
    wrong("charset", "latin", "charset", "latin");
    wrong("speed", "2", "event.time.field", "is needed");
    wrong("event.time.field", "text", "speed", "2", "event.time.field", "timestamp");
    wrong("report.topic", "", "report.topic", "is needed for once");
    wrong("dead.letter.topic", "", "dead.letter.topic", "malformed");
    wrong("s3.secret.access.key", "x", "s3.access.key.id", "go together");
    wrong("key.fields", "nix", "key.fields", "no such field");
  }

  private void wrong(String key, String value, String... said) {
    Worker worker = csv().with(key, value);
    int from = 0;
    if (said.length > 2 && said[0].equals("speed")) {
      worker.with(said[0], said[1]);
      from = 2;
    }
    String[] expected = java.util.Arrays.copyOfRange(said, from, said.length);
    assertThatThrownBy(() -> new FilesConfig(worker.config))
        .isInstanceOf(ConfigException.class)
        .satisfies(e -> assertThat(e.getMessage()).contains(expected));
  }

  @Test
  void checksumsOfStretchesJoin() {
    byte[] bytes = new byte[10_000];
    new Random(1).nextBytes(bytes);
    for (int cut : new int[] {0, 1, 77, 4096, 9_999, 10_000}) {
      assertThat(
              Checksums.join(sum(bytes, 0, cut), sum(bytes, cut, bytes.length), bytes.length - cut))
          .isEqualTo(sum(bytes, 0, bytes.length));
    }
  }

  private static long sum(byte[] bytes, int from, int to) {
    java.util.zip.CRC32C sum = new java.util.zip.CRC32C();
    sum.update(bytes, from, to - from);
    return sum.getValue();
  }
}
