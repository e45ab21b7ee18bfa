package dev.millrace.local.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.local.manifest.ManifestException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestReaderTest {
  @TempDir Path directory;

  private void write(String name, String text) throws IOException {
    Files.createDirectories(directory.resolve("tests"));
    Files.writeString(directory.resolve("tests").resolve(name), text);
  }

  private List<String> problems(String text) throws IOException {
    write("a.yaml", "apiVersion: millrace.dev/v1alpha1\n" + text);
    return catchThrowableOfType(ManifestException.class, () -> TestReader.read(directory))
        .problems();
  }

  @Test
  void readsTestsOfAllFilesAndDeclaredStreams() throws Exception {
    write(
        "tables.yml",
        """
        apiVersion: millrace.dev/v1alpha1
        kind: TestStreams
        streams:
          users:
            key: [id]
            columns: { id: int, region: string or null, 'note': 'string?', rate: 'decimal(8,2)', at: timestamp }
            rows: [ { id: 1 } ]
        """);
    write(
        "one.yaml",
        """
        apiVersion: millrace.dev/v1alpha1
        kind: PipelineTest
        name: first
        given: { events: [ { a: 1 }, { a: 2 } ] }
        then: { out: [ { b: 1 } ] }
        ---
        apiVersion: millrace.dev/v1alpha1
        kind: PipelineTest
        name: second
        defaults: { events: { a: 1 } }
        steps:
          - given: { events: [ {} ] }
            until: 2026-03-01T10:00:00.000001+01:00
            then: { out: { contains: [ { b: 1 } ], count: 3, late: [ { a: 2 } ], dead: [ reason ] } }
          - deleted: { users: [ { id: 1 } ] }
        """);
    TestSuite suite = TestReader.read(directory);
    StreamDeclaration users = suite.streams().get(0);
    assertThat(users.key()).containsExactly("id");
    assertThat(users.schema().orElseThrow().getField("region").schema().isNullable()).isTrue();
    assertThat(users.schema().orElseThrow().getField("note").schema().isNullable()).isTrue();
    assertThat(users.schema().orElseThrow().getField("id").schema().isNullable()).isFalse();
    assertThat(users.schema().orElseThrow().getField("rate").schema().getLogicalType().getName())
        .isEqualTo("decimal");
    assertThat(users.schema().orElseThrow().getField("at").schema().getType())
        .isEqualTo(Schema.Type.LONG);
    assertThat(suite.tests()).extracting(PipelineTest::name).containsExactly("first", "second");
    PipelineTest.Step one = suite.tests().get(0).steps().get(0);
    assertThat(one.given().get("events")).hasSize(2);
    assertThat(one.then().get("out").exactly()).isTrue();
    PipelineTest.Step two = suite.tests().get(1).steps().get(0);
    assertThat(two.until()).contains(Instant.parse("2026-03-01T09:00:00.000001Z"));
    PipelineTest.Expectation out = two.then().get("out");
    assertThat(out.exactly()).isFalse();
    assertThat(out.count()).contains(3);
    assertThat(out.late()).hasSize(1);
    assertThat(out.dead()).containsExactly("reason");
  }

  @Test
  void saysAllThatIsWrongAtOnceWithItsPlace() throws Exception {
    assertThat(
            problems(
                """
                kind: PipelineTest
                name: wrong
                givn: { events: [] }
                until: yesterday
                then:
                  out: { exactli: [], count: many }
                  more: 7
                  rows: [ 1 ]
                """))
        .containsExactlyInAnyOrder(
            "tests/a.yaml: test 'wrong': givn: unknown field (did you mean 'given'?)",
            "tests/a.yaml: test 'wrong': until: expected a time such as 2026-03-01T10:05:00Z, found 'yesterday'",
            "tests/a.yaml: test 'wrong': then.out.exactli: unknown field (did you mean 'exactly'?)",
            "tests/a.yaml: test 'wrong': then.out.count: expected a whole number, found 'many'",
            "tests/a.yaml: test 'wrong': then.more: expected a mapping, found '7'",
            "tests/a.yaml: test 'wrong': then.rows[0]: expected a row, that is a mapping of columns, found '1'");
  }

  @Test
  void refusesWhatCanNotBeMeant() throws Exception {
    assertThat(problems("kind: PipelineTest\nname: a\nsteps: []\ngiven: {}\n"))
        .contains(
            "tests/a.yaml: test 'a': given: stands beside steps: put it into one of them",
            "tests/a.yaml: test 'a': then: is missing: a test that expects nothing finds nothing");
    assertThat(problems("kind: PipelinTest\n").get(0))
        .isEqualTo("tests/a.yaml: kind: expected PipelineTest or TestStreams, found 'PipelinTest'");
    assertThat(problems("kind: [\n").get(0)).startsWith("tests/a.yaml: line ").contains("not YAML");
    assertThat(
            problems(
                "kind: TestStreams\nstreams: { u: { columns: { a: strin, b: int }, key: [c] } }\n"))
        .containsExactly(
            "tests/a.yaml: streams.u.columns.a: 'strin' is not a type (did you mean 'string'?): boolean, int, long, float, double, string, bytes, date, timestamp or decimal(precision,scale), with 'or null' behind it if it may be null",
            "tests/a.yaml: streams.u.key: 'c' is not among its columns");
    assertThat(problems("kind: TestStreams\nstreams: { u: { key: [c], rows: [ { c: 1 } ] } }\n"))
        .containsExactly("tests/a.yaml: streams.u.columns: is missing: the key is made of them");
    String test =
        "apiVersion: millrace.dev/v1alpha1\nkind: PipelineTest\nname: twice\nthen: { a: [] }\n";
    write("b.yaml", test);
    assertThat(problems(test.substring(test.indexOf("kind"))))
        .containsExactly(
            "tests/b.yaml: test 'twice': name: is taken by another test in tests/a.yaml");
  }

  @Test
  void aDirectoryWithoutTestsIsToldWhereTheyGo() {
    assertThatThrownBy(() -> TestReader.read(directory))
        .hasMessageContaining("holds no tests. They are read from")
        .hasMessageContaining("tests/*.yaml");
  }
}
