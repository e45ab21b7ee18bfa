package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.engine.KibanaClient.Id;
import dev.millrace.engine.StepResult.Failed;
import dev.millrace.engine.StepResult.Failure;
import dev.millrace.planner.Hashes;
import dev.millrace.planner.Resource.SavedObjects;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Kibana's saved objects. An import keeps references, so each object of ours refers to a tag, which
 * people see in Kibana too; the tag's description says which plan the objects follow, and which of
 * their versions we have left there. Objects without the tag were not made by us. An object that
 * somebody has edited or deleted is put back, but for data views: Kibana itself writes to them.
 */
final class Kibana {
  private static final Logger log = LoggerFactory.getLogger(Kibana.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The first whose imports take {@code typeMigrationVersion}. */
  private static final int[] OLDEST = {8, 8};

  /** What was right is not looked at again at every turn. */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(10);

  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);

  /** What was refused is offered again after a while: somebody may have mended it in Kibana. */
  private static final Duration OFFER_AGAIN = Duration.ofSeconds(30);

  private static final String MADE_BY = "Made by Millrace; edits are undone.";
  private static final Pattern MARK =
      Pattern.compile(Pattern.quote(MADE_BY) + " plan:(\\S+) seen:(\\S+)");

  private final KibanaClient client;
  private final KibanaImport imports;
  private final String space;
  private final Clock clock;

  /** By name of the resource: what came of the last look, and how long that holds. */
  private final Map<String, Look> looks = new HashMap<>();

  /** By owner: the entries besides which nothing is left of it in Kibana. */
  private final Map<String, Set<String>> swept = new HashMap<>();

  /** By owner: why that could not be done, so that it is said once. */
  private final Map<String, StepResult> sweeps = new HashMap<>();

  /** While Kibana is down: nothing is asked of it before then. */
  private Optional<Look> down = Optional.empty();

  private Duration pause = FIRST_PAUSE;

  private record Look(String hash, StepResult result, Instant until) {}

  Kibana(KibanaClient client, String space, Clock clock) {
    this.client = client;
    this.imports = new KibanaImport(client, space);
    this.space = space;
    this.clock = clock;
  }

  /** Where people find the dashboards. */
  String address() {
    return client.address(space) + "/app/dashboards";
  }

  /**
   * Has Kibana hold what is wanted of a pipeline, and nothing else of it.
   *
   * @param owner prefix and name of the pipeline
   * @param entries all of its dashboards' names, also of those that are not planned yet
   * @return by component
   */
  synchronized Map<String, StepResult> apply(
      String owner, List<SavedObjects> wanted, Set<String> entries) {
    Map<String, StepResult> results = new LinkedHashMap<>();
    for (SavedObjects one : wanted) {
      results.put(one.component(), guarded(one.name(), one.hash(), () -> apply(one)));
    }
    if (down.isEmpty() && !entries.equals(swept.get(owner))) {
      StepResult result =
          guarded("sweep of " + owner, entries.toString(), () -> sweep(owner, entries));
      if (result.equals(StepResult.READY)) {
        swept.put(owner, Set.copyOf(entries));
      } else if (!result.equals(sweeps.put(owner, result))) {
        log.warn(
            "{}: could not look in Kibana for what is no longer in the pipeline: {}",
            owner,
            result);
      }
    }
    return results;
  }

  /** Takes away all that a pipeline has made in Kibana. */
  synchronized StepResult remove(String owner) {
    StepResult result = guarded("removal of " + owner, "", () -> sweep(owner, Set.of()));
    swept.remove(owner);
    return result;
  }

  private interface Step {
    StepResult run() throws BackendException;
  }

  /** Asks no more often than is of use: of what is right, of what was refused, of what is down. */
  private StepResult guarded(String name, String hash, Step step) {
    Instant now = clock.instant();
    if (down.isPresent() && now.isBefore(down.get().until())) {
      return down.get().result();
    }
    Look last = looks.get(name);
    if (last != null && last.hash().equals(hash) && now.isBefore(last.until())) {
      return last.result();
    }
    StepResult result;
    try {
      result = step.run();
    } catch (BackendException e) {
      result = e.result();
    }
    if (result instanceof Failed failed && failed.kind() == Failure.TRANSIENT) {
      down = Optional.of(new Look("", result, now.plus(pause)));
      pause =
          pause.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0
              ? LONGEST_PAUSE
              : pause.multipliedBy(2);
      return result;
    }
    down = Optional.empty();
    pause = FIRST_PAUSE;
    Duration holds =
        result instanceof Failed
            ? OFFER_AGAIN
            : result instanceof StepResult.Waiting ? FIRST_PAUSE : LOOK_AGAIN;
    looks.put(name, new Look(hash, result, now.plus(holds)));
    return result;
  }

  // ---- one entry

  private static Id tag(String name) {
    return new Id("tag", name);
  }

  private static List<Id> ids(SavedObjects wanted) {
    return wanted.objects().stream().map(Id::of).toList();
  }

  private static boolean refersTo(JsonNode object, String tag) {
    for (JsonNode reference : object.path("references")) {
      if (Id.of(reference).equals(tag(tag))) {
        return true;
      }
    }
    return false;
  }

