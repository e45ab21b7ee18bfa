package dev.millrace.local.connector;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The lines of a worker's log that are the connector's own, as they come. */
final class WorkerLog {
  private static final Pattern ENTRY =
      Pattern.compile(
          "\\d{4}-\\d\\d-\\d\\dT(\\d\\d:\\d\\d:\\d\\d)\\S* (\\w+) +(?:\\[([^\\]]*)] )?([\\w.$]+): (.*)");
  private static final Pattern FRAMEWORK =
      Pattern.compile(
          "(org\\.apache\\.kafka|org\\.eclipse\\.jetty|org\\.glassfish|org\\.reflections)\\..*");
  private static final Pattern UNLOADABLE =
      Pattern.compile(
          "NoClassDefFoundError|ClassNotFoundException|UnsupportedClassVersionError|ServiceConfigurationError|LinkageError");
  private static final int BLOCK = 256 * 1024;

  private final Path file;
  private final Lines lines;
  private final boolean all;
  private long position;
  private boolean shown;

  /**
   * @param all whether to show what Connect itself logs too
   */
  WorkerLog(Path file, Lines lines, boolean all) {
    this.file = file;
    this.lines = lines;
    this.all = all;
  }

  /** Shows what has been added. */
  void show() throws IOException {
    if (!Files.exists(file)) {
      return;
    }
    try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
      if (log.length() < position) {
        // A worker that died has been started again, with a log of its own.
        position = 0;
      }
      log.seek(position);
      byte[] block = new byte[BLOCK];
      for (int n = log.read(block); n > 0; n = log.read(block)) {
        int whole = n;
        while (whole > 0 && block[whole - 1] != '\n') {
          whole--;
        }
        int taken = whole == 0 && n == BLOCK ? n : whole;
        if (taken == 0) {
          return;
        }
        position += taken;
        log.seek(position);
        new String(block, 0, taken, StandardCharsets.UTF_8).lines().forEach(this::line);
      }
    }
  }

  private void line(String line) {
    Matcher entry = ENTRY.matcher(line);
    if (!entry.matches()) {
      // A line of a stack trace belongs to the entry before; else somebody has printed something.
      boolean trace =
          line.isBlank()
              || line.matches("\\s.*|\\*.*|Caused by: .*|[\\w.$]+(Exception|Error)(: .*)?");
      if (trace ? shown : !line.startsWith("WARNING: ")) {
        lines.say("", line);
      }
      return;
    }
    shown = all || !FRAMEWORK.matcher(entry.group(4)).matches();
    if (shown) {
      String context =
          entry.group(3) == null ? "" : entry.group(3).replaceFirst("^[^|]*\\|", "") + " ";
      String logger = entry.group(4).substring(entry.group(4).lastIndexOf('.') + 1);
      lines.say(
          "log",
          entry.group(1) + " " + entry.group(2) + " " + context + logger + ": " + entry.group(5));
    }
  }

  /** Why classes of the plugin could not be loaded, as far as the worker says. */
  List<String> unloadable() throws IOException {
    List<String> found = new ArrayList<>();
    if (Files.exists(file)) {
      try (var all = Files.lines(file)) {
        all.filter(l -> UNLOADABLE.matcher(l).find())
            .map(l -> ENTRY.matcher(l).replaceFirst("$5").replaceFirst("^Caused by: ", ""))
            .distinct()
            .limit(5)
            .forEach(found::add);
      }
    }
    return found;
  }
}
