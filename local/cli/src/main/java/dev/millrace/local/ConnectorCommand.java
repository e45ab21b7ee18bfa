package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.local.connector.ConnectorDev;
import dev.millrace.local.connector.ConnectorException;
import dev.millrace.local.connector.DevSecrets;
import dev.millrace.local.connector.DevSettings;
import dev.millrace.model.Durations;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** For who writes connectors. */
@Command(
    name = "connector",
    mixinStandardHelpOptions = true,
    description = "For who writes Kafka Connect connectors.",
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    subcommands = ConnectorCommand.Dev.class)
final class ConnectorCommand implements Runnable {
  @Spec CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing: connector dev");
  }

  /** Runs a connector while it is written. */
  @Command(
      name = "dev",
      mixinStandardHelpOptions = true,
      description = {
        "Runs a connector while you write it: any Kafka Connect plugin, in a worker of its own, with a Kafka and a schema"
            + " registry of its own unless it is given others.",
        "When a build has left other files, the worker is replaced, and the connector goes on from its offsets. An edited"
            + " configuration is taken at once. The first records that a source writes are shown.",
        "A plugin is a jar, a folder of jars or classes, Maven's target (with its lib and plugins) or Gradle's build/libs, or"
            + " the module's folder. The worker has a copy of it: a build may write over its own.",
        "In the configuration $${kafka.bootstrap.servers} and $${registry.url} stand for where these are, and"
            + " $${secrets:NAME:KEY} for a key of a Secret. Converters it does not name are Avro with the registry; without"
            + " one JSON."
      },
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {
        "  millrace connector dev my-connector -c orders.yaml      a Maven module",
        "  millrace connector dev target/my-1.0.jar -c orders.json --once --show 3",
        "  millrace connector dev plugin/ -c sink.yaml --run demo-tv   in a run's Kafka",
        "  millrace connector dev plugin/ -c orders.properties --kafka broker:9092",
        "  millrace connector dev plugin/ -c orders.yaml --secret db=db.env",
        "",
        "Exit codes: 0 done; 1 something failed or is wrong; 2 the command line is wrong;",
        "3 --run is not running; 130 Ctrl-C."
      })
  static final class Dev implements Callable<Integer> {
    private static final String STATE = ".millrace-connector";

    @Spec CommandSpec spec;

    @Parameters(
        arity = "1..*",
        paramLabel = "PLUGIN",
        description = "Files and folders; each is a plugin with a class loader of its own.")
    List<Path> plugins;

    @Option(
        names = {"-c", "--config"},
        required = true,
        paramLabel = "FILE",
        description =
            "The connector's configuration: .yaml, .json (as Connect's REST API has it too) or .properties. Its name is the"
                + " key 'name', or else the file's.")
    Path config;

    @Option(
        names = "--run",
        paramLabel = "DIR",
        description = "Use Kafka, registry and Secrets of a running 'millrace run DIR'.")
    Path run;

    @Option(
        names = "--kafka",
        paramLabel = "HOST:PORT",
        description = "Use this Kafka. Offsets on it are forgotten at the end, but for --keep.")
    String kafka;

    @Option(
        names = "--kafka-config",
        paramLabel = "FILE",
        description = "What its clients need besides: properties such as security.protocol.")
    Path kafkaConfig;

    @Option(
        names = "--registry",
        paramLabel = "URL",
        description = "Use this schema registry (Confluent's API).")
    String registry;

    @Option(
        names = "--secret",
        paramLabel = "NAME=FILE",
        description =
            "A Secret: a file of lines KEY=VALUE, a folder with a file for each key, or NAME/KEY=FILE. Its values are never"
                + " shown. May be repeated.")
    List<String> secrets = List.of();

    @Option(
        names = "--show",
        paramLabel = "N",
        defaultValue = "5",
        description = "How many records to show after each start (default: ${DEFAULT-VALUE}).")
    int show;

    @Option(names = "--fresh", description = "Forget offsets, and all else of earlier runs.")
    boolean fresh;

    @Option(
        names = "--keep",
        description = "With --run or --kafka: leave the offsets there, for the next start.")
    boolean keep;

    @Option(
        names = "--once",
        description =
            "Do not watch: end when a source's first records have been shown, or a sink has taken all there are, with exit code"
                + " 0; and with 1 when something is wrong.")
    boolean once;

    @Option(
        names = "--within",
        paramLabel = "DURATION",
        defaultValue = "60s",
        description = "How long --once waits for records (default: ${DEFAULT-VALUE}).")
    String within;

    @Option(
        names = "--log-level",
        paramLabel = "LEVEL",
        defaultValue = "info",
        description = "What of the plugin's log is shown: error, warn, info, debug, trace.")
    String level;

    @Option(names = "--verbose", description = "Show Connect's own log too.")
    boolean verbose;

    @Override
    public Integer call() throws Refusal, IOException, InterruptedException {
      check();
      Checkout checkout = Checkout.locate();
      try {
        DevSecrets known = new DevSecrets();
        Optional<JsonNode> beside = Optional.empty();
        if (run != null) {
          beside = Optional.of(beside());
          known.addAll(new StateDirectory(run).secrets());
        }
        for (String secret : secrets) {
          known.add(secret);
        }
        Path folder = config.toAbsolutePath().normalize().resolveSibling(STATE);
        String stem = config.getFileName().toString().replaceFirst("\\.[^.]*$", "");
        StateDirectory state = StateDirectory.at(folder.resolve(stem));
        DevSettings settings =
            new DevSettings(
                plugins,
                config,
                state.path(),
                beside.isPresent()
                    ? Optional.of(Running.endpoint(beside.get(), "kafka"))
                    : Optional.ofNullable(kafka),
                client(),
                beside.isPresent() && registry == null
                    ? Optional.of(Running.endpoint(beside.get(), "registry"))
                    : Optional.ofNullable(registry),
                List.of(checkout.home().resolve("connectors/registry/target/plugins")),
                known,
                show,
                once,
                duration(),
                fresh,
                keep,
                level,
                verbose);
        ConnectorDev dev =
            new ConnectorDev(settings, spec.commandLine().getOut(), Clock.systemUTC());
        state.lock();
        Files.writeString(folder.resolve(".gitignore"), "*\n");
        if (fresh) {
          state.wipe();
        }
        CommandLog.toFile(state.log());
        try {
          return dev.run();
        } finally {
          state.stopped();
        }
      } catch (ConnectorException e) {
        throw new Refusal(Main.FAILED, e.lines().stream().map(l -> "millrace: " + l).toList());
      }
    }

    private void check() {
      for (Path plugin : plugins) {
        if (!Files.exists(plugin)) {
          throw wrong(plugin + ": no such file or folder");
        }
      }
      if (run != null && (kafka != null || kafkaConfig != null)) {
        throw wrong("--run and --kafka: the run's Kafka, or another one");
      }
      if (kafka != null && !kafka.matches("[^\\s,:]+:\\d{1,5}(,[^\\s,:]+:\\d{1,5})*")) {
        throw wrong("--kafka '" + kafka + "': expected HOST:PORT");
      }
      if (kafkaConfig != null && kafka == null) {
        throw wrong("--kafka-config goes with --kafka");
      }
      if (keep && kafka == null && run == null) {
        throw wrong(
            "--keep goes with --kafka or --run: what is on a Kafka of its own stays anyway");
      }
      if (registry != null && !registry.matches("https?://\\S+")) {
        throw wrong("--registry '" + registry + "': expected a URL such as http://localhost:8081");
      }
      if (show < 0) {
        throw wrong("--show " + show + ": expected a number from 0 on");
      }
      if (!List.of("error", "warn", "info", "debug", "trace").contains(level)) {
        throw wrong("--log-level '" + level + "': expected error, warn, info, debug or trace");
      }
    }

    private Duration duration() {
      return Durations.parse(within)
          .orElseThrow(() -> wrong("--within '" + within + "': expected a duration such as 60s"));
    }

    private ParameterException wrong(String why) {
      return new ParameterException(spec.commandLine(), why);
    }

    private JsonNode beside() throws Refusal {
      StateDirectory state = new StateDirectory(run);
      if (state.running().isEmpty()) {
        throw new Refusal(
            Main.NOT_RUNNING,
            List.of(
                "millrace: --run: " + run + " is not running.",
                "'millrace run "
                    + run
                    + " --detach' starts it; without --run there is a Kafka of its own."));
      }
      return state
          .status()
          .orElseThrow(() -> new Refusal("the run is starting: try again in a moment"));
    }

    private Map<String, String> client() throws ConnectorException, Refusal {
      Map<String, String> client = new TreeMap<>();
      if (kafkaConfig != null) {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(kafkaConfig)) {
          properties.load(reader);
        } catch (IOException | IllegalArgumentException e) {
          throw new Refusal("--kafka-config: " + kafkaConfig + " can not be read");
        }
        properties.forEach((k, v) -> client.put(k.toString(), v.toString().strip()));
        client.remove("bootstrap.servers");
      }
      return client;
    }
  }
}