  /** What is there of an entry, the tag among it. */
  private Map<Id, JsonNode> observe(SavedObjects wanted) throws BackendException {
    List<Id> all = new ArrayList<>(ids(wanted));
    all.add(tag(wanted.name()));
    Map<Id, JsonNode> there = new LinkedHashMap<>();
    client.get(space, all).forEach(o -> there.put(Id.of(o), o));
    return there;
  }

  private StepResult apply(SavedObjects wanted) throws BackendException {
    Map<Id, JsonNode> there = observe(wanted);
    Optional<Id> foreign =
        there.entrySet().stream()
            .filter(
                e ->
                    e.getKey().equals(tag(wanted.name()))
                        ? mark(e.getValue()).isEmpty()
                        : !refersTo(e.getValue(), wanted.name()))
            .map(Map.Entry::getKey)
            .findFirst();
    if (foreign.isPresent()) {
      return StepResult.failed(
          Failure.CONFLICT,
          "Kibana has a "
              + foreign.get().type()
              + " '"
              + foreign.get().id()
              + "' in space "
              + space
              + " that was not made for this pipeline, or has lost its tag; delete it, or name the"
              + " dashboard differently");
    }
    Optional<Matcher> mark =
        Optional.ofNullable(there.get(tag(wanted.name()))).flatMap(Kibana::mark);
    if (mark.isPresent() && mark.get().group(1).equals(wanted.hash())) {
      if (there.size() > wanted.objects().size() && mark.get().group(2).equals(seen(there))) {
        return StepResult.READY;
      }
      log.info(
          "{}: saved objects were edited or deleted in Kibana, and are put back", wanted.name());
    }
    return put(wanted);
  }

  private StepResult put(SavedObjects wanted) throws BackendException {
    Optional<String> version = client.version();
    if (version.isPresent() && tooOld(version.get())) {
      return StepResult.failed(
          Failure.EXTERNAL,
          "Kibana " + version.get() + " is too old: dashboards need 8.8 or later");
    }
    client.ensureSpace(space);
    List<JsonNode> objects = new ArrayList<>();
    // Says that we are at it: were we killed now, the next turn would begin anew.
    objects.add(tagObject(wanted, "none", "none"));
    objects.addAll(wanted.objects());
    Optional<StepResult> refused = imports.offer(wanted, objects);
    if (refused.isPresent()) {
      return refused.get();
    }
    remove(wanted.name(), ids(wanted));
    Map<Id, JsonNode> there = observe(wanted);
    if (there.size() <= wanted.objects().size()) {
      return StepResult.waiting("Kibana does not show yet what was imported");
    }
    return imports
        .offer(wanted, List.of(tagObject(wanted, wanted.hash(), seen(there))))
        .orElse(StepResult.READY);
  }

  /** A hash of the objects' versions, so that an edit is seen; data views are left out. */
  private static String seen(Map<Id, JsonNode> there) {
    Set<String> versions = new TreeSet<>();
    there.forEach(
        (id, object) -> {
          if (!id.type().equals("index-pattern") && !id.type().equals("tag")) {
            versions.add(id + "@" + object.path("version").asText());
          }
        });
    return Hashes.of(versions.toString());
  }

  private static Optional<Matcher> mark(JsonNode tag) {
    Matcher matcher = MARK.matcher(tag.at("/attributes/description").asText());
    return matcher.matches() ? Optional.of(matcher) : Optional.empty();
  }

  private JsonNode tagObject(SavedObjects wanted, String plan, String seen) {
    String display = "millrace: " + wanted.name().substring(space.length() + 1);
    ObjectNode tag = JSON.createObjectNode().put("type", "tag").put("id", wanted.name());
    tag.putObject("attributes")
        // Kibana's own limit.
        .put("name", display.length() > 50 ? display.substring(0, 50) : display)
        .put("description", MADE_BY + " plan:" + plan + " seen:" + seen)
        .put("color", "#0072B2");
    tag.putArray("references");
    return tag.put("coreMigrationVersion", "8.8.0").put("typeMigrationVersion", "8.0.0");
  }

  private static boolean tooOld(String version) {
    String[] parts = version.split("\\.");
    try {
      int major = Integer.parseInt(parts[0]);
      return major < OLDEST[0] || major == OLDEST[0] && Integer.parseInt(parts[1]) < OLDEST[1];
    } catch (RuntimeException e) {
      return false; // Not a version as we know them; the import will tell.
    }
  }

  // ---- what is no longer wanted

  /** Removes what an entry has made, but for these. */
  private void remove(String name, List<Id> keep) throws BackendException {
    for (JsonNode object : client.find(space, SavedObjects.types(), Optional.of(name))) {
      Id id = Id.of(object);
      // Somebody may have given our tag to an object of theirs.
      if (id.id().startsWith(name + ".") && !keep.contains(id)) {
        client.delete(space, id);
      }
    }
  }

  /** Removes what entries have made that the pipeline no longer has. */
  private StepResult sweep(String owner, Set<String> entries) throws BackendException {
    String prefix = space + "." + owner + ".";
    for (JsonNode tag : client.find(space, List.of("tag"), Optional.empty())) {
      String name = tag.path("id").asText();
      // After a dot more it is another pipeline's, whose name begins as ours.
      if (name.startsWith(prefix)
          && name.indexOf('.', prefix.length()) < 0
          && !entries.contains(name.substring(prefix.length()))
          && mark(tag).isPresent()) {
        remove(name, List.of());
        client.delete(space, tag(name));
        looks.remove(name);
      }
    }
    return StepResult.READY;
  }
}
