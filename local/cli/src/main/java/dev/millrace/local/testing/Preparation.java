package dev.millrace.local.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.local.testing.TestPlan.TestStream;
import dev.millrace.model.Problem;
import dev.millrace.registry.WireFormat;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;

/**
 * From a test as it was read to a request, and to rows that can be compared: every name and value
 * is checked against the pipeline's streams.
 *
 * <p>Rows arrive in the order in which they stand, each as if the one before it had been worked
 * off. It takes a batch of its own only where that makes a difference: before a row that is late.
 */
final class Preparation {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final PipelineTest test;
  private final TestPlan plan;
  private final List<String> problems;
  private final Map<String, Instant> newest = new HashMap<>();

  private Preparation(PipelineTest test, TestPlan plan, List<String> problems) {
    this.test = test;
    this.plan = plan;
    this.problems = problems;
  }

  /** Prepares a test; what does not fit is added to the problems, and the test is of no use. */
  static Prepared of(
      PipelineTest test, TestPlan plan, List<StreamDeclaration> declared, List<String> problems) {
    return new Preparation(test, plan, problems).run(declared);
  }

  private Prepared run(List<StreamDeclaration> declared) {
    for (String stream : test.defaults().keySet()) {
      stream("defaults", stream, plan.streams().keySet());
    }
    ObjectNode body = JSON.createObjectNode();
    body.set("plan", plan.document());
    ObjectNode schemas = body.putObject("schemas");
    plan.schemas()
        .forEach((id, schema) -> schemas.set(Integer.toString(id), json(schema.toString())));
    for (TestStream stream : plan.streams().values()) {
      if (stream.made()) {
        for (String topic : List.of(stream.topic(), stream.lateTopic(), stream.deadTopic())) {
          body.withArray("topics").add(topic);
        }
      }
    }
    List<Prepared.Step> steps = new ArrayList<>();
    for (int i = 0; i < test.steps().size(); i++) {
      PipelineTest.Step step = test.steps().get(i);
      List<ArrayNode> arrivals = new ArrayList<>(List.of(JSON.createArrayNode()));
      if (i == 0) {
        declared.forEach(d -> initial(d, arrivals.get(0)));
      }
      given(step, arrivals);
      ObjectNode out = body.withArray("steps").addObject();
      for (int a = 0; a < arrivals.size(); a++) {
        ObjectNode arrival = out.withArray("arrivals").addObject();
        arrival.set("records", arrivals.get(a));
        if (a == arrivals.size() - 1) {
          step.until().ifPresent(until -> arrival.put("progress", until(step, until)));
          arrival.put("end", i == test.steps().size() - 1 && step.until().isEmpty());
        }
      }
      Map<String, Prepared.Expected> then = new LinkedHashMap<>();
      step.then()
          .forEach((stream, e) -> expected(step, stream, e).ifPresent(x -> then.put(stream, x)));
      steps.add(new Prepared.Step(step.path(), then));
    }
    ObjectNode request = JSON.createObjectNode();
    request.set("test", body);
    return new Prepared(test, plan, request, List.copyOf(steps));
  }

  // ---- what is given

  private void initial(StreamDeclaration declaration, ArrayNode into) {
    TestStream stream = plan.streams().get(declaration.name());
    if (stream == null) {
      return;
    }
    for (int i = 0; i < declaration.rows().size(); i++) {
      String at = declaration.where() + ".rows[" + i + "]";
      whole(at, declaration.rows().get(i), null, stream).ifPresent(r -> put(into, stream, r));
    }
  }

  private void given(PipelineTest.Step step, List<ArrayNode> arrivals) {
    step.deleted()
        .forEach(
            (name, keys) -> {
              Optional<TestStream> stream = source(step.at("deleted"), name);
              if (stream.isPresent() && !stream.get().table()) {
                problem(step.at("deleted"), "'" + name + "' is no table: its rows are final");
              } else if (stream.isPresent()) {
                deleted(step.at("deleted") + "." + name, keys, stream.get(), arrivals.get(0));
              }
            });
    step.given()
        .forEach(
            (name, rows) ->
                source(step.at("given"), name)
                    .ifPresent(s -> rows(step.at("given") + "." + name, rows, s, arrivals)));
  }

