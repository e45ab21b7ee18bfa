package dev.millrace.local;

import io.fabric8.kubernetes.api.model.NamedAuthInfo;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.internal.KubeConfigUtils;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Whether a command talks to a cluster rather than to a run on this machine, and to which. */
final class ClusterOptions {
  @Option(
      names = "--cluster",
      description =
          "On the cluster of your kubeconfig, not on this machine. The three below imply it.")
  boolean cluster;

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAMESPACE",
      description = "The namespace of the Pipelines (default: that of the context).")
  String namespace;

  @Option(
      names = "--context",
      paramLabel = "CONTEXT",
      description = "The kubeconfig's context (default: the current one).")
  String context;

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description = "The kubeconfig (default: $KUBECONFIG, or ~/.kube/config).")
  File kubeconfig;

  boolean asked() {
    return cluster || namespace != null || context != null || kubeconfig != null;
  }

  /** The same options, for the command that comes next. */
  String flags() {
    if (!asked()) {
      return "";
    }
    List<String> flags = new ArrayList<>();
    Optional.ofNullable(kubeconfig).ifPresent(f -> flags.add("--kubeconfig " + f));
    Optional.ofNullable(context).ifPresent(c -> flags.add("--context " + c));
    Optional.ofNullable(namespace).ifPresent(n -> flags.add("-n " + n));
    return " " + (flags.isEmpty() ? "--cluster" : String.join(" ", flags));
  }

  /**
   * Connects to the cluster.
   *
   * @throws Refusal if the kubeconfig does not say which
   */
  Cluster connect() throws Refusal {
    if (kubeconfig != null && !kubeconfig.isFile()) {
      throw new Refusal("--kubeconfig '" + kubeconfig + "': there is no such file");
    }
    Config config;
    try {
      config =
          kubeconfig == null
              ? Config.autoConfigure(context)
              : Config.fromKubeconfig(context, kubeconfig);
    } catch (RuntimeException e) {
      throw new Refusal(
          "the kubeconfig can not be read: "
              + (e.getCause() == null ? e : e.getCause()).getMessage());
    }
    if (config.getCurrentContext() == null && config.getOauthToken() == null) {
      throw new Refusal(
          "no cluster: there is no kubeconfig with a current context; name one by --kubeconfig,"
              + " $KUBECONFIG or --context");
    }
    if (context != null && !context.equals(config.getCurrentContext().getName())) {
      throw new Refusal("--context '" + context + "': the kubeconfig has no such context");
    }
    impersonate(config);
    ConfigBuilder made =
        new ConfigBuilder(config)
            .withConnectionTimeout(5_000)
            .withRequestTimeout(40_000)
            .withRequestRetryBackoffLimit(0);
    String where =
        namespace != null
            ? namespace
            : Optional.ofNullable(config.getNamespace()).orElse("default");
    return new Cluster(
        new KubernetesClientBuilder().withConfig(made.withNamespace(where).build()).build(), where);
  }

  /** {@code as} and {@code as-groups} of the kubeconfig's user, which the client does not read. */
  private static void impersonate(Config config) {
    File file = config.getFileWithAuthInfo();
    if (file == null || config.getCurrentContext() == null) {
      return;
    }
    String user = config.getCurrentContext().getContext().getUser();
    for (NamedAuthInfo named : KubeConfigUtils.parseConfig(file).getUsers()) {
      if (named.getName().equals(user) && named.getUser().getAs() != null) {
        config.setImpersonateUsername(named.getUser().getAs());
        config.setImpersonateGroups(
            Optional.ofNullable(named.getUser().getAsGroups())
                .orElse(List.of())
                .toArray(String[]::new));
      }
    }
  }
}
