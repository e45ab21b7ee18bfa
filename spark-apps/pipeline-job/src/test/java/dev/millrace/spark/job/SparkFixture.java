package dev.millrace.spark.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.registry.StreamMarks;
import dev.millrace.spark.sql.AvroTypes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.streaming.MemoryStream;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.streaming.DataStreamWriter;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.collection.JavaConverters;

/** A Spark as the job makes it, and streams in memory with the columns of the job's own source. */
final class SparkFixture {
  static final ObjectMapper JSON = new ObjectMapper();
  private static SparkSession session;

  private SparkFixture() {}

  static synchronized SparkSession spark() {
    if (session == null) {
      PlanDocument plan =
          new PlanDocument(
              1,
              "test",
              Map.of(),
              null,
              "none",
              "tv.millrace-marks",
              0,
              new PlanDocument.Settings(2, null, "local[2]"),
              List.of(),
              List.of());
      session =
          PipelineJob.session(plan)
              // Tests look at what state holds.
              .config("spark.sql.streaming.stateStore.rocksdb.trackTotalNumberOfRows", "true")
              .getOrCreate();
      session.sparkContext().setLogLevel("ERROR");
    }
    return session;
  }

  static Timestamp at(String time) {
    return Timestamp.from(Instant.parse("2026-01-01T" + time + "Z"));
  }

  static JsonNode schema(String ddl) {
    try {
      return JSON.readTree(AvroTypes.avroSchema(StructType.fromDDL(ddl), "R", "t").toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A stream in memory. Every batch has its rows, all with one progress, and a tick. */
  static class Stream {
    final StructType schema;
    final MemoryStream<Row> memory;

    Stream(String ddl) {
      schema =
          StructType.fromDDL(ddl)
              .add(Progress.COLUMN, DataTypes.TimestampType, true)
              .add(Progress.TICK, DataTypes.BooleanType, false);
      memory =
          new MemoryStream<>(
              ids++, spark().sqlContext(), scala.Option.empty(), Encoders.row(schema));
    }

    private static int ids = 1000;

    void batch(Timestamp progress, Object[]... rows) {
      List<Row> out = new ArrayList<>();
      for (Object[] row : rows) {
        Object[] all = java.util.Arrays.copyOf(row, schema.size());
        all[schema.size() - 2] = progress;
        all[schema.size() - 1] = false;
        out.add(RowFactory.create(all));
      }
      Object[] tick = new Object[schema.size()];
      tick[schema.size() - 2] = progress;
      tick[schema.size() - 1] = true;
      out.add(RowFactory.create(tick));
      memory.addData(JavaConverters.asScalaBuffer(out).toSeq());
    }

    void end() {
      batch(Timestamp.from(Progress.END));
    }

    /**
     * In the session it is asked for: a streaming relation belongs to one, but its node to none.
     */
    Dataset<Row> rows(SparkSession session) {
      return Dataset.ofRows(session, memory.toDF().logicalPlan());
    }
  }

  /** Streams, tables and outputs in memory. */
  static final class MemoryBackends implements Backends {
    final Map<String, Stream> streams = new ConcurrentHashMap<>();
    final Map<String, List<Row>> tables = new ConcurrentHashMap<>();
    final Map<String, List<Row>> written = new ConcurrentHashMap<>();

    @Override
    public Dataset<Row> stream(
        SparkSession s,
        PlanDocument.Transform transform,
        PlanDocument.Stream stream,
        List<String> columns) {
      Dataset<Row> rows = streams.get(stream.name()).rows(s);
      if (columns == null) {
        return rows;
      }
      List<String> all = new ArrayList<>(columns);
      all.add(Progress.COLUMN);
      all.add(Progress.TICK);
      return rows.select(
          all.stream().map(functions::col).toArray(org.apache.spark.sql.Column[]::new));
    }

    @Override
    public Dataset<Row> table(
        SparkSession s,
        PlanDocument.Transform transform,
        PlanDocument.Stream stream,
        List<String> columns) {
      return s.createDataFrame(
          tables.getOrDefault(stream.name(), List.of()),
          AvroTypes.structType(
              new org.apache.avro.Schema.Parser().parse(stream.schema().toString())));
    }

    @Override
    public DataStreamWriter<Row> sink(
        DataStreamWriter<Row> writer, PlanDocument.Transform transform) {
      List<Row> out =
          java.util.Collections.synchronizedList(
              written.computeIfAbsent(transform.name(), k -> new ArrayList<>()));
      return writer.foreachBatch(
          (Dataset<Row> batch, Long id) -> out.addAll(batch.collectAsList()));
    }
  }

  /** Marks in memory; every topic has two partitions that end at as many as were asked for. */
  static final class MemoryMarks implements Marks {
    private final Map<String, StreamMarks> known = new ConcurrentHashMap<>();

    @Override
    public StreamMarks of(String stream) {
      return known.getOrDefault(stream, StreamMarks.none(stream));
    }

    @Override
    public void change(String stream, UnaryOperator<StreamMarks> change) {
      known.put(stream, change.apply(of(stream)));
    }

    @Override
    public Map<Integer, Long> ends(String topic) {
      return Map.of(0, 7L, 1, 8L);
    }

    @Override
    public void close() {}
  }
}
