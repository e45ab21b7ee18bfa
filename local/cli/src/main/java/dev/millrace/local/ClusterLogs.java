package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.dsl.LogWatch;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * What is said of Pipelines on a cluster, under the names that logs have on a laptop: {@code
 * millrace} is what the operator has said (Events), {@code connect} what is wrong with connectors
 * (status), {@code spark-NAME} the log of a Spark driver; a Pipeline's name is all three of it.
 */
final class ClusterLogs {
  private static final String OPERATOR = "millrace";
  private static final String CONNECT = "connect";
  private static final String SPARK = "spark-";

  private final Cluster cluster;
  private final PrintWriter out;
  private final int lines;
  private final boolean follow;

  /** Events that were shown, with how often they had been said by then. */
  private final Set<String> told = new HashSet<>();

  private final Map<String, String> components = new HashMap<>();

  private final Map<String, Followed> drivers = new HashMap<>();

  /** A driver whose log is followed; one that is started again is another pod. */
  private record Followed(String uid, Thread thread) {}

  /**
   * @param lines of each log to begin with
   * @param follow go on until the thread is interrupted
   */
  ClusterLogs(Cluster cluster, PrintWriter out, int lines, boolean follow) {
    this.cluster = cluster;
    this.out = out;
    this.lines = lines;
    this.follow = follow;
  }

  /** Shows a log. */
  void show(String name) throws Refusal, InterruptedException {
    List<String> pipelines =
        cluster.get(List.of()).stream().map(p -> p.at("/metadata/name").asText()).toList();
    boolean whole = pipelines.contains(name);
    boolean driver =
        name.startsWith(SPARK)
            && pipelines.contains(name.substring(SPARK.length()).replaceFirst("\\..*", ""));
    if (!whole && !driver && !name.equals(OPERATOR) && !name.equals(CONNECT)) {
      throw new Refusal(
          "no log of '"
              + name
              + "' in namespace "
              + cluster.namespace()
              + "; there are: "
              + String.join(", ", names(pipelines)));
    }
    Optional<String> only =
        whole
            ? Optional.of(name)
            : driver ? Optional.of(name.substring(SPARK.length())) : Optional.empty();
    do {
      if (whole || name.equals(OPERATOR)) {
        events(only, whole);
      }
      if (whole || name.equals(CONNECT)) {
        connectors(only, whole);
      }
      if (whole || driver) {
        driver(only.orElseThrow(), whole);
      }
      out.flush();
      if (follow) {
        TimeUnit.SECONDS.sleep(1);
      }
    } while (follow);
  }

  private static List<String> names(List<String> pipelines) {
    List<String> names = new ArrayList<>(List.of(OPERATOR, CONNECT));
    for (String pipeline : pipelines) {
      names.add(pipeline);
      names.add(SPARK + pipeline);
    }
    return names;
  }

  private synchronized void print(boolean named, String log, String line) {
    out.println(named ? log + " | " + line : line);
    out.flush();
  }

  // ---- what the operator says

  private void events(Optional<String> pipeline, boolean named) throws Refusal {
    List<Event> events =
        cluster.events(pipeline).stream()
            .sorted(Comparator.comparing(e -> String.valueOf(e.getLastTimestamp())))
            .toList();
    boolean first = told.isEmpty();
    for (Event event : first ? last(events) : events) {
      if (told.add(event.getMetadata().getUid() + " " + event.getCount())) {
        print(
            named,
            OPERATOR,
            event.getLastTimestamp()
                + " "
                + event.getType()
                + " "
                + event.getReason()
                + " "
                + event.getInvolvedObject().getName()
                + ": "
                + event.getMessage());
      }
    }
    events.forEach(e -> told.add(e.getMetadata().getUid() + " " + e.getCount()));
  }

  private <T> List<T> last(List<T> all) {
    return all.subList(Math.max(0, all.size() - lines), all.size());
  }

  // ---- what is wrong with connectors

  private void connectors(Optional<String> only, boolean named) throws Refusal {
    for (JsonNode pipeline : cluster.get(only.map(List::of).orElse(List.of()))) {
      for (JsonNode component : pipeline.at("/status/components")) {
        String kind = component.path("kind").asText();
        if (kind.equals("sql") || kind.equals("intervals") || kind.equals("app")) {
          continue; // It is a Spark driver's.
        }
        String id = pipeline.at("/metadata/name").asText() + "/" + component.path("name").asText();
        String says = component.path("message").asText();
        String line =
            id + " is " + component.path("state").asText() + (says.isEmpty() ? "" : ": " + says);
        if (!line.equals(components.put(id, line))) {
          print(named, CONNECT, line);
        }
      }
    }
  }

  // ---- the Spark driver

  private void driver(String pipeline, boolean named) throws Refusal {
    Followed before = drivers.get(pipeline);
    if (before != null && before.thread().isAlive()) {
      return;
    }
    Optional<Pod> driver = cluster.driver(pipeline);
    if (driver.isEmpty()) {
      if (before == null && !follow && !named) {
        throw new Refusal(
            "there is no Spark driver of '"
                + pipeline
                + "' in namespace "
                + cluster.namespace()
                + ": it has no transforms, is paused, or is being started; 'millrace status"
                + " --cluster "
                + pipeline
                + "' says which");
      }
      return;
    }
    if (!follow) {
      cluster.log(driver.get(), lines).lines().forEach(l -> print(named, SPARK + pipeline, l));
      return;
    }
    String uid = driver.get().getMetadata().getUid();
    boolean same = before != null && before.uid().equals(uid);
    if (same && !"Running".equals(driver.get().getStatus().getPhase())) {
      return;
    }
    // One that was started again after we began is shown from its beginning; one whose log was cut
    // off goes on.
    LogWatch watch =
        cluster.follow(driver.get(), before == null ? lines : same ? 0 : Integer.MAX_VALUE);
    Thread thread = new Thread(() -> copy(watch, pipeline, named), "log-" + pipeline);
    thread.setDaemon(true);
    thread.start();
    drivers.put(pipeline, new Followed(uid, thread));
  }

  private void copy(LogWatch watch, String pipeline, boolean named) {
    try (watch;
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(watch.getOutput(), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        print(named, SPARK + pipeline, line);
      }
    } catch (IOException e) {
      print(named, SPARK + pipeline, "(the log was cut off: " + e.getMessage() + ")");
    }
  }
}
