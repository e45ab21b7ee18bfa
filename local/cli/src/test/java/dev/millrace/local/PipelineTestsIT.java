package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.w3c.dom.Element;

/** {@code millrace test} as a user runs it: what passes, what fails and how it is said. */
class PipelineTestsIT {
  private static final int PATIENCE = 400;

  @TempDir Path temporary;

  private Installation.Result test(Path directory, String... more)
      throws IOException, InterruptedException {
    String[] args = new String[more.length + 2];
    args[0] = "test";
    args[1] = directory.toString();
    System.arraycopy(more, 0, args, 2, more.length);
    return new Installation(temporary).run(PATIENCE, args);
  }

  private Path demo() throws IOException {
    return new Installation(temporary).copy("demo-tv", temporary);
  }

  /** Only these tests, beside the tables. */
  private Path demoWith(String tests) throws IOException {
    Path demo = demo();
    for (String file :
        List.of("viewings.yaml", "shows.yaml", "audience.yaml", "ads.yaml", "quality.yaml")) {
      Files.delete(demo.resolve("tests").resolve(file));
    }
    Files.writeString(demo.resolve("tests/tests.yaml"), tests);
    return demo;
  }

  private static void edit(Path file, String right, String wrong) throws IOException {
    String text = Files.readString(file);
    assertThat(text).contains(right);
    Files.writeString(file, text.replace(right, wrong));
  }

  @Test
  void demoTvPassesAndSaysSoInXml() throws Exception {
    Path demo = demo();
    Path xml = temporary.resolve("reports/tv.xml");
    Installation.Result result = test(demo, "--junit", xml.toString());
    assertThat(result.output()).contains("✓ Ada moves (").contains("23 tests passed in ");
    assertThat(result.output()).doesNotContain("✗").doesNotContain("ERROR");
    assertThat(result.exitCode()).isZero();
    assertThat(demo.resolve(".millrace")).doesNotExist();
    Element suite =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(xml.toFile())
            .getDocumentElement();
    assertThat(suite.getAttribute("name")).isEqualTo("demo-tv");
    assertThat(suite.getAttribute("tests")).isEqualTo("23");
    assertThat(suite.getAttribute("failures")).isEqualTo("0");
    assertThat(suite.getElementsByTagName("testcase").getLength()).isEqualTo(23);
  }

  @Test
  void eachSortOfFailureIsSaid() throws Exception {
    String given =
        """
        apiVersion: millrace.dev/v1alpha1
        kind: PipelineTest
        name: %s
        given:
          events:
            - { device_id: ada-tv, type: start, channel_id: ch01, at: 2026-03-01T10:00:05Z }
            - { device_id: ada-tv, type: stop, at: 2026-03-01T10:00:30Z }
        """;
    Path demo =
        demoWith(
            given.formatted("differs")
                + """
                then:
                  show_views:
                    - { device_id: ada-tv, started_at: 2026-03-01T10:00:05Z, schedule_id: 100, seconds: 26, region: north }
                ---
                """
                + given.formatted("is missing, and another is there")
                + """
                then:
                  viewings:
                    - { device_id: ben-tablet, channel_id: ch01, ended_by: stop }
                  viewing_minutes: { count: 2 }
                ---
                """
                + given.formatted("unexpectedly late")
                + """
                    - { device_id: ada-tv, type: stop, at: 2026-03-01T10:00:10Z }
                then:
                  viewings: { count: 1 }
                ---
                """
                + given.formatted("passes")
                + """
                then:
                  viewings: { count: 1 }
                """);
    Installation.Result result = test(demo);
    assertThat(result.output().lines().map(l -> l.replaceAll(" \\([0-9.]+ s\\)$", "")))
        .startsWith(
            "✗ differs",
            "    tests/tests.yaml",
            "    show_views: 1 row differs",
            "      row { device_id: ada-tv, started_at: 2026-03-01T10:00:05Z, schedule_id: 100 }",
            "        seconds: expected 26.0, found 25.0",
            "✗ is missing, and another is there",
            "    tests/tests.yaml",
            "    viewings: 1 row is missing",
            "      - { device_id: ben-tablet, channel_id: ch01, ended_by: stop }",
            "          nearest: device_id is ada-tv in row { device_id: ada-tv, started_at: 2026-03-01T10:00:05Z }",
            "    viewings: 1 row was not expected",
            "      + { device_id: ada-tv, channel_id: ch01, started_at: 2026-03-01T10:00:05Z, ended_at: 2026-03-01T10:00:30Z, opened_at: 2026-03-01T10:00:05Z, ended_by: stop }",
            "    viewing_minutes: expected 2 rows, found 1",
            "✗ unexpectedly late",
            "    tests/tests.yaml",
            "    viewings (late): 1 row was not expected",
            "      + { device_id: ada-tv, type: stop, channel_id: null, at: 2026-03-01T10:00:10Z }",
            "✓ passes");
    assertThat(result.output()).contains("3 of 4 tests failed in ");
    assertThat(result.exitCode()).isEqualTo(1);
  }

