package dev.millrace.controller;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KubernetesSparkTest {
  @Test
  void aDriversLastWordsAreItsInnermostException() {
    assertThat(
            KubernetesSpark.cause(
                """
                24/01/01 00:00:00 ERROR Client: it failed
                Exception in thread "main" org.apache.spark.SparkException: Job aborted.
                \tat org.apache.spark.Foo.bar(Foo.scala:1)
                Caused by: java.io.FileNotFoundException: s3a://checkpoints/x: No such bucket
                \tat org.apache.hadoop.Foo.bar(Foo.java:1)
                \t... 7 more
                """))
        .contains("FileNotFoundException: s3a://checkpoints/x: No such bucket");
  }

  @Test
  void withoutAnExceptionItIsTheLastLine() {
    assertThat(
            KubernetesSpark.cause(
                "starting\nplan /etc/x can not be read: Unexpected end-of-input\n\n"))
        .contains("plan /etc/x can not be read: Unexpected end-of-input");
    assertThat(KubernetesSpark.cause(" \n")).isEmpty();
  }
}
