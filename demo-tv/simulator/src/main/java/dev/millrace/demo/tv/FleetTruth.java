package dev.millrace.demo.tv;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.avro.generic.GenericRecord;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Compares what the {@link Fleet} says it has published with the stream of telemetry. Exits with 1
 * if a report is missing there. One that is there and not in the ledger arrived, and the fleet was
 * not told.
 */
@Command(
    name = "fleet-truth",
    mixinStandardHelpOptions = true,
    description = "Looks for each report that the fleet has published in Kafka.",
    exitCodeOnInvalidInput = 2)
public final class FleetTruth implements Callable<Integer> {
  @Option(names = "--bootstrap-servers", required = true, description = "Kafka")
  String bootstrapServers;

  @Option(names = "--registry", required = true, description = "Confluent-compatible base URL")
  String registry;

  @Option(names = "--ledger", required = true, description = "the fleet's file of that name")
  Path ledger;

  @Option(names = "--topic", description = "default: ${DEFAULT-VALUE}")
  String topic = "tv.telemetry";

  public static void main(String[] args) {
    System.exit(new CommandLine(new FleetTruth()).execute(args));
  }

  @Override
  public Integer call() throws IOException {
    String written = Files.readString(ledger);
    // The fleet may be in the middle of a line.
    Set<String> published =
        written.substring(0, written.lastIndexOf('\n') + 1).lines().collect(Collectors.toSet());
    Set<String> found = new HashSet<>();
    int[] records = new int[1];
    Topics topics = new Topics(bootstrapServers, registry);
    topics.readAll(
        topic,
        r -> {
          GenericRecord report = topics.decode(r.value());
          found.add(report.get("device_id") + " " + report.get("seq"));
          records[0]++;
        });
    System.out.printf(
        "published: %,d, in Kafka: %,d in %,d records%n",
        published.size(), found.size(), records[0]);
    published.removeAll(found);
    published.stream().limit(5).forEach(p -> System.out.println("  missing: " + p));
    System.out.println(
        published.isEmpty() ? "ALL THERE" : "MISSING: " + published.size() + " reports");
    return published.isEmpty() ? 0 : 1;
  }
}
