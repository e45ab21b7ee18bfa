package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.engine.DirectoryPlan;
import dev.millrace.engine.Preview;
import dev.millrace.planner.Consent;
import dev.millrace.planner.Impact;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Has a cluster follow a directory, and waits until it does. */
final class ClusterApply {
  private static final long POLL_MS = 500;

  /** In which the status tells of what is started again; one that was back sooner is not missed. */
  private static final long TOLD_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final Cluster cluster;
  private final Pipelines pipelines;
  private final Optional<JsonNode> looked;
  private final PrintWriter out;

  /**
   * @param looked the plan that somebody agrees to, if it was made in this directory
   */
  ClusterApply(Cluster cluster, Pipelines pipelines, Optional<JsonNode> looked, PrintWriter out) {
    this.cluster = cluster;
    this.pipelines = pipelines;
    this.looked = looked;
    this.out = out;
  }

  void apply(String hash, Consent consent, Duration patience) throws Refusal, InterruptedException {
    DirectoryPlan plan = cluster.plan(pipelines);
    if (!plan.hash().equals(hash)) {
      List<String> lines = new ArrayList<>(List.of(Edits.stale(hash, plan)));
      lines.addAll(ApplyCommand.since(hash, looked, plan.json()));
      throw new Refusal(Main.FAILED, lines);
    }
    Edits.agreed(plan, consent);
    Map<String, String> agreed = new HashMap<>();
    for (Preview preview : plan.previews()) {
      if (!preview.changes().consents().isEmpty() || !preview.changes().conflicts().isEmpty()) {
        agreed.put(preview.pipeline(), preview.changes().hash());
      }
    }
    out.println(
        plan.differing().isEmpty()
            ? "nothing differs"
            : "applying " + plan.differing().size() + " changes");
    out.flush();
    cluster.apply(pipelines, agreed);
    await(
        patience,
        plan.previews().stream()
            .anyMatch(p -> p.changes().impact().compareTo(Impact.RESTART) >= 0));
    out.println("applied: all of it is ready");
    out.flush();
  }

  /**
   * Ready may still be about what was: then a plan says that something differs, or, when it has
   * just been done and what came of it is not written down yet, a later look at the status: what is
   * started again is not ready in between.
   */
  private void await(Duration patience, boolean restarts) throws Refusal, InterruptedException {
    List<String> names = Cluster.names(pipelines);
    Map<String, String> said = new HashMap<>();
    long deadline = System.nanoTime() + patience.toNanos();
    long told = System.nanoTime() + TOLD_NANOS;
    boolean seen = !restarts;
    boolean done = false;
    while (true) {
      List<JsonNode> now = cluster.get(names);
      ObjectNode status = ClusterStatus.document(cluster.namespace(), now);
      ApplyCommand.progress(status, said, out);
      boolean ready = now.stream().allMatch(ClusterStatus::ready);
      seen |= !ready;
      if (ready && done && (seen || System.nanoTime() > told)) {
        return;
      }
      done = ready && cluster.plan(pipelines).differing().isEmpty();
      if (System.nanoTime() > deadline) {
        List<String> lines = new ArrayList<>();
        lines.add("millrace: it was applied and is not ready yet:");
        for (JsonNode pipeline : status.path("pipelines")) {
          for (JsonNode component : pipeline.path("components")) {
            if (!component.path("state").asText().matches("ready|ended")) {
              lines.add(
                  "  "
                      + pipeline.path("name").asText()
                      + "/"
                      + component.path("name").asText()
                      + " "
                      + component.path("state").asText()
                      + ": "
                      + component.path("message").asText());
            }
          }
        }
        throw new Refusal(Main.FAILED, lines);
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MS);
    }
  }
}
