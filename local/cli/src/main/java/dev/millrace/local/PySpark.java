package dev.millrace.local;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a transform in Python imports: PySpark of the version that runs it, and our own module. The
 * first is got from PyPI by pip when it is needed first (300 MB, most of them jars that are there
 * already), and 2.5 MB of it are kept in the user's cache.
 *
 * @param folder holds the archives that are put on Python's path
 * @param module folder of our own module
 */
record PySpark(Path folder, Path module) {
  private static final long PATIENCE_MINUTES = 10;

  /** Takes the two archives out of pip's, whose name and place are its arguments. */
  private static final String UNPACK =
      """
      import os, shutil, sys, tarfile
      with tarfile.open(sys.argv[1]) as all:
          for entry in all:
              if "/lib/" in entry.name and entry.name.endswith(".zip") and "/deps/" not in entry.name:
                  with open(os.path.join(sys.argv[2], os.path.basename(entry.name)), "wb") as out:
                      shutil.copyfileobj(all.extractfile(entry), out)
      """;

  /**
   * The one of a build.
   *
   * @throws IOException with what is missing, and how it can be had
   */
  static PySpark of(Checkout checkout) throws IOException {
    Path folder = cache().resolve("pyspark-" + checkout.sparkVersion());
    if (!Files.isDirectory(folder)) {
      fetch(checkout.sparkVersion(), folder);
    }
    return new PySpark(folder, checkout.pythonModules());
  }

  private static Path cache() {
    String configured = System.getenv("XDG_CACHE_HOME");
    Path cache =
        configured == null || configured.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(configured);
    return cache.resolve("millrace");
  }

  private static void fetch(String version, Path folder) throws IOException {
    Files.createDirectories(folder.getParent());
    Path half = Files.createTempDirectory(folder.getParent(), folder.getFileName() + "-");
    try {
      run("a transform in Python needs python3", half, "python3", "--version");
      run("PySpark is got by pip", half, "python3", "-m", "pip", "--version");
      Path download = Files.createDirectory(half.resolve("download"));
      run(
          "PySpark " + version + " can not be had from PyPI",
          half,
          "python3",
          "-m",
          "pip",
          "download",
          "--no-deps",
          "--dest",
          download.toString(),
          "pyspark==" + version);
      Path unpacked = Files.createDirectory(half.resolve("unpacked"));
      run(
          "PySpark " + version + " can not be unpacked",
          half,
          "python3",
          "-c",
          UNPACK,
          download.resolve("pyspark-" + version + ".tar.gz").toString(),
          unpacked.toString());
      try {
        Files.move(unpacked, folder);
      } catch (FileAlreadyExistsException e) {
        // Another run was faster.
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("PySpark was not got: interrupted", e);
    } finally {
      delete(half);
    }
  }

  private static void run(String what, Path folder, String... command)
      throws IOException, InterruptedException {
    Path output = folder.resolve("output");
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
    } catch (IOException e) {
      throw new IOException(
          what + ": there is no " + command[0] + " (Debian: apt-get install python3 python3-pip)",
          e);
    }
    try {
      boolean done = process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES);
      if (!done || process.exitValue() != 0) {
        List<String> said =
            Files.readAllLines(output).stream()
                .filter(l -> !l.isBlank())
                .map(String::strip)
                .toList();
        throw new IOException(
            what
                + ": "
                + (done ? "" : "not within " + PATIENCE_MINUTES + " minutes: ")
                + said.stream()
                    .filter(l -> l.startsWith("ERROR"))
                    .reduce((a, b) -> b)
                    .orElse(said.isEmpty() ? "no reason given" : said.get(said.size() - 1))
                + " (Debian: apt-get install python3 python3-pip)");
      }
    } finally {
      process.destroyForcibly();
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** What both the program and its workers need. */
  Map<String, String> environment() throws IOException {
    try (Stream<Path> archives = Files.list(folder)) {
      String path =
          Stream.concat(archives.sorted(), Stream.of(module))
              .map(Path::toString)
              .collect(Collectors.joining(":"));
      return Map.of("PYTHONPATH", path, "PYSPARK_PYTHON", "python3", "PYTHONHASHSEED", "0");
    }
  }
}
