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
        processes:
          - name: life
            java: { classPath: [lib/*], mainClass: a.B, args: [x] }
            env: [ { name: U, secret: db, key: url }, { name: V, value: v } ]
        """);
    LocalEnvironment environment = DirectoryReader.read(root).environment().orElseThrow();
    assertThat(environment.services())
        .containsExactly(
            new LocalEnvironment.DevService(
                "db", LocalEnvironment.Kind.MARIADB, "tv", List.of("seed.sql"), "db"),
            new LocalEnvironment.DevService(
                "pg", LocalEnvironment.Kind.POSTGRES, "shop", List.of(), "shop-db"));
    assertThat(
            LocalEnvironment.resolve(
                environment.processes().get(0).env(), Map.of("db", Map.of("url", "u"))))
        .isEqualTo(Map.of("U", "u", "V", "v"));
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
        processes:
          - name: life
            java: { classPath: x }
            env: [ { name: U } ]
        """);
    assertThat(problems())
        .contains(
            "local.yaml: apiVersion: expected 'millrace.dev/v1alpha1', found 'millrace.dev/v1'",
            "local.yaml: services[0].mariadb: is missing: exactly one of mariadb, postgres must be set",
            "local.yaml: services[1].name: is missing",
            "local.yaml: services[1].mariadb.database: is missing",
            "local.yaml: services[1].mariadb.seed: no file 'none.sql'",
            "local.yaml: processes[0].java.classPath: expected a list, found 'x'",
            "local.yaml: processes[0].java.mainClass: is missing",
            "local.yaml: processes[0].env[0].value: exactly one of value, secret must be set")
        .anySatisfy(p -> assertThat(p).contains("services[0].oracle: unknown field"));
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
