package dev.millrace.controller;

import dev.millrace.model.Platform;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What Spark's pods need for checkpoints in an object store. The access key goes from the Secret
 * into their environment: the operator does not read it.
 */
final class ObjectStore {
  private static final String S3A = "spark.hadoop.fs.s3a.";

  private ObjectStore() {}

  /** Spark's configuration of a platform's object store; empty where there is none. */
  static Map<String, String> configuration(Platform.Spark spark) {
    Map<String, String> conf = new LinkedHashMap<>();
    Platform.S3 s3 = spark.s3();
    if (s3 == null) {
      return conf;
    }
    if (s3.endpoint() != null) {
      conf.put(S3A + "endpoint", s3.endpoint());
      conf.put(
          S3A + "connection.ssl.enabled", Boolean.toString(s3.endpoint().startsWith("https:")));
    }
    if (s3.region() != null) {
      conf.put(S3A + "endpoint.region", s3.region());
    }
    boolean pathStyle = s3.pathStyle() != null ? s3.pathStyle() : s3.endpoint() != null;
    conf.put(S3A + "path.style.access", Boolean.toString(pathStyle));
    if (s3.secretRef() != null) {
      conf.put(
          S3A + "aws.credentials.provider",
          "com.amazonaws.auth.EnvironmentVariableCredentialsProvider");
    }
    return conf;
  }

  /** The environment of driver and executors, as a pod has it. */
  static List<Map<String, Object>> environment(Platform.Spark spark) {
    return Optional.ofNullable(spark.s3())
        .map(Platform.S3::secretRef)
        .map(
            secret ->
                List.of(
                    variable("AWS_ACCESS_KEY_ID", secret.name(), secret.accessKeyIdKey()),
                    variable("AWS_SECRET_ACCESS_KEY", secret.name(), secret.secretAccessKeyKey())))
        .orElse(List.of());
  }

  private static Map<String, Object> variable(String name, String secret, String key) {
    return Map.of(
        "name", name, "valueFrom", Map.of("secretKeyRef", Map.of("name", secret, "key", key)));
  }
}
