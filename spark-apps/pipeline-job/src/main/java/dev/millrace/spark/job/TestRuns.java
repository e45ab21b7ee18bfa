package dev.millrace.spark.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs tests one by one, or several as one where that is the same. */
final class TestRuns {
  private static final Logger log = LoggerFactory.getLogger(TestRuns.class);

  /** A batch of the job is larger: what arrives at once is read at once. */
  private static final int MOST_RECORDS = 20_000;

  private final SparkSession spark;
  private final String folder;

  /**
   * @param folder for checkpoints, as a URI
   */
  TestRuns(SparkSession spark, String folder) {
    this.spark = spark;
    this.folder = folder;
  }

  /**
   * Tests that may be run as one: those of one plan in which everything happens at once. Nothing in
   * such a test depends on how far the others' event times have come: its rows come before progress
   * is known, and then there is the end.
   */
  static List<List<TestCase>> groups(List<TestCase> tests) {
    Map<Object, List<TestCase>> open = new LinkedHashMap<>();
    List<List<TestCase>> groups = new ArrayList<>();
    for (TestCase test : tests) {
      if (!test.atOnce()) {
        groups.add(List.of(test));
        continue;
      }
      List<TestCase> group = open.computeIfAbsent(test.document(), d -> new ArrayList<>());
      int records = test.steps().get(0).get(0).records().size();
      for (TestCase other : group) {
        records += other.steps().get(0).get(0).records().size();
      }
      if (records > MOST_RECORDS && !group.isEmpty()) {
        groups.add(List.copyOf(group));
        group.clear();
      }
      group.add(test);
    }
    open.values().stream().filter(g -> !g.isEmpty()).forEach(groups::add);
    return groups;
  }

  /** An answer for each test of a group. */
  List<ObjectNode> run(List<TestCase> group) {
    if (group.size() > 1) {
      try {
        return together(group);
      } catch (VirtualRun.Failed | IOException | RuntimeException e) {
        // Which test it was, and what becomes of the others, is seen one by one.
        log.info("tests are run one by one: {}", e.getMessage());
      }
    }
    return group.stream().map(this::alone).toList();
  }

  /** One test. */
  ObjectNode alone(TestCase test) {
    long started = System.nanoTime();
    try (VirtualRun run =
        new VirtualRun(test.plan(), test.schemas(), spark, folder, TransformQuery.AS_IS)) {
      ObjectNode answer = test.answer(0);
      for (List<VirtualRun.Arrival> step : test.steps()) {
        for (VirtualRun.Arrival arrival : step) {
          run.take(arrival);
        }
        ObjectNode seen = answer.withArray("steps").addObject();
        for (String topic : test.topics()) {
          for (ConsumerRecord<byte[], byte[]> record : run.records(topic)) {
            TestCase.add(seen, record, record.key(), record.value());
          }
        }
      }
      return answer.put("millis", millis(started));
    } catch (VirtualRun.Failed e) {
      return test.answer(millis(started))
          .put("transform", e.transform())
          .put("error", e.getMessage());
    } catch (RuntimeException | LinkageError e) {
      log.error("{}", test.id(), e);
      return test.answer(millis(started)).put("error", TransformRunner.cause(e));
    }
  }

  /** All at once; the time is divided among them. */
  List<ObjectNode> together(List<TestCase> tests) throws VirtualRun.Failed, IOException {
    long started = System.nanoTime();
    TestCase one = tests.get(0);
    List<ObjectNode> seen = new ArrayList<>();
    List<ObjectNode> answers = new ArrayList<>();
    for (TestCase test : tests) {
      answers.add(test.answer(0));
      seen.add(answers.get(answers.size() - 1).withArray("steps").addObject());
    }
    try (VirtualRun run =
        new VirtualRun(
            TestGroup.plan(one.plan()),
            TestGroup.schemas(one.schemas()),
            spark,
            folder,
            TestColumn::rows)) {
      run.take(TestGroup.arrival(tests));
      for (String topic : one.topics()) {
        for (ConsumerRecord<byte[], byte[]> record : run.records(topic)) {
          TestGroup.Taken value = TestGroup.Taken.from(record.value());
          byte[] key = record.key() == null ? null : TestGroup.Taken.from(record.key()).bytes();
          TestCase.add(seen.get(value.test()), record, key, value.bytes());
        }
      }
    }
    long share = millis(started) / tests.size();
    answers.forEach(answer -> answer.put("millis", share));
    return answers;
  }

  private static long millis(long startedNanos) {
    return (System.nanoTime() - startedNanos) / 1_000_000;
  }
}
