package dev.millrace.local.connector;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Says how the connector and its tasks are, whenever that changes. */
final class ConnectorState {
  private static final int TRACE_LINES = 12;

  private final Lines lines;
  private String said = "";
  private final Map<String, String> failures = new TreeMap<>();
  private boolean running;

  ConnectorState(Lines lines) {
    this.lines = lines;
  }

  /** Takes what Connect says; nothing is known yet where there is no state. */
  void see(String name, JsonNode status) {
    String state = status.at("/connector/state").asText("");
    if (state.isEmpty()) {
      return;
    }
    Map<String, Integer> tasks = new TreeMap<>();
    Map<String, String> failed = new TreeMap<>();
    if (state.equals("FAILED")) {
      failed.put("connector", status.at("/connector/trace").asText());
    }
    for (JsonNode task : status.path("tasks")) {
      String of = task.path("state").asText();
      tasks.merge(of, 1, Integer::sum);
      if (of.equals("FAILED")) {
        failed.put("task " + task.path("id").asText(), task.path("trace").asText());
      }
    }
    List<String> parts = new ArrayList<>();
    tasks.forEach(
        (s, n) ->
            parts.add(n + (n == 1 ? " task " : " tasks ") + s.toLowerCase(java.util.Locale.ROOT)));
    String now =
        name
            + " "
            + state.toLowerCase(java.util.Locale.ROOT)
            + (parts.isEmpty() ? ", no task yet" : ", " + String.join(", ", parts));
    if (!now.equals(said)) {
      said = now;
      lines.say("connector", now);
    }
    failed.forEach(
        (who, trace) -> {
          if (!trace.equals(failures.put(who, trace))) {
            lines.say("failed", who + ": " + reason(trace));
          }
        });
    failures.keySet().retainAll(failed.keySet());
    running =
        failed.isEmpty() && !tasks.isEmpty() && tasks.keySet().equals(java.util.Set.of("RUNNING"));
  }

  /** Whether all that there is of it runs. */
  boolean running() {
    return running;
  }

  boolean failed() {
    return !failures.isEmpty();
  }

  /** The innermost cause, and where it came from: its first lines, without Connect's own. */
  static String reason(String trace) {
    List<String> all = trace.lines().toList();
    int cause = 0;
    for (int i = 0; i < all.size(); i++) {
      // Who looked for a class that is not there says more than who did not find it.
      if (all.get(i).startsWith("Caused by: ") && !all.get(i).contains("ClassNotFoundException")) {
        cause = i;
      }
    }
    List<String> shown = new ArrayList<>();
    for (String line : all.subList(cause, all.size())) {
      boolean connect = line.startsWith("\tat org.apache.kafka.connect.runtime.");
      if (shown.size() == TRACE_LINES || connect || line.startsWith("\t...")) {
        break;
      }
      shown.add(line.replaceFirst("^Caused by: ", ""));
    }
    String first = shown.isEmpty() ? "" : shown.get(0);
    if (first.contains("NoClassDefFoundError") || first.contains("ClassNotFoundException")) {
      shown.add(
          "(a class that is not in the plugin: copy its jar beside the connector's, or into its lib)");
    }
    return String.join("\n", shown);
  }
}
