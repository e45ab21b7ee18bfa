package dev.millrace.controller;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Pipeline;
import org.junit.jupiter.api.Test;

class LeanSerializationTest {
  @Test
  void whoHasWrittenWhichFieldIsNotRead() {
    Pipeline pipeline =
        LeanSerialization.create()
            .unmarshal(
                """
                {"apiVersion": "millrace.dev/v1alpha1", "kind": "Pipeline",
                 "metadata": {"name": "p", "uid": "u", "finalizers": ["millrace.dev/pipeline"],
                   "managedFields": [{"manager": "kubectl", "operation": "Apply",
                     "fieldsV1": {"f:spec": {"f:sources": {}}}}]},
                 "spec": {"sources": [{"name": "s", "topic": {"name": "t"}}]}}
                """,
                Pipeline.class);
    assertThat(pipeline.getMetadata().getManagedFields()).isEmpty();
    assertThat(pipeline.getMetadata().getUid()).isEqualTo("u");
    assertThat(pipeline.getMetadata().getFinalizers()).containsExactly("millrace.dev/pipeline");
    assertThat(pipeline.getSpec().sources().get(0).topic().name()).isEqualTo("t");
  }
}