  private void rows(String at, List<JsonNode> rows, TestStream stream, List<ArrayNode> arrivals) {
    int arrival = 0;
    // The newest time of all that came before this arrival: what its batch judges by.
    Instant known = newest.get(stream.name());
    for (int i = 0; i < rows.size(); i++) {
      Optional<GenericRecord> row =
          whole(
              test.where() + ": " + at + "[" + i + "]",
              rows.get(i),
              test.defaults().get(stream.name()),
              stream);
      if (row.isEmpty()) {
        continue;
      }
      if (stream.time().isPresent() && row.get().get(stream.time().get()) instanceof Instant time) {
        if (late(time, newest.get(stream.name()), stream) && !late(time, known, stream)) {
          arrival++;
          known = newest.get(stream.name());
        }
        newest.merge(stream.name(), time, (a, b) -> a.isAfter(b) ? a : b);
      }
      while (arrivals.size() <= arrival) {
        arrivals.add(JSON.createArrayNode());
      }
      put(arrivals.get(arrival), stream, row.get());
    }
  }

  private static boolean late(Instant time, Instant newest, TestStream stream) {
    return newest != null && time.isBefore(newest.minus(stream.outOfOrder()));
  }

  private void deleted(String at, List<JsonNode> keys, TestStream stream, ArrayNode into) {
    for (int i = 0; i < keys.size(); i++) {
      String where = test.where() + ": " + at + "[" + i + "]";
      Optional<Map<String, Object>> columns =
          columns(where, keys.get(i), null, stream.key().orElseThrow());
      if (columns.isPresent()) {
        Optional<GenericRecord> key = record(where, columns.get(), stream.key().orElseThrow());
        key.ifPresent(
            k -> {
              ObjectNode out = into.addObject();
              out.put("topic", stream.topic());
              out.put("key", framed(stream.keySchemaId(), k));
            });
      }
    }
  }

  private long until(PipelineTest.Step step, Instant until) {
    newest.forEach(
        (stream, time) -> {
          Instant progress = time.minus(plan.streams().get(stream).outOfOrder());
          if (progress.isAfter(until)) {
            problem(
                step.at("until"),
                "'"
                    + until
                    + "' is over already: the rows of "
                    + stream
                    + " go up to "
                    + time
                    + ", and so progress to "
                    + progress);
          }
        });
    return java.time.temporal.ChronoUnit.MICROS.between(Instant.EPOCH, until);
  }

  private void put(ArrayNode into, TestStream stream, GenericRecord row) {
    ObjectNode out = into.addObject();
    out.put("topic", stream.topic());
    stream
        .key()
        .ifPresent(
            schema -> {
              GenericRecord key = new GenericData.Record(schema);
              schema.getFields().forEach(f -> key.put(f.name(), row.get(f.name())));
              out.put("key", framed(stream.keySchemaId(), key));
            });
    out.put("value", framed(stream.schemaId(), row));
  }

  private static byte[] framed(int id, GenericRecord record) {
    byte[] avro = Values.encode(record);
    return WireFormat.frame(id, avro, avro.length);
  }

  // ---- what is expected

