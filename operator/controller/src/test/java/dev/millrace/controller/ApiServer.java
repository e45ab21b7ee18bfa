package dev.millrace.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubeapitest.KubeAPIServer;
import io.fabric8.kubeapitest.KubeAPIServerConfigBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/**
 * A real kube-apiserver that writes an audit log, with our CRDs in it and a user that has the
 * documented permissions and no others.
 */
public final class ApiServer implements AutoCloseable {
  public static final Path ROOT =
      Path.of(System.getProperty("millrace.root")).toAbsolutePath().normalize();
  public static final String OPERATOR = "the-operator";
  private static final String VERSION = "1.34.4";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final KubeAPIServer server;
  private final KubernetesClient client;
  private final Path audit;
  private final Path again;
  private final List<Request> requests = new ArrayList<>();
  private long read;

  /** A request of the operator's that has been answered. */
  public record Request(String verb, String resource, String namespace, String name, int status) {
    public boolean writes() {
      return !List.of("get", "list", "watch").contains(verb);
    }
  }

  public ApiServer(Path folder) throws IOException, InterruptedException {
    Path binaries = folder.resolve("k8s/" + VERSION + "-linux-amd64");
    Files.createDirectories(binaries);
    Path source = binaries();
    for (String name : List.of("etcd", "kubectl")) {
      Files.createSymbolicLink(binaries.resolve(name), source.resolve(name));
    }
    again = folder.resolve("again");
    wrap(binaries.resolve("kube-apiserver"), source.resolve("kube-apiserver"));
    audit = folder.resolve("audit.log");
    Path policy = folder.resolve("audit.yaml");
    Files.writeString(
        policy,
        """
        apiVersion: audit.k8s.io/v1
        kind: Policy
        omitStages: [RequestReceived, ResponseStarted]
        rules:
          - level: Metadata
        """);
    server =
        new KubeAPIServer(
            KubeAPIServerConfigBuilder.anAPIServerConfig()
                .withTestDir(folder.toString())
                .withApiServerVersion(VERSION)
                .withOfflineMode(true)
                .withUpdateKubeConfig(false)
                .withStartupTimeout(180_000)
                .withApiServerFlags(
                    List.of(
                        "--audit-policy-file", policy.toString(),
                        "--audit-log-path", audit.toString(),
                        "--audit-log-mode", "blocking"))
                .build());
    server.start();
    client =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(server.getKubeConfigYaml()))
            .build();
  }

  private static Path binaries() throws IOException, InterruptedException {
    Process get =
        new ProcessBuilder(ROOT.resolve("operator/apiserver/get").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String folder = new String(get.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (get.waitFor() != 0) {
      throw new IOException("no kube-apiserver and etcd for the tests; see the lines above");
    }
    return Path.of(folder);
  }

  /** Installs the CRDs as they are checked in, and what stands for the Spark operator's. */
  public void crds() throws IOException {
    List<String> names = new ArrayList<>();
    List<Path> files = new ArrayList<>();
    try (var all = Files.list(ROOT.resolve("crds"))) {
      all.filter(f -> f.toString().endsWith(".yaml")).forEach(files::add);
    }
    files.add(ROOT.resolve("operator/controller/src/test/resources/sparkapplications.yaml"));
    for (Path file : files) {
      CustomResourceDefinition crd =
          Serialization.unmarshal(Files.readString(file), CustomResourceDefinition.class);
      client.resource(crd).create();
      names.add(crd.getMetadata().getName());
    }
    for (String name : names) {
      Awaitility.await(name)
          .atMost(Duration.ofSeconds(60))
          .until(
              () ->
                  client
                      .apiextensions()
                      .v1()
                      .customResourceDefinitions()
                      .withName(name)
                      .get()
                      .getStatus()
                      .getConditions()
                      .stream()
                      .anyMatch(
                          c -> c.getType().equals("Established") && c.getStatus().equals("True")));
    }
  }

  /** Gives the operator's user what the reference page says, and nothing else. */
  public void permissions() throws IOException {
    String page = Files.readString(ROOT.resolve("docs/reference/operator-permissions.md"));
    Matcher blocks = Pattern.compile("```yaml\\n(.*?)```", Pattern.DOTALL).matcher(page);
    int count = 0;
    while (blocks.find()) {
      String name = OPERATOR + "-" + count++;
      client
          .resource(
              Serialization.unmarshal(
                  "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: "
                      + name
                      + " }\n"
                      + blocks.group(1),
                  ClusterRole.class))
          .create();
      client
          .resource(
              new ClusterRoleBindingBuilder()
                  .withNewMetadata()
                  .withName(name)
                  .endMetadata()
                  .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", name)
                  .addNewSubject()
                  .withKind("User")
                  .withApiGroup("rbac.authorization.k8s.io")
                  .withName(OPERATOR)
                  .endSubject()
                  .build())
          .create();
    }
    if (count != 2) {
      throw new IllegalStateException("the page of permissions has " + count + " lists of rules");
    }
  }

  public void namespace(String name) {
    client
        .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
        .create();
  }

  /** As an administrator. */
  public KubernetesClient client() {
    return client;
  }

  /** As the operator. */
  public KubernetesClient operatorClient() {
    return new KubernetesClientBuilder()
        .withConfig(
            new ConfigBuilder(Config.fromKubeconfig(server.getKubeConfigYaml()))
                .withImpersonateUsername(OPERATOR)
                .build())
        .build();
  }

  public String kubeConfig() {
    return server.getKubeConfigYaml();
  }

  /** What the operator has asked so far. */
  public synchronized List<Request> requests() {
    try (RandomAccessFile log = new RandomAccessFile(audit.toFile(), "r")) {
      log.seek(read);
      byte[] more = new byte[(int) (log.length() - read)];
      log.readFully(more);
      int end = more.length;
      while (end > 0 && more[end - 1] != '\n') {
        end--; // A line that is still being written.
      }
      read += end;
      for (String line : new String(more, 0, end, StandardCharsets.UTF_8).split("\n")) {
        JsonNode event = JSON.readTree(line);
        if (event.at("/impersonatedUser/username").asText().equals(OPERATOR)) {
          JsonNode object = event.path("objectRef");
          requests.add(
              new Request(
                  event.path("verb").asText(),
                  object.path("resource").asText()
                      + (object.has("subresource") ? "/" + object.get("subresource").asText() : ""),
                  object.path("namespace").asText(),
                  object.path("name").asText(),
                  event.at("/responseStatus/code").asInt()));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return List.copyOf(requests);
  }

  /** What was asked and kept, not only tried, in the name of a field manager. */
  public List<String> kept(String fieldManager) throws IOException {
    List<String> kept = new ArrayList<>();
    for (String line : Files.readAllLines(audit)) {
      String uri = JSON.readTree(line).path("requestURI").asText();
      if (uri.matches(".*[?&]fieldManager=" + fieldManager + "(&.*)?")
          && !uri.contains("dryRun=All")) {
        kept.add(uri);
      }
    }
    return kept;
  }

  public List<Request> writes() {
    return requests().stream().filter(Request::writes).toList();
  }

  /** What started it ends with it, etcd and all: so it is started by a shell that outlives it. */
  private void wrap(Path as, Path server) throws IOException {
    Files.writeString(
        as,
        """
        #!/usr/bin/env bash
        trap 'kill "$child"; exit' TERM INT
        while :; do
          '%s' "$@" & child=$!
          wait "$child"
          [[ -e '%2$s' ]] || exit
          while [[ -e '%2$s' ]]; do sleep 0.1; done
        done
        """
            .formatted(server, again));
    if (!as.toFile().setExecutable(true)) {
      throw new IOException("not made executable: " + as);
    }
  }

  /**
   * Kills it, and starts it again where it was, on the same etcd.
   *
   * @param meanwhile what to do while there is none
   */
  public void restart(Runnable meanwhile) throws IOException {
    ProcessHandle running =
        ProcessHandle.current()
            .descendants()
            // Not by its name: etcd may be the same program under another one.
            .filter(
                p ->
                    p.info().command().filter(c -> !c.endsWith("bash")).isPresent()
                        && p.info().commandLine().orElse("").contains("--audit-policy-file"))
            .findFirst()
            .orElseThrow(() -> new IllegalStateException("no kube-apiserver runs"));
    Files.createFile(again);
    running.destroyForcibly();
    running.onExit().join();
    meanwhile.run();
    Files.delete(again);
    Awaitility.await("the API server after its end")
        .atMost(Duration.ofSeconds(90))
        .ignoreExceptions()
        .until(() -> client.raw("/readyz") != null);
    // Until it has read the roles it forbids everybody everything.
    synchronized (this) {
      requests();
      requests.removeIf(r -> r.status() == 403);
    }
  }

  @Override
  public void close() {
    client.close();
    server.stop();
  }
}
