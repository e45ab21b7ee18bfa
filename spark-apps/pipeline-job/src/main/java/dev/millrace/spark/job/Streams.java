package dev.millrace.spark.job;

import dev.millrace.spark.avro.RowEncoder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.avro.Schema;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.streaming.DataStreamWriter;
import org.apache.spark.sql.streaming.OutputMode;
import org.apache.spark.sql.streaming.Trigger;

/**
 * What a Spark application of one's own needs to be a transform: the streams that it reads, by
 * name, and the one that it writes. Where these are, the document says that the environment
 * variable {@code MILLRACE_PLAN} names; whoever runs the pipeline sets it.
 *
 * <pre>{@code
 * Streams streams = Streams.open();
 * Dataset<Row> views = streams.read("views");
 * streams.write(views.filter("seconds > 60"));
 * }</pre>
 *
 * <p>An application is one streaming query. A row is written once, whatever is killed, if the task
 * that makes it follows from the input: a {@code repartition} by what was looked up does not.
 */
public final class Streams {
  /** Environment variable with the path of the plan document. */
  static final String PLAN = "MILLRACE_PLAN";

  private final PipelineJob job;
  private final PlanDocument.Transform transform;
  private final SparkSession session;
  private final KafkaBackends backends;

  /** Each driving stream is one source, however often it is read: so much of it is one batch. */
  private final Map<String, Dataset<Row>> read = new TreeMap<>();

  private Streams(PipelineJob job, SparkSession session) {
    this.job = job;
    this.transform = job.plan().transforms().get(0);
    this.session = session;
    this.backends = new KafkaBackends(job.plan());
  }

  /**
   * Starts Spark as the pipeline has it.
   *
   * @throws IllegalStateException if it is not a pipeline that has started this process
   * @throws IOException if the plan can not be read
   */
  public static Streams open() throws IOException {
    String file = System.getenv(PLAN);
    if (file == null || file.isEmpty()) {
      throw new IllegalStateException(
          PLAN + " is not set: 'millrace run' or the operator starts an application with it");
    }
    PlanDocument plan = PlanDocument.read(Path.of(file));
    if (plan.transforms().size() != 1 || plan.transforms().get(0).app() == null) {
      throw new IllegalStateException(file + " is not the plan of an application");
    }
    PipelineJob job = PipelineJob.serving(plan);
    return new Streams(job, PipelineJob.session(job.plan()).getOrCreate());
  }

  /** The session that all rows are of. */
  public SparkSession spark() {
    return session;
  }

  /**
   * Rows of an append stream as they come. Its event time is one to Spark too, with progress for a
   * watermark; what is later than that was set aside.
   *
   * @throws IllegalArgumentException if the Pipeline does not say that it is read, or it is a table
   */
  public Dataset<Row> read(String stream) {
    PlanDocument.Stream from = named(stream);
    if (from.table()) {
      throw new IllegalArgumentException(
          "stream '" + stream + "' is a table: look it up, as table(\"" + stream + "\")");
    }
    return read.computeIfAbsent(stream, s -> rows(from));
  }

  private Dataset<Row> rows(PlanDocument.Stream from) {
    Dataset<Row> source =
        backends.stream(session, transform, from, null)
            .observe(
                TransformQuery.OBSERVED + from.name(),
                functions.max(functions.col(Progress.COLUMN)).as("progress"));
    return source.transform(s -> Progress.watermarked(s, lateness())).select(columns(source, from));
  }

  private Column[] columns(Dataset<Row> source, PlanDocument.Stream from) {
    List<Column> columns = new ArrayList<>();
    for (String name : source.columns()) {
      if (name.equals(Progress.COLUMN) || name.equals(Progress.TICK)) {
        continue;
      }
      boolean time = from.eventTime() != null && name.equals(from.eventTime().field());
      columns.add(
          time
              ? functions.col(name).as(name, Progress.evictedBy(lateness()))
              : functions.col(name));
    }
    return columns.toArray(Column[]::new);
  }

  private long lateness() {
    return transform.latenessMs() == null ? 0 : transform.latenessMs();
  }

  /**
   * The latest row of each key of a table, as it is at each micro-batch.
   *
   * @throws IllegalArgumentException if the Pipeline does not say that it is read, or is no table
   */
  public Dataset<Row> table(String stream) {
    PlanDocument.Stream from = named(stream);
    if (!from.table()) {
      throw new IllegalArgumentException(
          "stream '" + stream + "' is no table: its rows come, as read(\"" + stream + "\")");
    }
    return backends.table(session, transform, from, null);
  }

  private PlanDocument.Stream named(String stream) {
    if (transform.reads().stream().noneMatch(r -> r.stream().equals(stream))) {
      throw new IllegalArgumentException(
          "stream '"
              + stream
              + "' is not under app.from of transform "
              + transform.name()
              + "; there are: "
              + String.join(
                  ", ", transform.reads().stream().map(PlanDocument.Read::stream).toList()));
    }
    return job.plan().stream(stream);
  }

  /**
   * Writes the rows to the transform's stream, each once. Does not return: it runs until the
   * process is stopped, begins again by itself what failed for a while, and when all input has
   * ended says so to whoever reads the stream.
   *
   * @throws IllegalArgumentException if the rows do not fit the declared schema, or a stream under
   *     {@code app.from} was not read
   */
  public void write(Dataset<Row> rows) {
    check(rows);
    PlanDocument plan = job.plan();
    job.run(
        new TransformRunner(
            plan,
            transform,
            session,
            new KafkaMarks(plan.kafka(), plan.marksTopic()),
            TransformRunner.Backoff.CONTRACT,
            (spark, checkpoint) -> writer(rows, checkpoint)));
  }

  private void check(Dataset<Row> rows) {
    TreeSet<String> unread = new TreeSet<>();
    transform.drivers().forEach(r -> unread.add(r.stream()));
    unread.removeAll(read.keySet());
    if (!unread.isEmpty()) {
      throw new IllegalArgumentException(
          "app.from of transform "
              + transform.name()
              + " has "
              + String.join(", ", unread)
              + ", which the application does not read: its end would never come");
    }
    if (!rows.isStreaming()) {
      throw new IllegalArgumentException(
          "the rows for " + transform.name() + " are of no stream: begin with read(...)");
    }
    for (var schema : List.of(transform.output().schema(), transform.output().keySchema())) {
      new RowEncoder(rows.schema(), new Schema.Parser().parse(schema.toString()));
    }
  }

  private DataStreamWriter<Row> writer(Dataset<Row> rows, String checkpoint) {
    return backends.sink(
        rows.writeStream()
            .queryName(transform.name())
            .outputMode(transform.output().table() ? OutputMode.Update() : OutputMode.Append())
            .option("checkpointLocation", checkpoint)
            .trigger(Trigger.ProcessingTime(0)),
        transform);
  }
}
