package dev.millrace.model;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.Map;

/** Where pipelines run: endpoints, defaults, and what the names in the backends begin with. */
@Group("millrace.dev")
@Version("v1alpha1")
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonDeserialize(using = JsonDeserializer.None.class)
public final class Platform implements HasMetadata {
  private static final long serialVersionUID = 1L;

  private String apiVersion = "millrace.dev/v1alpha1";
  private String kind = "Platform";
  private ObjectMeta metadata = new ObjectMeta();
  private transient Spec spec;

  /** A platform of this name. */
  public static Platform of(String name, Spec spec) {
    Platform platform = new Platform();
    platform.metadata.setName(name);
    platform.spec = spec;
    return platform;
  }

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

  /**
   * The backends.
   *
   * @param prefix what topics, subjects and connectors begin with; may be empty
   */
  public record Spec(
      String prefix,
      Kafka kafka,
      SchemaRegistry schemaRegistry,
      Connect connect,
      Elasticsearch elasticsearch,
      Spark spark) {
    public Spec {
      prefix = prefix == null ? "" : prefix;
    }
  }

  /**
   * Kafka.
   *
   * @param partitions of a topic that says nothing; default 4
   * @param replicas of a topic; default 1
   */
  public record Kafka(String bootstrapServers, Integer partitions, Integer replicas) {
    public Kafka {
      partitions = partitions == null ? 4 : partitions;
      replicas = replicas == null ? 1 : replicas;
    }
  }

  /** Base URL of a registry with Confluent's API. */
  public record SchemaRegistry(String url) {}

  /**
   * Kafka Connect.
   *
   * @param secretsPath where its config provider {@code secrets} (Kafka's {@code
   *     DirectoryConfigProvider}) finds a folder for each Secret
   */
  public record Connect(String url, String secretsPath) {}

  /** Elasticsearch's base URL. */
  public record Elasticsearch(String url) {}

  /**
   * Spark.
   *
   * @param checkpointDir URL of the folder that holds the jobs' checkpoints
   * @param settings of the job, such as {@code master}, {@code shufflePartitions}
   */
  public record Spark(String checkpointDir, Map<String, String> settings) {
    public Spark {
      settings = settings == null ? Map.of() : Map.copyOf(settings);
    }
  }
}
