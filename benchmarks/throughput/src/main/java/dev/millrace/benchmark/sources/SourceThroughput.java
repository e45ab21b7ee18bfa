package dev.millrace.benchmark.sources;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs each source beside its ceilings, and prints medians and ratios. */
@Command(
    name = "sources",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    subcommands = LargeCsv.class,
    description = {
      "How fast our source connectors are, each beside what bounds it, in one run: a bare client that",
      "only counts, and kafka-producer-perf-test with the bytes that the connector wrote, into the same",
      "broker with the same settings. Connectors run in a real Connect; what has arrived is read from",
      "Kafka, by the broker's own clock, from the first append to the last. One task, one partition.",
      "Rounds are interleaved; the table has their medians."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  benchmarks/sources                      all of them: some ten minutes",
      "  benchmarks/sources csv parquet          two of them",
      "  benchmarks/sources --scale 0.1 --rounds 1 rest      a quick look"
    })
public final class SourceThroughput implements Callable<Integer> {
  @Parameters(
      paramLabel = "SOURCE",
      description =
          "csv, jsonl, parquet, rest, mqtt, cdc-snapshot, cdc-streaming, datagen. Default: all.")
  private List<String> chosen = List.of();

  @Option(names = "--rounds", paramLabel = "N", description = "Default: 3.")
  private int rounds = 3;

  @Option(
      names = "--scale",
      paramLabel = "FACTOR",
      description = "How much is read: 1 is a million rows of a file. Default: 1.")
  private double scale = 1;

  @Option(
      names = "--heap",
      paramLabel = "MB",
      description = "Of Connect. Default: 768, as a laptop's run has it.")
  private int heap = 768;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "What our connectors' configuration has besides, such as tasks.max=2.")
  private Map<String, String> settings = Map.of();

  @Option(
      names = "--profile",
      paramLabel = "FILE",
      description = "Has Connect write a recording of JDK Flight Recorder when it stops.")
  private Path profile;

  @Option(
      names = "--keep",
      paramLabel = "DIR",
      description = "Where to work, and to leave logs. Default: a temporary folder, removed.")
  private Path keep;

  private final SnapshotSource.Shared database = new SnapshotSource.Shared();
  private Path work;

  /** Exits with 0 if all could be measured. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new SourceThroughput()).execute(args));
  }

  private int records(int atOne) {
    return Math.max(1000, (int) (atOne * scale));
  }

  private Map<String, Supplier<Source>> sources() {
    Map<String, Supplier<Source>> sources = new LinkedHashMap<>();
    for (String format : List.of("csv", "jsonl", "parquet")) {
      sources.put(format, () -> new FileSource(format, records(1_000_000), work));
    }
    sources.put("rest", () -> new RestSource(records(500_000)));
    sources.put("mqtt", () -> new MqttSource(records(100_000)));
    sources.put("cdc-snapshot", () -> new SnapshotSource(records(500_000), database));
    sources.put("cdc-streaming", () -> new StreamingSource(records(300_000), database));
    sources.put("datagen", () -> new DatagenSource(records(1_000_000)));
    return sources;
  }

  @Override
  public Integer call() throws Exception {
    Map<String, Supplier<Source>> sources = sources();
    for (String name : chosen) {
      if (!sources.containsKey(name)) {
        System.err.println("There is no source '" + name + "'; there are " + sources.keySet());
        return 2;
      }
    }
    work = keep == null ? Files.createTempDirectory("sources") : Files.createDirectories(keep);
    List<String> options =
        profile == null
            ? List.of()
            : List.of(
                "-XX:StartFlightRecording=settings=profile,dumponexit=true,filename="
                    + profile.toAbsolutePath());
    System.out.printf(
        "%-16s %9s %6s %10s %10s %10s %9s %9s%n",
        "source", "records", "bytes", "bare/s", "perf/s", "ours/s", "ours:perf", "ours:bare");
    try (Stack stack = new Stack(work, plugins(), new Stack.Options(heap, options, settings))) {
      Peer peer = new Peer(stack, work);
      for (Map.Entry<String, Supplier<Source>> entry : sources.entrySet()) {
        if (chosen.isEmpty() || chosen.contains(entry.getKey())) {
          measure(entry.getValue().get(), stack, peer);
        }
      }
    } finally {
      if (keep == null) {
        remove(work);
      }
    }
    return 0;
  }

  /** Those that the build of each connector leaves in its folder. */
  static List<Path> plugins() throws IOException {
    Path root = Path.of(System.getProperty("millrace.home", "."));
    List<Path> plugins = new ArrayList<>();
    for (String connector : List.of("datagen", "files", "mqtt", "rest", "registry")) {
      Path folder = root.resolve("connectors").resolve(connector).resolve("target/plugins");
      if (!Files.isDirectory(folder)) {
        throw new IOException(folder + " is not there: build it with './mvnw package -DskipTests'");
      }
      plugins.add(folder);
    }
    return plugins;
  }

  private void measure(Source source, Stack stack, Peer peer) throws Exception {
    try (source) {
      source.open(stack);
      List<Double> bare = new ArrayList<>();
      List<Double> perf = new ArrayList<>();
      List<Double> ours = new ArrayList<>();
      double bytes = 0;
      for (int round = 0; round < rounds; round++) {
        source.before(round);
        Optional<Double> seconds = source.bare();
        seconds.ifPresent(s -> bare.add(source.records() / s));
        Stack.Arrival arrival = source.connector(round);
        ours.add(arrival.rate());
        bytes = arrival.bytesPerRecord();
        // Enough of them that the start of its JVM does not count.
        int sent = Math.max(source.records(), records(1_000_000));
        perf.add(peer.run("perf-test", sent, arrival.sample()).rate());
      }
      print(source, bytes, bare, perf, ours);
    }
  }

  private static void print(
      Source source, double bytes, List<Double> bare, List<Double> perf, List<Double> ours) {
    System.out.printf(
        Locale.ROOT,
        "%-16s %9d %6.0f %10s %10.0f %10.0f %9.2f %9s%n",
        source.name(),
        source.records(),
        bytes,
        bare.isEmpty() ? "-" : String.format(Locale.ROOT, "%.0f", median(bare)),
        median(perf),
        median(ours),
        median(ours) / median(perf),
        bare.isEmpty() ? "-" : String.format(Locale.ROOT, "%.2f", median(ours) / median(bare)));
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  static void remove(Path work) throws IOException {
    try (Stream<Path> all = Files.walk(work)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
