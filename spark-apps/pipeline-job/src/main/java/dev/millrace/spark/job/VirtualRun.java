package dev.millrace.spark.job;

import dev.millrace.spark.avro.Decoders;
import dev.millrace.spark.kafka.MemoryKafka;
import dev.millrace.spark.options.RegistryAccess;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.avro.Schema;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.streaming.StreamingQueryProgress;

/**
 * A pipeline's transforms on a {@link MemoryKafka}, in virtual time: the same queries, sources,
 * tables and sinks as in the job, but a transform takes its turn when all before it have worked off
 * what there is, and nothing waits for a clock.
 */
final class VirtualRun implements AutoCloseable {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(120);

  /**
   * What happens next.
   *
   * @param records arrive together
   * @param progress the sources' event time is known to have come so far, in microseconds; null if
   *     it is only what the records say
   * @param end nothing follows
   */
  record Arrival(List<ProducerRecord<byte[], byte[]>> records, Long progress, boolean end) {}

  /** A transform failed. */
  static final class Failed extends Exception {
    private static final long serialVersionUID = 1;
    private final String transform;

    Failed(String transform, Throwable cause) {
      super(TransformRunner.cause(cause), cause);
      this.transform = transform;
    }

    String transform() {
      return transform;
    }
  }

  private final PlanDocument plan;
  private final TransformQuery.Sql sql;
  private final MemoryKafka kafka = new MemoryKafka();
  private final List<Stage> stages = new ArrayList<>();
  private final List<PlanDocument.Stream> sources;

  /**
   * @param given its transforms stand in an order in which each follows those it reads; where its
   *     Kafka, registry and checkpoints are does not matter
   * @param schemas by the ids that records and the plan's outputs bear
   * @param folder for checkpoints, as a URI
   * @param sql how SQL becomes rows
   */
  VirtualRun(
      PlanDocument given,
      Map<Integer, Schema> schemas,
      SparkSession spark,
      String folder,
      TransformQuery.Sql sql) {
    this.sql = sql;
    this.plan =
        new PlanDocument(
            given.version(),
            given.pipeline(),
            Map.of("bootstrap.servers", kafka.bootstrap()),
            RegistryAccess.open(kafka.bootstrap()),
            folder + "/" + kafka.bootstrap().replace(':', '-'),
            given.marksTopic(),
            0,
            given.settings(),
            given.streams(),
            given.transforms());
    Decoders.provide(kafka.bootstrap(), schemas);
    this.sources =
        plan.streams().stream()
            .filter(
                s ->
                    plan.transforms().stream().noneMatch(t -> t.output().topic().equals(s.topic())))
            .toList();
    for (PlanDocument.Transform transform : plan.transforms()) {
      stages.add(new Stage(transform, spark.newSession()));
    }
  }

  /**
   * Lets something happen, and returns when all transforms have worked it off.
   *
   * @throws Failed when one can not
   */
  void take(Arrival arrival) throws Failed {
    kafka.append(arrival.records());
    for (PlanDocument.Stream source : sources) {
      Map<Integer, Long> ends = Map.of(0, kafka.end(source.topic()));
      if (arrival.progress() != null && source.eventTime() != null) {
        kafka.mark(source.name(), m -> m.withProgress(arrival.progress(), ends));
      }
      if (arrival.end()) {
        kafka.mark(source.name(), m -> m.withEnd(ends));
      }
    }
    for (Stage stage : stages) {
      stage.settle(arrival.end());
    }
  }

  /** All records of a topic so far. */
  List<ConsumerRecord<byte[], byte[]>> records(String topic) {
    return kafka.records(topic);
  }

  @Override
  public void close() {
    stages.forEach(Stage::stop);
    kafka.close();
  }

  /** One transform. */
  private final class Stage {
    private final PlanDocument.Transform transform;
    private final SparkSession session;
    private final QueryNumbers numbers;
    private StreamingQuery query;
    private long taken = -1;
    private Instant published = Instant.EPOCH;

    Stage(PlanDocument.Transform transform, SparkSession session) {
      this.transform = transform;
      this.session = session;
      // Without rows, only intervals yield any, when time has passed; what else there is of state
      // is merely given up.
      session
          .conf()
          .set("spark.sql.streaming.noDataMicroBatches.enabled", transform.intervals() != null);
      this.numbers =
          new QueryNumbers(transform.drivers().stream().map(PlanDocument.Read::stream).toList());
    }

    void settle(boolean ending) throws Failed {
      try {
        if (query == null) {
          query = start();
        }
        if (ending) {
          awaitDone();
          stop();
          publishEnd();
        } else {
          query.processAllAvailable();
          takeNumbers();
          publish();
        }
      } catch (StreamingQueryException | AnalysisException | TimeoutException e) {
        throw new Failed(transform.name(), e);
      } catch (RuntimeException e) {
        // Such as a plan that Spark refuses, or what an undeclared exception of Scala's became.
        throw new Failed(transform.name(), e);
      }
    }

    private StreamingQuery start() throws AnalysisException, TimeoutException {
      return TransformQuery.build(
              session,
              plan,
              transform,
              new KafkaBackends(plan),
              plan.checkpointDir() + "/" + transform.name(),
              sql)
          .start();
    }

    private void awaitDone() throws StreamingQueryException, TimeoutException {
      long deadline = System.nanoTime() + PATIENCE_NANOS;
      while (true) {
        boolean over = query.awaitTermination(2);
        takeNumbers();
        if (numbers.done(transform)) {
          return;
        }
        if (over) {
          throw new IllegalStateException("the query stopped by itself");
        }
        if (System.nanoTime() > deadline) {
          throw new TimeoutException("its input has ended, but it has not within 120 s");
        }
      }
    }

    private void takeNumbers() {
      for (StreamingQueryProgress progress : query.recentProgress()) {
        if (progress.batchId() > taken) {
          taken = progress.batchId();
          numbers.take(progress);
        }
      }
    }

    private Map<Integer, Long> written() {
      return Map.of(0, kafka.end(transform.output().topic()));
    }

    private void publish() {
      Instant reached = numbers.reached(plan, transform);
      if (!transform.output().table()
          && reached.isAfter(published)
          && reached.isBefore(Progress.NEARLY_END)) {
        published = reached;
        long at = ChronoUnit.MICROS.between(Instant.EPOCH, reached);
        kafka.mark(transform.output().stream(), m -> m.withProgress(at, written()));
      }
    }

    private void publishEnd() {
      kafka.mark(transform.output().stream(), m -> m.withEnd(written()));
    }

    void stop() {
      if (query != null && query.isActive()) {
        try {
          query.stop();
        } catch (TimeoutException e) {
          throw new IllegalStateException(transform.name() + " does not stop", e);
        }
      }
    }
  }
}
