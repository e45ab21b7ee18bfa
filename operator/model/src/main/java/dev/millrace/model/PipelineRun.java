package dev.millrace.model;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.List;

/** Once: a run of a pipeline, a backfill of a span of time, a replay from a time on. */
@Group("millrace.dev")
@ShortNames("mplr")
@AdditionalPrinterColumn(
    name = "Pipeline",
    jsonPath = ".spec.pipeline",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "State",
    jsonPath = ".status.state",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "Age",
    jsonPath = ".metadata.creationTimestamp",
    type = AdditionalPrinterColumn.Type.DATE)
@Version("v1alpha1")
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonDeserialize(using = JsonDeserializer.None.class)
public final class PipelineRun implements HasMetadata, Namespaced {
  private static final long serialVersionUID = 1L;

  private String apiVersion = "millrace.dev/v1alpha1";
  private String kind = "PipelineRun";
  private ObjectMeta metadata = new ObjectMeta();
  private transient Spec spec;
  private transient Status status;

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

  @Required
  @ValidationRule(
      value = "self == oldSelf",
      message = "the spec of a PipelineRun can not be changed: make another PipelineRun")
  @JsonProperty("spec")
  @JsonPropertyDescription("What is to be run.")
  public Spec getSpec() {
    return spec;
  }

  @JsonProperty("spec")
  public void setSpec(Spec spec) {
    this.spec = spec;
  }

  @JsonProperty("status")
  @JsonPropertyDescription("How far it is. Written by the operator.")
  public Status getStatus() {
    return status;
  }

  @JsonProperty("status")
  public void setStatus(Status status) {
    this.status = status;
  }

  /** What is to be run; exactly one of {@code run}, {@code backfill}, {@code replay}. */
  @Union({"run", "backfill", "replay"})
  public record Spec(
      @Required @Form.ResourceName @JsonPropertyDescription("Name of the Pipeline.")
          String pipeline,
      @Size(max = 64)
          @Form.Columns
          @JsonPropertyDescription("Its transforms that take part; default all.")
          List<String> transforms,
      @JsonPropertyDescription("What is new since the last success.") Run run,
      @JsonPropertyDescription("A span of event time, once more or for the first time.")
          Backfill backfill,
      @JsonPropertyDescription("Everything that arrived from a time on, once more.")
          Replay replay) {
    public Spec {
      transforms = transforms == null ? List.of() : List.copyOf(transforms);
    }
  }

  /** What is new since the last success. */
  public record Run() {}

  /** A span of event time. */
  @ValidationRule(
      value = "timestamp(self.from) < timestamp(self.to)",
      message = "from: expected a time before 'to'")
  public record Backfill(
      @Required
          @Form.Instant
          @JsonPropertyDescription("Event time from which on, such as 2026-01-01T00:00:00Z.")
          String from,
      @Required @Form.Instant @JsonPropertyDescription("Event time up to which, exclusive.")
          String to) {}

  /** Everything that arrived from a time on. */
  public record Replay(
      @Required @Form.Instant @JsonPropertyDescription("Time of arrival from which on.")
          String from) {}

  /** How far it is. */
  public record Status(
      @JsonPropertyDescription("The generation of the spec that this is about.")
          Long observedGeneration,
      @JsonPropertyDescription("pending, running, succeeded or failed.") String state,
      @JsonPropertyDescription("When it began.") String startedAt,
      @JsonPropertyDescription("When it ended.") String completedAt,
      @JsonPropertyDescription("As the Kubernetes API conventions have them.")
          List<Condition> conditions) {}
}
