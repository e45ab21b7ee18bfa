package dev.millrace.crds;

import io.fabric8.kubeapitest.KubeAPIServer;
import io.fabric8.kubeapitest.KubeAPIServerConfigBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A real kube-apiserver with its etcd and kubectl, brought by {@code operator/apiserver/get}. */
final class ApiServer implements AutoCloseable {
  private static final String VERSION = "1.34.4";

  private final KubeAPIServer server;
  private final KubernetesClient client;

  ApiServer() throws IOException, InterruptedException {
    Path root = Path.of(System.getProperty("millrace.root")).toAbsolutePath().normalize();
    Path folder = root.resolve("operator/crds/target/apiserver");
    Path binaries = folder.resolve("k8s/" + VERSION + "-linux-amd64");
    Files.createDirectories(binaries);
    Path source = binaries(root);
    for (String name : List.of("etcd", "kube-apiserver", "kubectl")) {
      Path link = binaries.resolve(name);
      Files.deleteIfExists(link);
      Files.createSymbolicLink(link, source.resolve(name));
    }
    this.server =
        new KubeAPIServer(
            KubeAPIServerConfigBuilder.anAPIServerConfig()
                .withTestDir(folder.toString())
                .withApiServerVersion(VERSION)
                .withOfflineMode(true)
                .withUpdateKubeConfig(false)
                .withStartupTimeout(180_000)
                .build());
    server.start();
    this.client =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(server.getKubeConfigYaml()))
            .build();
  }

  KubernetesClient client() {
    return client;
  }

  /** Where the programs are; the script says what it does if it has to get them first. */
  private static Path binaries(Path root) throws IOException, InterruptedException {
    Process get =
        new ProcessBuilder(root.resolve("operator/apiserver/get").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String folder = new String(get.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (get.waitFor() != 0) {
      throw new IOException("no kube-apiserver and etcd for the tests; see the lines above");
    }
    return Path.of(folder);
  }

  @Override
  public void close() {
    client.close();
    server.stop();
  }
}