  @Test
  void mistakesInTestsAreSaidAllAtOnceWithTheirPlaces() throws Exception {
    Path demo =
        demoWith(
            """
            apiVersion: millrace.dev/v1alpha1
            kind: PipelineTest
            name: wrong
            given:
              evnts: []
              viewings: []
              users:
                - { user_id: 7, name: Zoe, age: old, gender: female, region: null, plan: basic }
              events:
                - { device_id: d, type: start, chanel_id: ch01, at: 2026-03-01T10:00:05Z }
                - { device_id: d, type: stop }
            then:
              show_vews: []
              viewing_minutes:
                - { minutes: 2026-03-01T10:00:00Z, seconds: ten }
            """);
    Installation.Result result = test(demo);
    String test = "tests/tests.yaml: test 'wrong': ";
    assertThat(result.output().lines())
        .containsExactlyInAnyOrder(
            test
                + "given.evnts: no such stream here; there are users, devices, channels, schedule, ads, ad_slots, events, shows, telemetry, weather (did you mean 'events'?)",
            test + "given.viewings: is made by a transform; give events",
            test + "given.users[0].age: expected a whole number of 32 bits, found 'old'",
            test + "given.users[0].region: is null, and the column is not nullable",
            test
                + "given.events[0].chanel_id: no such column; there are device_id, type, channel_id, at (did you mean 'channel_id'?)",
            test + "given.events[1].at: is missing, and the column is not nullable",
            test
                + "then.show_vews: no such stream here; there are viewings, show_views, viewing_minutes, ad_slices, ad_views, quality (did you mean 'show_views'?)",
            test
                + "then.viewing_minutes[0].minutes: no such column; there are minute, channel_id, region, age_group, seconds, views (did you mean 'minute'?)",
            test + "then.viewing_minutes[0].seconds: expected a number, found 'ten'");
    assertThat(result.exitCode()).isEqualTo(1);
    Files.delete(demo.resolve("tests/tables.yaml"));
    assertThat(test(demo).output())
        .contains("show_views: the schema of schedule is not known yet")
        .contains("Declare its columns under streams in a file of kind TestStreams in tests/");
  }

