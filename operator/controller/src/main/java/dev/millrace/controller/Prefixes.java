package dev.millrace.controller;

import dev.millrace.model.Platform;

/**
 * What names in the backends begin with on a cluster: without a prefix of its own, a Platform's
 * namespace, so that pipelines of one name in two namespaces are two.
 */
final class Prefixes {
  private Prefixes() {}

  static Platform complete(Platform platform) {
    Platform.Spec spec = platform.getSpec();
    if (!spec.prefix().isEmpty()) {
      return platform;
    }
    Platform complete =
        Platform.of(
            platform.getMetadata().getName(),
            new Platform.Spec(
                platform.getMetadata().getNamespace() + ".",
                spec.kafka(),
                spec.schemaRegistry(),
                spec.connect(),
                spec.elasticsearch(),
                spec.spark(),
                spec.kibana()));
    complete.setMetadata(platform.getMetadata());
    return complete;
  }
}
