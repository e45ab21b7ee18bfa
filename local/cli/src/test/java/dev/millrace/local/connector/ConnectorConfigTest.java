package dev.millrace.local.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectorConfigTest {
  @TempDir Path directory;

  private ConnectorConfig read(String name, String text) throws Exception {
    return ConnectorConfig.read(write(name, text));
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }

  @Test
  void hasManyForms() throws Exception {
    Map<String, String> values = Map.of("connector.class", "org.example.My", "tasks.max", "2");
    assertThat(read("my.yaml", "connector.class: org.example.My\ntasks.max: 2\n"))
        .extracting(ConnectorConfig::name, ConnectorConfig::values)
        .containsExactly("my", values);
    assertThat(
            read(
                "rest.json",
                "{\"name\":\"a\",\"config\":{\"connector.class\":\"org.example.My\",\"tasks.max\":2}}"))
        .extracting(ConnectorConfig::name, ConnectorConfig::values)
        .containsExactly("a", values);
    assertThat(read("p.properties", "name=b\nconnector.class = org.example.My \ntasks.max=2\n"))
        .extracting(ConnectorConfig::name, ConnectorConfig::values)
        .containsExactly("b", values);
  }

  @Test
  void isAskedForWhatIsMissing() {
    assertThatThrownBy(() -> read("no.yaml", "topic: a\n"))
        .hasMessageContaining("no.yaml: connector.class is missing");
    assertThatThrownBy(() -> read("no.txt", "topic: a\n"))
        .hasMessageContaining("expected a .yaml, .json or .properties file");
    assertThatThrownBy(() -> read("no.yaml", "name: 'a b'\nconnector.class: A\n"))
        .hasMessageContaining("name 'a b': expected letters");
  }

  @Test
  void placesAndSecretsArePutInOrNamed() throws Exception {
    ConnectorConfig config =
        read(
            "my.yaml",
            """
            connector.class: A
            url: jdbc:x?user=${secrets:db:user}&p=${secrets:db:password}
            schema.registry.url: ${registry.url}
            other: ${file:/a:b}
            """);
    DevSecrets secrets = new DevSecrets();
    secrets.add("db=" + write("db.env", "user=me\npassword=hush\n"));
    Path folder = directory.resolve("secrets");
    ConnectorConfig placed =
        secrets
            .resolve(config, folder)
            .placed(Map.of(ConnectorConfig.REGISTRY, "http://localhost:1"));
    assertThat(placed.values())
        .containsEntry(
            "url",
            "jdbc:x?user=${secrets:%1$s/db:user}&p=${secrets:%1$s/db:password}".formatted(folder))
        .containsEntry("schema.registry.url", "http://localhost:1")
        .containsEntry("other", "${file:/a:b}");
    assertThatThrownBy(() -> config.placed(Map.of()))
        .hasMessageContaining("schema.registry.url: ${registry.url} is not known here");
    DevSecrets other = new DevSecrets();
    other.add("db/user=" + write("user", "me"));
    assertThatThrownBy(() -> other.resolve(config, folder))
        .hasMessageContaining("url: ${secrets:db:password}: no key 'password'; there are user");
  }

  @Test
  void aFailureIsItsInnermostCause() {
    String trace =
        """
        org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded
        \tat org.apache.kafka.connect.runtime.errors.R.execute(R.java:1)
        Caused by: java.lang.IllegalStateException: the device says no
        \tat org.example.Task.poll(Task.java:7)
        \tat org.apache.kafka.connect.runtime.WorkerTask.run(WorkerTask.java:2)
        \t... 3 more
        """;
    assertThat(ConnectorState.reason(trace))
        .isEqualTo(
            "java.lang.IllegalStateException: the device says no\n\tat org.example.Task.poll(Task.java:7)");
  }
}
