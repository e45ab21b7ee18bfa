package dev.millrace.controller;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Platform;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ObjectStoreTest {
  private static Platform.Spark spark(Platform.S3 s3) {
    return new Platform.Spark("s3a://b/c", null, null, null, null, null, s3, null, null, null);
  }

  @Test
  void aStoreOfOnesOwnIsReachedByItsUrlWithTheKeyOfASecret() {
    Platform.Spark spark =
        spark(
            new Platform.S3(
                "http://s3:9000", null, null, new Platform.S3Secret("s3", null, "secret")));
    assertThat(ObjectStore.configuration(spark))
        .containsOnly(
            Map.entry("spark.hadoop.fs.s3a.endpoint", "http://s3:9000"),
            Map.entry("spark.hadoop.fs.s3a.connection.ssl.enabled", "false"),
            Map.entry("spark.hadoop.fs.s3a.path.style.access", "true"),
            Map.entry(
                "spark.hadoop.fs.s3a.aws.credentials.provider",
                "com.amazonaws.auth.EnvironmentVariableCredentialsProvider"));
    assertThat(ObjectStore.environment(spark))
        .isEqualTo(
            List.of(
                variable("AWS_ACCESS_KEY_ID", "accessKeyId"),
                variable("AWS_SECRET_ACCESS_KEY", "secret")));
  }

  private static Map<String, Object> variable(String name, String key) {
    return Map.of(
        "name", name, "valueFrom", Map.of("secretKeyRef", Map.of("name", "s3", "key", key)));
  }

  @Test
  void amazonsIsReachedByRegionAndRole() {
    Platform.Spark spark = spark(new Platform.S3(null, "eu-central-1", null, null));
    assertThat(ObjectStore.configuration(spark))
        .containsOnly(
            Map.entry("spark.hadoop.fs.s3a.endpoint.region", "eu-central-1"),
            Map.entry("spark.hadoop.fs.s3a.path.style.access", "false"));
    assertThat(ObjectStore.environment(spark)).isEmpty();
  }

  @Test
  void withoutAStoreThereIsNothing() {
    assertThat(ObjectStore.configuration(spark(null))).isEmpty();
    assertThat(ObjectStore.environment(spark(null))).isEmpty();
  }
}
