package dev.millrace.console;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The console's process on a cluster: runs until SIGTERM. */
@Command(
    name = "millrace-console",
    mixinStandardHelpOptions = true,
    description = {
      "Serves the page of one Platform's pipelines on 127.0.0.1: what the operator has observed.",
      "It changes nothing, and needs no permission in the cluster."
    },
    sortOptions = false,
    footerHeading = "%nExample:%n",
    footer = {
      "  millrace-console --operator https://millrace.millrace-system.svc:8444 --namespace data",
      "",
      "In a pod, only kubectl port-forward reaches it.",
      "Each option can also be set by the environment variable that it names."
    })
public final class Main implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(Main.class);

  @Spec private CommandLine.Model.CommandSpec spec;

  @Option(
      names = "--operator",
      required = true,
      paramLabel = "URL",
      defaultValue = "${MILLRACE_OPERATOR}",
      description = "Where the operator tells what it has observed. MILLRACE_OPERATOR")
  private URI operator;

  @Option(
      names = "--namespace",
      required = true,
      paramLabel = "NAME",
      defaultValue = "${MILLRACE_NAMESPACE}",
      description = "The Platform's namespace. MILLRACE_NAMESPACE")
  private String namespace;

  @Option(
      names = "--platform",
      paramLabel = "NAME",
      defaultValue = "${MILLRACE_PLATFORM:-default}",
      description = "The Platform. Default: default. MILLRACE_PLATFORM")
  private String platform;

  @Option(
      names = "--credentials",
      paramLabel = "DIR",
      defaultValue = "${MILLRACE_CONSOLE_CREDENTIALS:-/etc/millrace/console}",
      description =
          "Folder with token, which the operator knows us by, and ca.crt, which has signed its"
              + " certificate. Default: /etc/millrace/console. MILLRACE_CONSOLE_CREDENTIALS")
  private Path credentials;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "${MILLRACE_PORT:-8090}",
      description = "Default: 8090. MILLRACE_PORT")
  private int port;

  /** Runs the console; exits with 0 after SIGTERM, 1 if it can not start, 2 for wrong options. */
  public static void main(String[] args) {
    int code = new CommandLine(new Main()).execute(args);
    // By a signal, handlers are running, which wait for this: an exit would wait for them.
    Runtime.getRuntime().halt(code);
  }

  @Override
  public Integer call() throws IOException, GeneralSecurityException, InterruptedException {
    Path token = credentials.resolve("token");
    if (!Files.isReadable(token)) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--credentials '" + credentials + "': there is no file 'token'");
    }
    URI observed =
        URI.create(
            operator.toString().replaceAll("/+$", "") + "/observed/" + namespace + "/" + platform);
    CountDownLatch stop = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(stop::countDown, "shutdown"));
    HttpClient http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .sslContext(trusting(credentials.resolve("ca.crt")))
            .build();
    try (ConsoleServer server = new ConsoleServer(port, new OperatorData(observed, token, http))) {
      log.info("Platform {}/{} at {}", namespace, platform, server.address());
      stop.await();
    }
    return 0;
  }

  /**
   * Trusts what an authority has signed, and nobody else.
   *
   * @param authority its certificate, as PEM
   */
  public static SSLContext trusting(Path authority) throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream in = Files.newInputStream(authority)) {
      int i = 0;
      for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("ca-" + i++, one);
      }
    }
    TrustManagerFactory managers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }
}
