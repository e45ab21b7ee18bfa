package dev.millrace.local;

import dev.millrace.planner.Hashes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A JVM with Spark in it that is made to start soon rather than to run long. Half of a cold start
 * is the reading of some 13,000 classes. So the first run notes which, then an archive of them is
 * made in the background, once for each build, and every later run maps it.
 */
final class SparkJvm {
  private static final int MOST_LANES = 4;

  /** An archive that is not there after this will not come. */
  private static final Duration LONGEST_MAKING = Duration.ofMinutes(5);

  private final Checkout checkout;
  private final String use;
  private final List<String> options;
  private final List<String> main;
  private final Path archive;
  private final Path noted;

  private SparkJvm(Checkout checkout, String use, List<String> options, List<String> main)
      throws IOException {
    this.checkout = checkout;
    this.use = use;
    this.options = options;
    this.main = main;
    Path folder = checkout.jobLibraries().resolveSibling("classes-archive");
    String name = use + "-" + version(checkout);
    this.archive = folder.resolve(name + ".jsa");
    this.noted = folder.resolve(name + "-" + ProcessHandle.current().pid() + ".classes");
  }

  /** Runs tests. */
  static SparkJvm tests(Checkout checkout) throws IOException {
    return new SparkJvm(
        checkout,
        "tests",
        List.of("-Dlog4j2.configurationFile=millrace-tests-log4j2.properties"),
        List.of(
            "dev.millrace.spark.job.TestServer",
            Integer.toString(
                Math.max(1, Math.min(MOST_LANES, Runtime.getRuntime().availableProcessors())))));
  }

  /**
   * Answers one question.
   *
   * @param folder for it alone
   */
  static SparkJvm query(Checkout checkout, Path folder) throws IOException {
    return new SparkJvm(
        checkout,
        "query",
        List.of(
            "-Djava.io.tmpdir=" + folder,
            "-Dlog4j2.disable.jmx=true",
            "-Dlog4j2.configurationFile=millrace-query-log4j2.properties"),
        List.of("dev.millrace.spark.query.QueryMain", folder.toString()));
  }

  /** Changes with the JVM and any jar: an archive of others would not be taken. */
  private static String version(Checkout checkout) throws IOException {
    StringBuilder jars = new StringBuilder(System.getProperty("java.vm.version"));
    for (Path jar : jars(checkout)) {
      jars.append(jar).append(Files.size(jar)).append(Files.getLastModifiedTime(jar));
    }
    return Hashes.of(jars.toString());
  }

  private static List<Path> jars(Checkout checkout) throws IOException {
    try (Stream<Path> files = Files.list(checkout.jobLibraries())) {
      return files.filter(f -> f.toString().endsWith(".jar")).sorted().toList();
    }
  }

  List<String> command() throws IOException {
    List<String> command = java();
    if (Files.exists(archive)) {
      command.addAll(List.of("-Xshare:auto", "-XX:SharedArchiveFile=" + archive));
    } else if (!beingMade()) {
      Files.createDirectories(archive.getParent());
      command.add("-XX:DumpLoadedClassList=" + noted);
    }
    command.addAll(
        List.of(
            // What the JVM has to say must not get between the answers.
            "-Xlog:disable",
            "-Xlog:all=error:stderr",
            "-XX:TieredStopAtLevel=1",
            "-Xss4m",
            "-Xms384m",
            "-Xmn192m",
            // Or the heap is collected each time that there are more classes than ever before.
            "-XX:MetaspaceSize=256m"));
    command.addAll(options);
    command.addAll(List.of("-cp", classPath()));
    command.addAll(main);
    return command;
  }

  private static List<String> java() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx1g", "-XX:+UseSerialGC"));
    command.addAll(Checkout.sparkOptions());
    return command;
  }

  /** What the archive is made from, there since its making began. */
  private Path list() {
    return archive.resolveSibling(archive.getFileName() + ".classes");
  }

  /** Whether another process is at it: one is enough. */
  private boolean beingMade() throws IOException {
    try {
      return Files.getLastModifiedTime(list())
          .toInstant()
          .isAfter(Clock.systemUTC().instant().minus(LONGEST_MAKING));
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private void ofOtherBuilds() throws IOException {
    try (Stream<Path> files = Files.list(archive.getParent())) {
      for (Path file :
          files
              .filter(f -> f.getFileName().toString().matches(use + "-[^-]*\\.jsa(\\.classes)?"))
              .toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  private String classPath() throws IOException {
    return String.join(
        java.io.File.pathSeparator, jars(checkout).stream().map(Path::toString).toList());
  }

  /** To be called when this process ends, however it does. */
  void forget() throws IOException {
    Files.deleteIfExists(noted);
  }

  /**
   * To be called when the JVM has ended: makes the archive if there is none. That goes on when this
   * process has ended too; the archive takes its place when it is whole.
   *
   * @param ran whether it did its work: otherwise it has not seen all the classes
   */
  void archive(boolean ran) {
    try {
      if (!ran || Files.exists(archive) || beingMade()) {
        Files.deleteIfExists(noted);
        return;
      }
      if (!Files.exists(noted)) {
        return;
      }
      ofOtherBuilds();
      Files.move(noted, list(), StandardCopyOption.REPLACE_EXISTING);
      Files.setLastModifiedTime(list(), FileTime.from(Clock.systemUTC().instant()));
      Path half = noted.resolveSibling(noted.getFileName() + ".half");
      List<String> dump = java();
      dump.addAll(
          List.of(
              "-Xshare:dump",
              "-XX:SharedClassListFile=" + list(),
              "-XX:SharedArchiveFile=" + half,
              "-cp",
              classPath()));
      List<String> command =
          new ArrayList<>(
              List.of(
                  "sh",
                  "-c",
                  "half=$1; whole=$2; shift 2; nice -n 19 \"$@\" && mv \"$half\" \"$whole\" || rm -f \"$half\"",
                  "archive",
                  half.toString(),
                  archive.toString()));
      command.addAll(dump);
      new ProcessBuilder(command)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
          .start();
    } catch (IOException e) {
      // Then tests start as they did this time.
    }
  }
}
