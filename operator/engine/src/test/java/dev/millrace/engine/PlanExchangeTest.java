package dev.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.Problem;
import dev.millrace.planner.Change;
import dev.millrace.planner.Changes;
import dev.millrace.planner.FieldChange;
import dev.millrace.planner.Impact;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class PlanExchangeTest {
  private static final DirectoryPlan PLAN =
      DirectoryPlan.of(
          List.of(
              new Preview(
                  "tv",
                  List.of(),
                  Map.of("shows", "the schema of shows is not known yet"),
                  new Changes(
                      List.of(
                          new Change(
                              "SparkJob/tv#minutes",
                              "minutes",
                              Change.Action.UPDATE,
                              Impact.STATE_LOSS,
                              "",
                              List.of(
                                  new FieldChange(
                                      "sql",
                                      Optional.of("SELECT 1\nFROM a"),
                                      Optional.of("SELECT 2\nFROM a"),
                                      Impact.RESTART,
                                      ""),
                                  new FieldChange(
                                      "state",
                                      Optional.empty(),
                                      Optional.of("b"),
                                      Impact.STATE_LOSS,
                                      "reprocessed")),
                              false),
                          new Change(
                              "Topic/tv.old",
                              "old",
                              Change.Action.LEAVE,
                              Impact.NONE,
                              "retain",
                              List.of(),
                              true)),
                      3,
                      Map.of("Connector", "no answer"),
                      "0123456789abcdef")),
              new Preview(
                  "shop",
                  List.of(Problem.unknown("spec.state", "'runing'", "runing", List.of("running"))),
                  Map.of(),
                  Changes.NONE)));

  @Test
  void aPlanIsTheSameOnTheOtherSide() throws IOException {
    DirectoryPlan read = PlanExchange.plan(PlanExchange.planned(PLAN));
    assertThat(read).isEqualTo(PLAN);
    assertThat(read.problems()).isEqualTo(PLAN.problems()).hasSize(1);
    assertThat(PlanExchange.asked(PlanExchange.ask(Map.of("sql", Map.of("a.sql", "SELECT ü")))))
        .isEqualTo(Map.of("sql", Map.of("a.sql", "SELECT ü")));
  }

  @Test
  void whatIsNoPlanIsSaid() {
    assertThatThrownBy(() -> PlanExchange.plan(PlanExchange.failed("no Platform 'default'")))
        .isInstanceOf(IOException.class)
        .hasMessage("no Platform 'default'");
    assertThatThrownBy(() -> PlanExchange.plan("{}")).hasMessageContaining("not base64");
    assertThatThrownBy(() -> PlanExchange.plan("YWJj")).isInstanceOf(IOException.class);
    assertThatThrownBy(
            () -> DirectoryPlan.parse(new ObjectMapper().readTree("{\"pipelines\":[{}]}")))
        .hasMessage("not a plan: 'name' is missing");
  }

  @Test
  void neitherSideTakesMoreThanFits() throws IOException {
    byte[] noise = new byte[300_000];
    new Random(1).nextBytes(noise);
    String text = Base64.getEncoder().encodeToString(noise);
    assertThatThrownBy(() -> PlanExchange.ask(Map.of("big", Map.of("a", text))))
        .hasMessageContaining("may have 256 KiB");
    ByteArrayOutputStream bomb = new ByteArrayOutputStream();
    try (GZIPOutputStream zip = new GZIPOutputStream(bomb)) {
      zip.write(new byte[17 << 20]);
    }
    assertThatThrownBy(
            () -> PlanExchange.asked(Base64.getEncoder().encodeToString(bomb.toByteArray())))
        .hasMessageContaining("more than 16 MiB");
  }
}
