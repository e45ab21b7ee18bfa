package dev.millrace.model;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.List;

/** What flows: sources, transforms, sinks, and the dashboards that show it. */
@Group("millrace.dev")
@Version("v1alpha1")
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonDeserialize(using = JsonDeserializer.None.class)
public final class Pipeline implements HasMetadata {
  private static final long serialVersionUID = 1L;

  private String apiVersion = "millrace.dev/v1alpha1";
  private String kind = "Pipeline";
  private ObjectMeta metadata = new ObjectMeta();
  private transient Spec spec;

  @Override
  public String getApiVersion() {
    return apiVersion;
  }

  @Override
  public void setApiVersion(String apiVersion) {
    this.apiVersion = apiVersion;
  }

  @Override
  public String getKind() {
    return kind;
  }

  public void setKind(String kind) {
    this.kind = kind;
  }

  @Override
  public ObjectMeta getMetadata() {
    return metadata;
  }

  @Override
  public void setMetadata(ObjectMeta metadata) {
    this.metadata = metadata;
  }

  @JsonProperty("spec")
  public Spec getSpec() {
    return spec;
  }

  @JsonProperty("spec")
  public void setSpec(Spec spec) {
    this.spec = spec;
  }

  /** The pipeline's name. */
  public String name() {
    return metadata.getName();
  }

  /**
   * What is wanted.
   *
   * @param state {@code running} (default), {@code paused} or {@code stopped}
   * @param platform name of the Platform it runs on; default {@code default}
   * @param deletionPolicy whether topics, subjects and indices go with it: {@code retain} (default)
   *     or {@code delete}
   */
  public record Spec(
      String state,
      String platform,
      String deletionPolicy,
      List<Source> sources,
      List<Transform> transforms,
      List<Sink> sinks,
      List<Dashboard> dashboards) {
    public Spec {
      state = state == null ? "running" : state;
      platform = platform == null ? "default" : platform;
      deletionPolicy = deletionPolicy == null ? "retain" : deletionPolicy;
      sources = sources == null ? List.of() : List.copyOf(sources);
      transforms = transforms == null ? List.of() : List.copyOf(transforms);
      sinks = sinks == null ? List.of() : List.copyOf(sinks);
      dashboards = dashboards == null ? List.of() : List.copyOf(dashboards);
    }
  }

  /**
   * Where data comes from; exactly one of {@code cdc}, {@code datagen}, {@code topic}.
   *
   * @param partitions of the topic; default the platform's
   */
  public record Source(
      String name,
      Cdc cdc,
      Datagen datagen,
      Topic topic,
      EventTime eventTime,
      List<String> partitionBy,
      Integer partitions) {
    public Source {
      partitionBy = partitionBy == null ? List.of() : List.copyOf(partitionBy);
    }
  }

  /** Rows of a database as they change; each table is a stream. */
  public record Cdc(Connection connection, List<Table> tables) {
    public Cdc {
      tables = tables == null ? List.of() : List.copyOf(tables);
    }
  }

  /** A connection: a URL in a Secret. */
  public record Connection(SecretRef secretRef) {}

  /**
   * A key of a Secret in the pipeline's namespace.
   *
   * @param key default {@code url}
   */
  public record SecretRef(String name, String key) {
    public SecretRef {
      key = key == null ? "url" : key;
    }
  }

  /**
   * A table.
   *
   * @param table {@code database.table}
   * @param name of the stream
   * @param validFrom column from which on a row holds, for rows that hold for a time
   * @param validTo column up to which a row holds, exclusive
   */
  public record Table(String table, String name, String validFrom, String validTo) {}

  /**
   * Made-up records.
   *
   * @param entities passed to the connector as JSON
   */
  public record Datagen(
      String schema,
      ConfigMapRef schemaFrom,
      Long seed,
      String rate,
      Long count,
      String clock,
      String start,
      OutOfOrder outOfOrder,
      Late late,
      Double duplicates,
      Integer tasks,
      JsonNode entities) {}

  /** This share of the records comes up to so much after its event time. */
  public record OutOfOrder(Double share, String max) {}

  /** This share of the records comes so much after its event time. */
  public record Late(Double share, String by) {}

  /** A topic that somebody else writes, in the registry's format. */
  public record Topic(String name, String kind) {}

  /** A key of a ConfigMap in the pipeline's namespace. */
  public record ConfigMapRef(String configMap, String key) {}

  /**
   * Which field is the event time, and how far out of order it comes.
   *
   * @param outOfOrder default {@code 0s}
   * @param idle after so long without a record a partition holds nothing back; default {@code 5m}
   */
  public record EventTime(String field, String outOfOrder, String idle) {}

  /** How a stream is enriched; exactly one of {@code intervals}, {@code sql}, {@code sqlFrom}. */
  public record Transform(
      String name,
      Intervals intervals,
      String sql,
      ConfigMapRef sqlFrom,
      List<String> key,
      List<String> partitionBy,
      Integer partitions,
      EventTime eventTime,
      String lateness) {
    public Transform {
      key = key == null ? List.of() : List.copyOf(key);
      partitionBy = partitionBy == null ? List.of() : List.copyOf(partitionBy);
    }
  }

  /**
   * From an event of a key to its next one.
   *
   * @param by fields that tell the keys apart
   * @param type field that says what an event does
   * @param open values of {@code type} that begin an interval
   * @param close values of {@code type} that end one
   * @param carry fields of the opening event to keep
   * @param slice cut at each multiple of it
   * @param timeout an interval without an end ends after this
   */
  public record Intervals(
      String from,
      List<String> by,
      String type,
      List<String> open,
      List<String> close,
      List<String> carry,
      String slice,
      String timeout) {
    public Intervals {
      by = by == null ? List.of() : List.copyOf(by);
      open = open == null ? List.of() : List.copyOf(open);
      close = close == null ? List.of() : List.copyOf(close);
      carry = carry == null ? List.of() : List.copyOf(carry);
    }
  }

  /** Where a stream goes; exactly one of {@code elasticsearch}. */
  public record Sink(String name, String from, Elasticsearch elasticsearch) {}

  /**
   * An index.
   *
   * @param refresh how soon what was written is found; default {@code 1s}
   * @param tasks default 1
   */
  public record Elasticsearch(String index, String refresh, Integer tasks) {}

  /** Kibana's saved objects in a ConfigMap. */
  public record Dashboard(String name, DashboardRef configMap) {}

  /** A ConfigMap, all of whose keys are NDJSON exports. */
  public record DashboardRef(String name) {}
}
