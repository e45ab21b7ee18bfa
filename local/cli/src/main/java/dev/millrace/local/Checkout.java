package dev.millrace.local;

import dev.millrace.planner.Hashes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Where the parts of Millrace are: in the checkout that the command was built in. */
record Checkout(Path home) {
  private static final Pattern SPARK = Pattern.compile("spark-core_[^-]*-(.*)\\.jar");

  static Checkout locate() throws Refusal {
    String home = System.getProperty("millrace.home");
    if (home == null) {
      throw new Refusal("the system property millrace.home is not set: start it by ./millrace");
    }
    Checkout checkout = new Checkout(Path.of(home).toAbsolutePath());
    for (Path needed : checkout.plugins()) {
      if (!Files.isDirectory(needed)) {
        throw new Refusal(needed + " is missing: ./mvnw package builds it");
      }
    }
    if (!Files.isDirectory(checkout.jobLibraries())) {
      throw new Refusal(checkout.jobLibraries() + " is missing: ./mvnw package builds it");
    }
    return checkout;
  }

  /** Folders of Connect plugins. */
  List<Path> plugins() {
    return List.of(
        home.resolve("connectors/datagen/target/plugins"),
        home.resolve("connectors/elasticsearch/target/plugins"),
        home.resolve("connectors/rest/target/plugins"),
        home.resolve("connectors/mqtt/target/plugins"),
        home.resolve("connectors/files/target/plugins"),
        home.resolve("connectors/registry/target/plugins"));
  }

  /** Jars of the Spark job, Spark among them. */
  Path jobLibraries() {
    return home.resolve("spark-apps/pipeline-job/target/lib");
  }

  /** Folder of the module that transforms in Python import. */
  Path pythonModules() {
    return home.resolve("spark-apps/pipeline-job/src/main/python");
  }

  /** Version of the Spark that jobs run with. */
  String sparkVersion() throws IOException {
    try (Stream<Path> jars = Files.list(jobLibraries())) {
      return jars.map(j -> SPARK.matcher(j.getFileName().toString()))
          .filter(Matcher::matches)
          .map(m -> m.group(1))
          .findFirst()
          .orElseThrow(() -> new IOException(jobLibraries() + " holds no spark-core"));
    }
  }

  /** Options that Spark needs of a JVM. */
  static List<String> sparkOptions() {
    return List.of(Main.property("spark.jvm.opens").split("\\s+"));
  }

  /** Changes with the analyser: what another one has said does not count. */
  String analyserVersion() throws IOException {
    try (Stream<Path> jars = Files.list(jobLibraries())) {
      Path jar =
          jars.filter(j -> j.getFileName().toString().startsWith("millrace-spark-sql"))
              .findFirst()
              .orElseThrow(() -> new IOException(jobLibraries() + " holds no millrace-spark-sql"));
      return Hashes.of(Files.size(jar) + " " + Files.getLastModifiedTime(jar));
    }
  }

  /** The SQL analyser's command line. */
  List<String> analyser() {
    List<String> command = new java.util.ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss4m"));
    command.addAll(sparkOptions());
    command.addAll(List.of("-cp", jobLibraries() + "/*", "dev.millrace.spark.sql.AnalyzerMain"));
    return command;
  }
}
