package dev.millrace.local.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryReaderTest {
  @TempDir Path root;

  @BeforeEach
  void minimal() throws IOException {
    write(
        "kustomization.yaml",
        """
        resources: [pipeline.yaml]
        configMapGenerator:
          - name: sql
            files: [a.sql, other=b.sql]
            literals: [k=v=w]
        secretGenerator:
          - name: db
            literals: [url=mysql://u:p@h/d]
        generatorOptions: { disableNameSuffixHash: true }
        """);
    write(
        "pipeline.yaml",
        "apiVersion: millrace.dev/v1alpha1\nkind: Pipeline\nmetadata: {name: tv}\n");
    write("a.sql", "SELECT 1\n");
    write("b.sql", "SELECT 2\n");
  }

  @Test
  void readsResourcesConfigMapsAndSecrets() throws Exception {
    PipelineDirectory directory = DirectoryReader.read(root);
    assertThat(directory.manifests())
        .extracting(PipelineDirectory.Manifest::kind)
        .containsExactly("Pipeline");
    assertThat(directory.configMaps())
        .isEqualTo(Map.of("sql", Map.of("a.sql", "SELECT 1\n", "other", "SELECT 2\n", "k", "v=w")));
    assertThat(directory.secrets()).isEqualTo(Map.of("db", Map.of("url", "mysql://u:p@h/d")));
    assertThat(directory.environment()).isEmpty();
    assertThat(directory.toString()).doesNotContain("mysql://");
  }

  @Test
  void readsConfigMapsAndSecretsThatAreResources() throws Exception {
    write(
        "pipeline.yaml",
        """
        apiVersion: millrace.dev/v1alpha1
        kind: Pipeline
        metadata: {name: tv}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: s}
        data: {a: aGVsbG8=}
        stringData: {b: plain}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: m}
        data: {c: d}
        """);
    PipelineDirectory directory = DirectoryReader.read(root);
    assertThat(directory.secrets().get("s")).isEqualTo(Map.of("a", "hello", "b", "plain"));
    assertThat(directory.configMaps().get("m")).isEqualTo(Map.of("c", "d"));
  }

  @Test
  void refusesWhatKubectlWouldReadAndWeWouldNot() throws Exception {
    write(
        "kustomization.yaml",
        """
        resources: [pipeline.yaml, missing.yaml, ../outside.yaml]
        namePrefix: x-
        patches: []
        configMapGenerator:
          - name: sql
            files: [nowhere.sql]
            envs: [a.env]
        """);
    assertThat(problems())
        .anySatisfy(p -> assertThat(p).contains("kustomization.yaml: namePrefix: unknown field"))
        .anySatisfy(p -> assertThat(p).contains("patches: unknown field"))
        .anySatisfy(p -> assertThat(p).contains("missing.yaml: no such file"))
        .anySatisfy(p -> assertThat(p).contains("'../outside.yaml' lies outside the directory"))
        .anySatisfy(p -> assertThat(p).contains("nowhere.sql: no such file"))
        .anySatisfy(p -> assertThat(p).contains("configMapGenerator[0].envs: unknown field"))
        .anySatisfy(
            p -> assertThat(p).contains("generatorOptions.disableNameSuffixHash: must be true"));
  }

  @Test
  void namesTheKindItDoesNotKnowAndTheLineThatIsNotYaml() throws Exception {
    write("pipeline.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n");
    assertThat(problems())
        .singleElement()
        .satisfies(
            p ->
                assertThat(p)
                    .contains("pipeline.yaml: document 1")
                    .contains("'apps/v1', kind 'Deployment'"));
    write("pipeline.yaml", "apiVersion: millrace.dev/v1alpha1\nkind: [Pipeline\n");
    assertThat(problems())
        .singleElement()
        .satisfies(p -> assertThat(p).contains("pipeline.yaml: line").contains("not YAML"));
  }

  @Test
  void readsTheLocalEnvironment() throws Exception {
    write("seed.sql", "SELECT 1");
    write(
        "local.yaml",
        """
        apiVersion: millrace.dev/v1alpha1
        kind: LocalEnvironment
        services:
          - name: db
            mariadb: { database: tv, seed: [seed.sql] }
          - name: pg
            postgres: { database: shop }
            secret: shop-db
          - name: store
            s3: { bucket: orders, seed: [seed.sql] }
            secret: orders-s3
          - name: devices
            mqtt: {}
            secret: tv-mqtt
        processes:
          - name: life
            java: { classPath: [lib/*], mainClass: a.B, args: [x] }
            env: [ { name: U, secret: db, key: url }, { name: V, value: v } ]
            port: { env: PORT, secret: life-address, literals: [apiKey=any] }
        """);
    LocalEnvironment environment = DirectoryReader.read(root).environment().orElseThrow();
    assertThat(environment.services())
        .containsExactly(
            new LocalEnvironment.DevService(
                "db", new LocalEnvironment.MariaDb("tv", List.of("seed.sql")), "db"),
            new LocalEnvironment.DevService(
                "pg", new LocalEnvironment.Postgres("shop", List.of()), "shop-db"),
            new LocalEnvironment.DevService(
                "store", new LocalEnvironment.S3("orders", List.of("seed.sql")), "orders-s3"),
            new LocalEnvironment.DevService("devices", new LocalEnvironment.Mqtt(), "tv-mqtt"));
    assertThat(
            LocalEnvironment.resolve(
                environment.processes().get(0).env(), Map.of("db", Map.of("url", "u"))))
        .isEqualTo(Map.of("U", "u", "V", "v"));
    assertThat(environment.processes().get(0).port())
        .contains(new LocalEnvironment.DevPort("PORT", "life-address", Map.of("apiKey", "any")));
    assertThat(environment.secrets())
        .containsExactly("db", "life-address", "orders-s3", "shop-db", "tv-mqtt");
  }

  @Test
  void reportsEveryProblemOfTheLocalEnvironment() throws Exception {
    write(
        "local.yaml",
        """
        apiVersion: millrace.dev/v1
        kind: LocalEnvironment
        services:
          - name: db
            oracle: { database: tv }
          - mariadb: { seed: [none.sql] }
          - name: both
            mariadb: { database: d }
            s3: { bucket: abc }
          - name: store
            s3: { bucket: Upper, seed: [none, ../outside], secrets: x }
        processes:
          - name: life
            java: { classPath: x }
            env: [ { name: U } ]
            port: { secret: life }
        """);
    assertThat(problems())
        .contains(
            "local.yaml: apiVersion: expected 'millrace.dev/v1alpha1', found 'millrace.dev/v1'",
            "local.yaml: services[0].mariadb: is missing: exactly one of mariadb, postgres, mqtt, s3 must be set",
            "local.yaml: services[1].name: is missing",
            "local.yaml: services[1].mariadb.database: is missing",
            "local.yaml: services[1].mariadb.seed: no file 'none.sql'",
            "local.yaml: services[2].mariadb: does not go together: mariadb and s3 are set: exactly one of mariadb, postgres, mqtt, s3 must be set",
            "local.yaml: services[3].s3.bucket: 'Upper': expected 3 to 63 lower case letters, digits, '-' and '.'",
            "local.yaml: services[3].s3.seed: no file or folder 'none'",
            "local.yaml: services[3].s3.seed: '../outside' lies outside the directory",
            "local.yaml: processes[0].java.classPath: expected a list, found 'x'",
            "local.yaml: processes[0].java.mainClass: is missing",
            "local.yaml: processes[0].env[0].value: exactly one of value, secret must be set",
            "local.yaml: processes[0].port.env: is missing")
        .anySatisfy(p -> assertThat(p).contains("services[0].oracle: unknown field"))
        .anySatisfy(p -> assertThat(p).contains("services[3].s3.secrets: unknown field"));
  }

  @Test
  void anotherDirectoryIsAResource(@TempDir Path parent) throws Exception {
    Path tv = Files.createDirectories(parent.resolve("tv/sql")).getParent();
    Files.writeString(
        tv.resolve("kustomization.yaml"),
        """
        resources: [pipeline.yaml]
        configMapGenerator: [ { name: tv-sql, files: [sql/a.sql] } ]
        generatorOptions: { disableNameSuffixHash: true }
        """);
    Files.writeString(
        tv.resolve("pipeline.yaml"),
        "apiVersion: millrace.dev/v1alpha1\nkind: Pipeline\nmetadata: {name: tv}\n");
    Files.writeString(tv.resolve("sql/a.sql"), "SELECT 1");
    Files.writeString(
        tv.resolve("local.yaml"),
        """
        apiVersion: millrace.dev/v1alpha1
        kind: LocalEnvironment
        services: [ { name: db, mariadb: { database: tv, seed: [sql/a.sql] } } ]
        processes: [ { name: life, java: { classPath: [lib/*], mainClass: a.B } } ]
        """);
    Path own = Files.createDirectories(parent.resolve("examples/own"));
    Files.writeString(own.resolve("kustomization.yaml"), "resources: [../../tv, own.yaml]\n");
    Files.writeString(
        own.resolve("own.yaml"),
        "apiVersion: millrace.dev/v1alpha1\nkind: Pipeline\nmetadata: {name: own}\n");
    PipelineDirectory directory = DirectoryReader.read(own);
    assertThat(directory.manifests())
        .extracting(m -> m.document().at("/metadata/name").asText())
        .containsExactly("tv", "own");
    assertThat(directory.configMaps()).isEqualTo(Map.of("tv-sql", Map.of("a.sql", "SELECT 1")));
    LocalEnvironment environment = directory.environment().orElseThrow();
    assertThat(environment.services())
        .containsExactly(
            new LocalEnvironment.DevService(
                "db", new LocalEnvironment.MariaDb("tv", List.of("../../tv/sql/a.sql")), "db"));
    assertThat(environment.processes().get(0).classPath()).containsExactly("../../tv/lib/*");
    Files.writeString(
        own.resolve("kustomization.yaml"), "resources: [../own, ../../tv/pipeline.yaml]\n");
    assertThat(
            catchThrowableOfType(ManifestException.class, () -> DirectoryReader.read(own))
                .problems())
        .contains("kustomization.yaml: resources: '../own' is one twice, or of itself")
        .anySatisfy(
            p -> assertThat(p).contains("'../../tv/pipeline.yaml' lies outside the directory"));
  }

  @Test
  void saysWhatIsMissingWhenThereIsNoPipeline() throws Exception {
    write("kustomization.yaml", "resources: []\n");
    assertThat(problems())
        .singleElement()
        .satisfies(p -> assertThat(p).endsWith("holds no resource of kind Pipeline"));
    Files.delete(root.resolve("kustomization.yaml"));
    assertThat(problems()).anySatisfy(p -> assertThat(p).contains("no kustomization.yaml in it"));
  }

  private List<String> problems() {
    return catchThrowableOfType(ManifestException.class, () -> DirectoryReader.read(root))
        .problems();
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(root.resolve(name), text);
  }
}
