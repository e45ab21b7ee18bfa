package dev.millrace.local.testing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.millrace.local.manifest.Fields;
import dev.millrace.local.manifest.ManifestException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.avro.Schema;

/**
 * Reads {@code tests/*.yaml} of a pipeline directory strictly: what is unknown, missing or of
 * another kind is a problem with its place.
 */
final class TestReader {
  static final String FOLDER = "tests";
  private static final String API = "millrace.dev/v1alpha1";
  private static final YAMLMapper YAML =
      new YAMLMapper(
          YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build());

  private final List<String> problems = new ArrayList<>();
  private final Map<String, StreamDeclaration> streams = new LinkedHashMap<>();
  private final List<PipelineTest> tests = new ArrayList<>();
  private final Map<String, String> places = new HashMap<>();

  private TestReader() {}

  /**
   * The tests of a directory, in the order of their files.
   *
   * @throws ManifestException with every problem found in them
   */
  static TestSuite read(Path directory) throws ManifestException {
    Path folder = directory.resolve(FOLDER);
    if (!Files.isDirectory(folder)) {
      throw new ManifestException(
          directory + ": holds no tests. They are read from " + folder + "/*.yaml");
    }
    TestReader reader = new TestReader();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file :
          files.filter(f -> f.getFileName().toString().matches(".*\\.ya?ml")).sorted().toList()) {
        reader.file(directory.relativize(file).toString(), file);
      }
    } catch (IOException e) {
      throw new ManifestException(folder + " can not be read: " + e.getMessage());
    }
    if (!reader.problems.isEmpty()) {
      throw new ManifestException(reader.problems);
    }
    if (reader.tests.isEmpty()) {
      throw new ManifestException(folder + ": holds no document of kind PipelineTest");
    }
    return new TestSuite(List.copyOf(reader.streams.values()), List.copyOf(reader.tests));
  }

  private void file(String name, Path file) throws IOException {
    List<JsonNode> documents;
    try (MappingIterator<JsonNode> read =
        YAML.readerFor(JsonNode.class).readValues(Files.readString(file))) {
      documents = read.readAll();
    } catch (JsonProcessingException e) {
      problems.add(
          name
              + ": "
              + (e.getLocation() == null ? "" : "line " + e.getLocation().getLineNr() + ": ")
              + "not YAML: "
              + e.getOriginalMessage().lines().findFirst().orElse(""));
      return;
    }
    for (int i = 0; i < documents.size(); i++) {
      JsonNode document = documents.get(i);
      if (document.isNull() || document.isMissingNode()) {
        continue;
      }
      String at = documents.size() == 1 ? name : name + " (document " + (i + 1) + ")";
      Fields fields = new Fields(at, "", document, problems);
      if (!document.isObject()) {
        continue;
      }
      String api = fields.required("apiVersion");
      if (!api.isEmpty() && !api.equals(API)) {
        fields.problem("apiVersion", "expected '" + API + "', found '" + api + "'");
      }
      String kind = fields.required("kind");
      switch (kind) {
        case "PipelineTest" -> test(name, fields);
        case "TestStreams" -> declarations(name, fields);
        case "" -> {}
        default ->
            fields.problem("kind", "expected PipelineTest or TestStreams, found '" + kind + "'");
      }
    }
  }

  // ---- streams

  private void declarations(String file, Fields fields) {
    Optional<Fields> all = fields.mapping("streams");
    if (all.isEmpty()) {
      fields.problem("streams", "is missing");
    }
    for (String name : all.map(Fields::names).orElse(List.of())) {
      Optional<Fields> stream = all.get().mapping(name);
      if (stream.isEmpty()) {
        all.get().problem(all.get().at(name), "is empty");
        continue;
      }
      declaration(file, name, stream.get());
    }
    fields.noMore();
  }

  private void declaration(String file, String name, Fields fields) {
    List<Schema.Field> columns = new ArrayList<>();
    Optional<Fields> declared = fields.mapping("columns");
    for (String column : declared.map(Fields::names).orElse(List.of())) {
      Fields types = declared.get();
      if (!column.matches("[A-Za-z_][A-Za-z0-9_]*")) {
        types.problem(types.at(column), "is no name of a column: letters, digits and _");
        continue;
      }
      ColumnType.parse(types.text(column).orElse(""), why -> types.problem(types.at(column), why))
          .ifPresent(type -> columns.add(new Schema.Field(column, type)));
    }
    List<String> key = fields.texts("key");
    for (String k : key) {
      if (declared.isEmpty()) {
        fields.problem(fields.at("columns"), "is missing: the key is made of them");
      } else if (columns.stream().noneMatch(c -> c.name().equals(k))) {
        fields.problem(fields.at("key"), "'" + k + "' is not among its columns");
      }
    }
    List<JsonNode> rows = rows(fields, "rows");
    fields.noMore();
    StreamDeclaration before =
        streams.put(
            name,
            new StreamDeclaration(
                file + ": streams." + name,
                name,
                declared.map(
                    d -> Schema.createRecord(name, null, "dev.millrace.tests", false, columns)),
                key,
                rows));
    if (before != null) {
      fields.problem("streams." + name, "is declared already at " + before.where());
    }
  }

  // ---- tests

  private void test(String file, Fields document) {
    String name = document.required("name");
    Fields fields = document.named(file + (name.isEmpty() ? "" : ": test '" + name + "'"));
    String before = name.isEmpty() ? null : places.put(name, file);
    if (before != null) {
      fields.problem("name", "is taken by another test in " + before);
    }
    fields.text("apiVersion");
    fields.text("kind");
    fields.text("name");
    fields.text("description");
    Optional<String> pipeline = fields.text("pipeline");
    Map<String, ObjectNode> defaults = new LinkedHashMap<>();
    Optional<Fields> byStream = fields.mapping("defaults");
    for (String stream : byStream.map(Fields::names).orElse(List.of())) {
      if (byStream.get().value(stream) instanceof ObjectNode columns) {
        defaults.put(stream, columns);
      } else {
        byStream
            .get()
            .problem(
                byStream.get().at(stream),
                "expected a mapping of columns, found "
                    + Fields.describe(byStream.get().value(stream)));
      }
    }
    List<PipelineTest.Step> steps = new ArrayList<>();
    if (fields.has("steps")) {
      for (String other : List.of("given", "deleted", "until", "then")) {
        if (fields.has(other)) {
          fields.problem(other, "stands beside steps: put it into one of them");
        }
      }
      List<Fields> all = fields.mappings("steps");
      for (int i = 0; i < all.size(); i++) {
        steps.add(step("steps[" + i + "]", all.get(i)));
        all.get(i).noMore();
      }
    } else {
      steps.add(step("", fields));
    }
    fields.noMore();
    if (steps.stream().allMatch(s -> s.then().isEmpty())) {
      fields.problem("then", "is missing: a test that expects nothing finds nothing");
    }
    tests.add(new PipelineTest(file, name, pipeline, defaults, List.copyOf(steps)));
  }

  private PipelineTest.Step step(String path, Fields fields) {
    Map<String, List<JsonNode>> given = rowsByStream(fields, "given");
    Map<String, List<JsonNode>> deleted = rowsByStream(fields, "deleted");
    Optional<Instant> until = Optional.empty();
    Optional<String> time = fields.text("until");
    if (time.isPresent()) {
      try {
        until = Optional.of(OffsetDateTime.parse(time.get()).toInstant());
      } catch (DateTimeException e) {
        fields.problem(
            fields.at("until"),
            "expected a time such as 2026-03-01T10:05:00Z, found '" + time.get() + "'");
      }
    }
    Map<String, PipelineTest.Expectation> then = new LinkedHashMap<>();
    Optional<Fields> expected = fields.mapping("then");
    for (String stream : expected.map(Fields::names).orElse(List.of())) {
      then.put(stream, expectation(expected.get(), stream));
    }
    return new PipelineTest.Step(path, given, deleted, until, then);
  }

  private PipelineTest.Expectation expectation(Fields then, String stream) {
    JsonNode node = then.value(stream);
    if (node.isArray()) {
      return new PipelineTest.Expectation(
          true, Optional.of(rows(then, stream)), Optional.empty(), List.of(), List.of());
    }
    Fields fields = then.mapping(stream).orElse(null);
    if (fields == null) {
      then.problem(
          then.at(stream), "expected a list of rows, or a mapping with exactly or contains");
      return new PipelineTest.Expectation(
          false, Optional.empty(), Optional.empty(), List.of(), List.of());
    }
    boolean exactly = fields.has("exactly");
    boolean contains = fields.has("contains");
    if (exactly && contains) {
      fields.problem(fields.at("contains"), "stands beside exactly: give one of them");
    }
    PipelineTest.Expectation expectation =
        new PipelineTest.Expectation(
            exactly,
            exactly || contains
                ? Optional.of(rows(fields, exactly ? "exactly" : "contains"))
                : Optional.empty(),
            count(fields),
            rows(fields, "late"),
            fields.texts("dead"));
    fields.noMore();
    return expectation;
  }

  private static Optional<Integer> count(Fields fields) {
    JsonNode count = fields.value("count");
    if (count.isMissingNode() || count.isNull()) {
      return Optional.empty();
    }
    if (!count.canConvertToInt() || !count.isIntegralNumber()) {
      fields.problem(
          fields.at("count"), "expected a whole number, found " + Fields.describe(count));
    }
    return Optional.of(count.intValue());
  }

  private static Map<String, List<JsonNode>> rowsByStream(Fields fields, String field) {
    Map<String, List<JsonNode>> rows = new LinkedHashMap<>();
    Optional<Fields> streams = fields.mapping(field);
    for (String stream : streams.map(Fields::names).orElse(List.of())) {
      rows.put(stream, rows(streams.get(), stream));
    }
    return rows;
  }

  /** A list of mappings; what is none has been said, and is left out. */
  private static List<JsonNode> rows(Fields fields, String field) {
    List<JsonNode> rows = new ArrayList<>();
    JsonNode list = fields.value(field);
    if (list.isMissingNode() || list.isNull()) {
      return rows;
    }
    if (!list.isArray()) {
      fields.problem(fields.at(field), "expected a list of rows, found " + Fields.describe(list));
      return rows;
    }
    for (int i = 0; i < list.size(); i++) {
      if (list.get(i).isObject()) {
        rows.add(list.get(i));
      } else {
        fields.problem(
            fields.at(field) + "[" + i + "]",
            "expected a row, that is a mapping of columns, found " + Fields.describe(list.get(i)));
      }
    }
    return rows;
  }
}