  static Stream<Arguments> mutants() {
    String views = "sql/show_views.sql";
    return Stream.of(
        Arguments.of(
            views,
            "u.age < 30 ",
            "u.age <= 30 ",
            "age groups",
            "nearest: age_group is 18-29 in row { device_id: d30,"),
        Arguments.of(
            views,
            "         WHEN u.age < 45 THEN '30-44'\n",
            "",
            "age groups",
            "nearest: age_group is 45-59 in row { device_id: d30,"),
        Arguments.of(
            views,
            "s.ends_at > v.started_at",
            "s.ends_at >= v.started_at",
            "ends or begins",
            "show_views: 1 row was not expected"),
        Arguments.of(
            views,
            "LEFT JOIN users",
            "JOIN users",
            "nothing is known",
            "show_views: 2 rows are missing"),
        Arguments.of(
            "sql/viewing_minutes.sql",
            "sum(seconds)",
            "max(seconds)",
            "sum over devices",
            "seconds: expected 70.0, found 40.0"),
        Arguments.of(
            "sql/ad_slices.sql",
            "l.ends_at > v.started_at",
            "l.ends_at >= v.started_at",
            "no ad",
            "ad_slices: 1 row was not expected"),
        Arguments.of(
            "sql/ad_views.sql",
            "sum(micros) / 1e6",
            "max(micros) / 1e6",
            "away and back",
            "nearest: seconds is 16.0 in row { slot_at: 2026-03-01T10:11:10Z, device_id: ada-tv,"),
        Arguments.of(
            "sql/ad_views.sql",
            "sum(micros) = max(slot_micros) AS complete",
            "max(micros) = max(slot_micros) AS complete",
            "over the full minute",
            "nearest: complete is false in row { slot_at: 2026-03-01T10:10:50Z, device_id: ada-tv,"),
        Arguments.of(
            "sql/ad_views.sql",
            "max_by(region, from_at)",
            "min_by(region, from_at)",
            "moves while",
            "nearest: region is north in row { slot_at: 2026-03-01T10:10:50Z, device_id: ada-tv,"),
        Arguments.of(
            "sql/quality.sql",
            "t.buffering_ms > 0",
            "t.buffering_ms >= 0",
            "add up",
            "stalled: expected 1, found 3"),
        Arguments.of(
            "sql/quality.sql",
            "sum(t.bitrate_kbps)",
            "max(t.bitrate_kbps)",
            "cut off",
            "nearest: bitrate_kbps is 8000"),
        Arguments.of(
            views,
            "lower(w.conditions)",
            "w.conditions",
            "start, switch, stop",
            "weather: expected rain, found Rain"),
        Arguments.of(
            "pipeline.yaml", "slice: 1m", "slice: 2m", "cut at", "viewings: 2 rows are missing"),
        Arguments.of(
            "pipeline.yaml",
            "field: at, outOfOrder: 10s",
            "field: at, outOfOrder: 11s",
            "is late",
            "viewings (late): 1 row is missing"),
        Arguments.of(
            "pipeline.yaml",
            "timeout: 30m",
            "timeout: 20m",
            "silence",
            "viewings: expected 31 rows, found 21"));
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource("mutants")
  void aPipelineThatIsWrongFails(
      String file, String right, String wrong, String filter, String said) throws Exception {
    Path demo = demo();
    edit(demo.resolve(file), right, wrong);
    Installation.Result result = test(demo, "--filter", filter);
    assertThat(result.output()).contains(said);
    assertThat(result.exitCode()).isEqualTo(1);
  }

  @Test
  void theCommandLineItself() throws Exception {
    Installation millrace = new Installation(temporary);
    assertThat(millrace.run(PATIENCE, "test").exitCode()).isEqualTo(2);
    Installation.Result help = millrace.run(PATIENCE, "test", "--help");
    assertThat(help.exitCode()).isZero();
    assertThat(help.output()).contains("Examples:").contains("--junit").contains("--filter");
    Path demo = demo();
    Installation.Result none = test(demo, "--filter", "no such");
    assertThat(none.exitCode()).isEqualTo(2);
    assertThat(none.output())
        .contains(
            "--filter 'no such': no test is named so; there are one ad to its end, the next one not, ");
    edit(demo.resolve("sql/show_views.sql"), "SELECT v.device_id", "SELECT v.devise_id");
    Installation.Result wrong = test(demo);
    assertThat(wrong.exitCode()).isEqualTo(1);
    assertThat(wrong.output()).contains("unknown column v.devise_id").doesNotContain("\tat ");
    Installation.Result nothing = test(millrace.home().resolve("demo-tv/database"));
    assertThat(nothing.exitCode()).isEqualTo(1);
    assertThat(nothing.output()).contains("no kustomization.yaml in it");
  }
}
