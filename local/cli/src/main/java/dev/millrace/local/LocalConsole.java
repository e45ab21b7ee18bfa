package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.console.ConsoleData;
import dev.millrace.console.DashboardNodes;
import dev.millrace.console.SavedObjects;
import dev.millrace.engine.BackendException;
import dev.millrace.engine.DetailView;
import dev.millrace.engine.Engine;
import dev.millrace.engine.GraphView;
import dev.millrace.engine.Inspector;
import dev.millrace.engine.Observation;
import dev.millrace.engine.PipelineStatus;
import dev.millrace.engine.StreamView;
import dev.millrace.engine.TopicView;
import dev.millrace.model.Pipeline;
import dev.millrace.planner.Resource;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** What the page of a local run shows: what its engine has observed, and what it is asked for. */
final class LocalConsole implements ConsoleData {
  private static final ObjectMapper JSON = new ObjectMapper();

  private volatile List<Pipeline> pipelines;
  private final StateDirectory state;
  private final Supplier<JsonNode> status;
  private final Supplier<Optional<URI>> elasticsearch;
  private volatile SavedObjects.Dashboards all;
  private volatile Map<String, SavedObjects.Dashboards> dashboards;
  private volatile Engine engine;
  private volatile Inspector inspector;

  LocalConsole(
      Pipelines pipelines,
      StateDirectory state,
      Supplier<JsonNode> status,
      Supplier<Optional<URI>> elasticsearch) {
    this.state = state;
    this.status = status;
    this.elasticsearch = elasticsearch;
    use(pipelines);
  }

  /** Shows these pipelines from now on. */
  void use(Pipelines read) {
    List<String> exports = new ArrayList<>();
    Map<String, SavedObjects.Dashboards> parsed = new LinkedHashMap<>();
    for (Pipeline pipeline : read.pipelines()) {
      for (Pipeline.Dashboard entry : pipeline.getSpec().dashboards()) {
        String export =
            String.join(
                "\n",
                read.directory()
                    .configMaps()
                    .getOrDefault(entry.configMap().name(), Map.of())
                    .values());
        parsed.put(pipeline.name() + "/" + entry.name(), SavedObjects.parse(export));
        exports.add(export);
      }
    }
    this.dashboards = parsed;
    this.pipelines = List.copyOf(read.pipelines());
    this.all = SavedObjects.parse(String.join("\n", exports));
  }

  /** From now on there is an engine to ask; with null there is none any more. */
  void engine(Engine running) {
    inspector = running == null ? null : running.inspector();
    engine = running;
  }

  private Optional<Observation> seen(String pipeline) {
    Engine now = engine;
    return now == null ? Optional.empty() : now.observation(pipeline);
  }

  @Override
  public JsonNode status() {
    return status.get();
  }

  @Override
  public JsonNode graph() {
    ObjectNode out = JSON.createObjectNode();
    ArrayNode graphs = out.putArray("pipelines");
    for (Pipeline pipeline : pipelines) {
      ObjectNode graph =
          GraphView.of(seen(pipeline.name()).orElseGet(() -> Observation.nothing(pipeline)));
      dashboards(pipeline, graph);
      graphs.add(graph);
    }
    return out;
  }

  /** Dashboards read what sinks write. */
  private void dashboards(Pipeline pipeline, ObjectNode graph) {
    for (Pipeline.Dashboard entry : pipeline.getSpec().dashboards()) {
      Optional<PipelineStatus.Component> imported =
          seen(pipeline.name()).stream()
              .flatMap(s -> s.status().components().stream())
              .filter(c -> c.name().equals(entry.name()))
              .findFirst();
      DashboardNodes.add(
          graph,
          dashboards.get(pipeline.name() + "/" + entry.name()),
          imported.map(PipelineStatus.Component::state).orElse("ready"),
          imported.map(PipelineStatus.Component::message).orElse(""));
    }
  }

  @Override
  public SavedObjects.Dashboards dashboards() {
    return all;
  }

  @Override
  public Set<String> indices() {
    return pipelines.stream()
        .flatMap(p -> p.getSpec().sinks().stream())
        .map(s -> s.elasticsearch().index())
        .collect(Collectors.toSet());
  }

  @Override
  public Optional<URI> elasticsearch() {
    return elasticsearch.get();
  }

  @Override
  public Optional<JsonNode> component(String pipeline, String name) {
    return seen(pipeline).flatMap(s -> DetailView.component(s, name));
  }

  @Override
  public Optional<JsonNode> stream(String pipeline, String name) {
    return seen(pipeline).flatMap(s -> StreamView.of(s, name));
  }

  @Override
  public Optional<JsonNode> lineage(String pipeline) {
    return seen(pipeline).map(GraphView::lineage);
  }

  private List<Observation> seen() {
    return pipelines.stream().map(p -> seen(p.name())).flatMap(Optional::stream).toList();
  }

  @Override
  public JsonNode connectors() {
    ArrayNode out = JSON.createArrayNode();
    seen().forEach(s -> out.addAll(DetailView.connectors(s)));
    return out;
  }

  @Override
  public JsonNode jobs() {
    ArrayNode out = JSON.createArrayNode();
    seen().forEach(s -> out.add(DetailView.job(s)));
    return out;
  }

  @Override
  public JsonNode topics() throws Unavailable {
    ArrayNode out = JSON.createArrayNode();
    for (Observation seen : seen()) {
      try {
        out.addAll(TopicView.topics(seen, inspector));
      } catch (BackendException e) {
        throw new Unavailable(e.getMessage(), e);
      }
    }
    return out;
  }

  @Override
  public Optional<JsonNode> records(String topic, int limit) throws Unavailable {
    for (Observation seen : seen()) {
      if (TopicView.names(seen).containsKey(topic)) {
        try {
          return Optional.of(inspector.records(topic, limit, seen.redactor()));
        } catch (BackendException e) {
          throw new Unavailable(e.getMessage(), e);
        }
      }
    }
    return Optional.empty();
  }

  @Override
  public Optional<JsonNode> log(String pipeline, String component, boolean whole)
      throws Unavailable {
    Optional<Observation> seen = seen(pipeline);
    if (seen.isEmpty()) {
      return Optional.empty();
    }
    Pipeline.Spec spec = seen.get().pipeline().getSpec();
    String service = "connect";
    String about = component;
    if (spec.transforms().stream().anyMatch(t -> t.name().equals(component))) {
      service =
          seen.get().plan().resources().stream()
              .filter(Resource.SparkJob.class::isInstance)
              .map(Resource.SparkJob.class::cast)
              // Its own, if it is an application.
              .sorted(Comparator.comparing(j -> !j.component().equals(component)))
              .filter(j -> j.component().equals(component) || !j.app())
              .map(j -> LocalSpark.service(j.name()))
              .findFirst()
              .orElse("");
    } else {
      about =
          seen.get().plan().resources().stream()
              .filter(r -> r instanceof Resource.Connector && r.component().equals(component))
              .map(Resource::name)
              .findFirst()
              .orElse(component);
    }
    ObjectNode out = JSON.createObjectNode();
    out.put("service", service);
    out.put("whole", whole);
    try {
      LogTail.lines(
              state.folder("services").resolve(service).resolve("log"),
              whole ? Optional.empty() : Optional.of(about))
          .forEach(line -> out.withArray("lines").add(seen.get().redactor().redact(line)));
    } catch (IOException e) {
      throw new Unavailable("the log of " + service + " can not be read: " + e.getMessage(), e);
    }
    return Optional.of(out);
  }
}