  private Optional<Prepared.Expected> expected(
      PipelineTest.Step step, String name, PipelineTest.Expectation expectation) {
    String at = step.at("then");
    List<String> made =
        plan.streams().values().stream().filter(TestStream::made).map(TestStream::name).toList();
    if (!stream(at, name, made)) {
      return Optional.empty();
    }
    TestStream stream = plan.streams().get(name);
    String path = test.where() + ": " + at + "." + name;
    Optional<List<Map<String, Object>>> rows =
        expectation
            .rows()
            .map(all -> mentioned(path, all, test.defaults().get(name), stream.schema()));
    List<Map<String, Object>> late = new ArrayList<>();
    for (int i = 0; i < expectation.late().size(); i++) {
      JsonNode row = expectation.late().get(i);
      TestStream from = plan.streams().get(stream.reads().get(0));
      for (String read : stream.reads()) {
        Schema schema = plan.streams().get(read).schema();
        if (row.properties().stream().allMatch(c -> schema.getField(c.getKey()) != null)) {
          from = plan.streams().get(read);
        }
      }
      columns(path + ".late[" + i + "]", row, test.defaults().get(from.name()), from.schema())
          .ifPresent(late::add);
    }
    return Optional.of(
        new Prepared.Expected(
            expectation.exactly(), rows, expectation.count(), late, expectation.dead()));
  }

  private List<Map<String, Object>> mentioned(
      String at, List<JsonNode> rows, ObjectNode defaults, Schema schema) {
    List<Map<String, Object>> out = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      columns(at + "[" + i + "]", rows.get(i), defaults, schema).ifPresent(out::add);
    }
    return out;
  }

  // ---- names and values

  private Optional<TestStream> source(String at, String name) {
    TestStream stream = plan.streams().get(name);
    if (stream != null && stream.made()) {
      problem(at + "." + name, "is made by a transform; give " + String.join(", ", stream.reads()));
      return Optional.empty();
    }
    List<String> sources =
        plan.streams().values().stream().filter(s -> !s.made()).map(TestStream::name).toList();
    return stream(at, name, sources) ? Optional.of(stream) : Optional.empty();
  }

  private boolean stream(String at, String name, Iterable<String> known) {
    for (String k : known) {
      if (k.equals(name)) {
        return true;
      }
    }
    problems.add(
        Problem.unknown(
                test.where() + ": " + at + "." + name,
                "no such stream here; there are " + String.join(", ", known),
                name,
                known)
            .toString());
    return false;
  }

  private void problem(String at, String message) {
    problems.add(test.where() + ": " + at + ": " + message);
  }

  private Optional<GenericRecord> whole(
      String at, JsonNode row, ObjectNode defaults, TestStream stream) {
    return columns(at, row, defaults, stream.schema())
        .flatMap(columns -> record(at, columns, stream.schema()));
  }

  private Optional<GenericRecord> record(String at, Map<String, Object> columns, Schema schema) {
    GenericRecord record = new GenericData.Record(schema);
    boolean complete = true;
    for (Schema.Field field : schema.getFields()) {
      if (!columns.containsKey(field.name()) && !field.schema().isNullable()) {
        problems.add(at + "." + field.name() + ": is missing, and the column is not nullable");
        complete = false;
      }
      record.put(field.pos(), columns.get(field.name()));
    }
    return complete ? Optional.of(record) : Optional.empty();
  }

  /** The columns that a row or the defaults mention; empty if one is wrong. */
  private Optional<Map<String, Object>> columns(
      String at, JsonNode row, ObjectNode defaults, Schema schema) {
    ObjectNode all = JSON.createObjectNode();
    if (defaults != null) {
      all.setAll(defaults);
    }
    all.setAll((ObjectNode) row);
    Map<String, Object> columns = new LinkedHashMap<>();
    boolean right = true;
    List<String> known = schema.getFields().stream().map(Schema.Field::name).toList();
    for (Map.Entry<String, JsonNode> column : all.properties()) {
      String name = column.getKey();
      String path = at + "." + name;
      Schema.Field field = schema.getField(name);
      if (field == null) {
        problems.add(
            Problem.unknown(
                    path, "no such column; there are " + String.join(", ", known), name, known)
                .toString());
        right = false;
        continue;
      }
      try {
        columns.put(name, Values.read(field.schema(), column.getValue()));
      } catch (Values.Unfit e) {
        problems.add(path + ": " + e.getMessage());
        right = false;
      }
    }
    return right ? Optional.of(columns) : Optional.empty();
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
