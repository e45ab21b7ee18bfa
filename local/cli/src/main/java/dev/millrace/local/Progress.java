package dev.millrace.local;

import dev.millrace.engine.PipelineStatus;
import dev.millrace.services.ServiceState;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Says what happens in a run, a line each: only what changed. */
final class Progress {
  private final PrintWriter out;
  private final Clock clock;
  private final Instant began;
  private final Map<String, String> said = new HashMap<>();

  Progress(PrintWriter out, Clock clock) {
    this.out = out;
    this.clock = clock;
    this.began = clock.instant();
  }

  /** Since the run began, in seconds. */
  String elapsed() {
    return seconds(Duration.between(began, clock.instant()));
  }

  private static String seconds(Duration duration) {
    return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
  }

  synchronized void line(String text) {
    out.println(text);
    out.flush();
  }

  /** A service that is ready, or died. */
  void service(ServiceState state) {
    String detail;
    switch (state.phase()) {
      case READY -> detail = state.endpoint().orElse("");
      case FAILED ->
          detail = state.message().replace("\n", "\n" + " ".repeat(28)) + " (is started again)";
      case ENDED -> detail = "";
      default -> {
        return;
      }
    }
    line(
        String.format(
            Locale.ROOT,
            "  %-16s %-8s %8s  %s",
            state.name(),
            state.phase(),
            seconds(state.elapsed()),
            detail));
  }

  /** What changed of a pipeline's components. */
  void pipeline(PipelineStatus status) {
    for (PipelineStatus.Component component : status.components()) {
      String key = status.name() + "/" + component.name();
      boolean quiet = component.state().equals("waiting") && !said.containsKey(key);
      String now =
          component.state()
              + (List.of("failed", "consent").contains(component.state())
                      || component.kind().equals("dashboard")
                  ? ": " + component.message()
                  : "");
      if (!quiet && !now.equals(said.put(key, now))) {
        line(String.format(Locale.ROOT, "  %-25s %8s  %s", key, elapsed(), now));
      }
    }
    for (PipelineStatus.Condition condition : status.conditions()) {
      String key = status.name() + "/drift";
      if (condition.type().equals("Drift")
          && condition.status().equals("True")
          && !condition.message().equals(said.put(key, condition.message()))) {
        line(
            String.format(
                Locale.ROOT, "  %-25s %8s  mending %s", key, elapsed(), condition.message()));
      }
    }
    for (var problem : status.problems()) {
      String text = "Pipeline " + status.name() + ": " + problem;
      if (!text.equals(said.put(text, text))) {
        line(text);
      }
    }
  }

  /** Says something once. */
  void once(String text) {
    if (said.put("once " + text, "") == null) {
      line(String.format(Locale.ROOT, "  %-25s %8s", text, elapsed()));
    }
  }
}
