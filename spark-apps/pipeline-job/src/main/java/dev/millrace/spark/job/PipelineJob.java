package dev.millrace.spark.job;

import dev.millrace.spark.lookup.OverlapJoins;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.runtime.BoxedUnit;

/**
 * The Spark application of a pipeline: one streaming query for each of its transforms. Its only
 * argument is the path of a {@link PlanDocument}. It prints {@code millrace-status-port=NNNNN} once
 * its status server answers, and runs until SIGTERM, upon which it stops its queries and exits with
 * 0 within 10 s. Exit code 2: the plan can not be read. On a cluster the launcher sets {@code
 * MILLRACE_STATUS_LISTEN} (host:port of the status server) and {@code MILLRACE_CHECKPOINT_DIR},
 * which stand for what the plan says.
 */
public final class PipelineJob implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PipelineJob.class);

  /** In an object store a file is there once it is closed: no renaming, which is a copy there. */
  private static final String STORE_FILES =
      "org.apache.spark.internal.io.cloud.AbortableStreamBasedCheckpointFileManager";

  /** Faster than Hadoop's own manager of checkpoint files by 160 ms a batch on a local disk. */
  private static final String CHECKPOINT_FILES =
      "dev.millrace.spark.checkpoint.NioCheckpointFileManager";

  private static final long STOP_MS = 8_000;

  /** Spark's own hook, which takes the cluster away from under the queries, has 50. */
  private static final int BEFORE_SPARK = 100;

  private final PlanDocument plan;
  private volatile List<TransformRunner> runners = List.of();
  private volatile List<Thread> threads = List.of();

  private PipelineJob(PlanDocument plan) {
    this.plan = plan;
  }

  public static void main(String[] args) throws Exception {
    if (args.length != 1) {
      System.err.println("usage: PipelineJob PLAN.json");
      System.exit(2);
    }
    PlanDocument plan;
    try {
      plan = PlanDocument.read(Path.of(args[0]));
    } catch (IOException | IllegalArgumentException e) {
      System.err.println("plan " + args[0] + " can not be read: " + e.getMessage());
      System.exit(2);
      return;
    }
    PipelineJob job = serving(plan);
    SparkSession spark = session(job.plan).getOrCreate();
    job.start(
        spark,
        new KafkaBackends(job.plan),
        new KafkaMarks(job.plan.kafka(), job.plan.marksTopic()));
    LOG.info("pipeline {}: {} transforms", plan.pipeline(), plan.transforms().size());
    new CountDownLatch(1).await();
  }

  /** A job of which nothing is started yet, that says so to whoever asks, and stops by SIGTERM. */
  static PipelineJob serving(PlanDocument read) throws IOException {
    PlanDocument plan = read;
    String checkpoints = System.getenv("MILLRACE_CHECKPOINT_DIR");
    if (checkpoints != null && !checkpoints.isEmpty()) {
      plan = plan.withCheckpointDir(checkpoints);
    }
    // As everybody but Hadoop calls it.
    plan = plan.withCheckpointDir(plan.checkpointDir().replaceFirst("^s3:", "s3a:"));
    PipelineJob job = new PipelineJob(plan);
    StatusServer server = new StatusServer(listen(plan), job::status);
    System.out.println("millrace-status-port=" + server.port());
    System.out.flush();
    ShutdownHookManager.get()
        .addShutdownHook(
            () -> {
              job.close();
              // What else has hooks here only tidies up; waiting for it would cost the seconds that
              // are left.
              Runtime.getRuntime().halt(0);
            },
            BEFORE_SPARK);
    return job;
  }

  PlanDocument plan() {
    return plan;
  }

  /** Runs a transform in this thread, until it is stopped. */
  void run(TransformRunner runner) {
    runners = List.of(runner);
    runner.run();
  }

  /** Where the status is served: on loopback, unless a cluster's launcher says where. */
  private static InetSocketAddress listen(PlanDocument plan) {
    String listen = System.getenv("MILLRACE_STATUS_LISTEN");
    if (listen == null || listen.isEmpty()) {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), plan.statusPort());
    }
    int colon = listen.lastIndexOf(':');
    return new InetSocketAddress(
        listen.substring(0, colon), Integer.parseInt(listen.substring(colon + 1)));
  }

  /** Spark as every pipeline needs it; who submitted the application may say where it runs. */
  static SparkSession.Builder session(PlanDocument plan) {
    String master = System.getProperty("spark.master", plan.settings().master());
    SparkSession.Builder builder =
        SparkSession.builder()
            .appName("millrace-" + plan.pipeline())
            .master(master)
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            // Queries share the cores by turns, or a long batch of one would hold up all others.
            .config("spark.scheduler.mode", "FAIR")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.shuffle.partitions", plan.settings().shufflePartitions())
            .config("spark.sql.adaptive.enabled", "false")
            .config(
                "spark.sql.streaming.stateStore.providerClass",
                "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider")
            .config("spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled", "true")
            .config("spark.sql.streaming.stateStore.rocksdb.trackTotalNumberOfRows", "false")
            .config("spark.sql.streaming.noDataMicroBatches.enabled", "true")
            // How long an idle query sleeps before it looks for new offsets: Spark's 10 ms would
            // keep a core busy.
            .config("spark.sql.streaming.pollingDelay", "50ms")
            .config("spark.sql.streaming.stopTimeout", STOP_MS + "ms")
            .config("spark.sql.streaming.numRecentProgressUpdates", "2")
            .withExtensions(
                extensions -> {
                  extensions.injectPlannerStrategy(any -> new OverlapJoins());
                  return BoxedUnit.UNIT;
                });
    if (master.startsWith("local")) {
      builder
          .config("spark.driver.bindAddress", "127.0.0.1")
          .config("spark.driver.host", "127.0.0.1");
    }
    if (plan.checkpointDir().startsWith("s3a:")) {
      builder
          .config("spark.sql.streaming.checkpointFileManagerClass", STORE_FILES)
          // Checkpoints are many small files.
          .config("spark.hadoop.fs.s3a.fast.upload.buffer", "bytebuffer")
          .config("spark.hadoop.fs.s3a.multipart.size", "8M");
    }
    try {
      Class.forName(CHECKPOINT_FILES);
      if (plan.checkpointDir().startsWith("file:")) {
        builder.config("spark.sql.streaming.checkpointFileManagerClass", CHECKPOINT_FILES);
      }
    } catch (ClassNotFoundException e) {
      LOG.info("{} is not here: checkpoints go through Hadoop's file system", CHECKPOINT_FILES);
    }
    return builder;
  }

  /** A job whose transforms are started, for what has a Spark already. */
  static PipelineJob started(
      PlanDocument plan,
      SparkSession spark,
      Backends backends,
      Marks marks,
      TransformRunner.Backoff backoff) {
    PipelineJob job = new PipelineJob(plan);
    job.start(spark, backends, marks, backoff);
    return job;
  }

  private void start(SparkSession spark, Backends backends, Marks marks) {
    start(spark, backends, marks, TransformRunner.Backoff.CONTRACT);
  }

  private void start(
      SparkSession spark, Backends backends, Marks marks, TransformRunner.Backoff backoff) {
    List<TransformRunner> all = new ArrayList<>();
    for (PlanDocument.Transform t : plan.transforms()) {
      all.add(new TransformRunner(plan, t, spark, backends, marks, backoff));
    }
    List<Thread> running = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      Thread thread = new Thread(all.get(i), "transform-" + plan.transforms().get(i).name());
      thread.setDaemon(true);
      running.add(thread);
    }
    runners = List.copyOf(all);
    threads = List.copyOf(running);
    running.forEach(Thread::start);
  }

  JobStatus status() {
    List<TransformRunner> all = runners;
    if (all.isEmpty()) {
      return new JobStatus(
          "running",
          plan.transforms().stream()
              .map(
                  t -> new QueryNumbers(List.of()).status(t.name(), "waiting", "Spark is starting"))
              .toList());
    }
    return JobStatus.of(all.stream().map(TransformRunner::status).toList());
  }

  /** Stops all queries, side by side; one that was about to start is waited for. */
  @Override
  public void close() {
    List<Thread> stopping = new ArrayList<>();
    for (TransformRunner runner : runners) {
      Thread t = new Thread(runner::stop, "stop");
      t.setDaemon(true);
      t.start();
      stopping.add(t);
    }
    stopping.addAll(threads);
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STOP_MS);
    for (Thread t : stopping) {
      try {
        t.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
