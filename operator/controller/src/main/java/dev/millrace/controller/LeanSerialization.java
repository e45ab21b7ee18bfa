package dev.millrace.controller;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;

/**
 * Reads resources without {@code metadata.managedFields}: with many Pipelines, most of the memory
 * of their cache would be who has written which field, and the operator asks nobody that.
 */
public final class LeanSerialization {
  private LeanSerialization() {}

  @JsonIgnoreProperties("managedFields")
  private interface WithoutManagedFields {}

  /** As the client's own, but for that. */
  public static KubernetesSerialization create() {
    ObjectMapper mapper = new ObjectMapper();
    mapper.addMixIn(ObjectMeta.class, WithoutManagedFields.class);
    return new KubernetesSerialization(mapper, true);
  }
}
