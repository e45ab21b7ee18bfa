package dev.millrace.local;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** The end of a log file, or of what it says about one thing. */
final class LogTail {
  private static final int MOST_BYTES = 1024 * 1024;
  private static final int MOST_LINES = 200;
  private static final int LONGEST_LINE = 2000;

  private LogTail() {}

  /**
   * The last lines, oldest first.
   *
   * @param about only entries that name this, with the lines (of a stack trace) that belong to them
   */
  static List<String> lines(Path log, Optional<String> about) throws IOException {
    if (!Files.exists(log)) {
      return List.of();
    }
    Deque<String> lines = new ArrayDeque<>();
    boolean wanted = false;
    for (String line : end(log).split("\n")) {
      boolean begins = !line.isEmpty() && Character.isDigit(line.charAt(0));
      if (begins || about.isEmpty()) {
        wanted = about.map(line::contains).orElse(true);
      }
      if (wanted) {
        lines.addLast(line.length() > LONGEST_LINE ? line.substring(0, LONGEST_LINE) : line);
        if (lines.size() > MOST_LINES) {
          lines.removeFirst();
        }
      }
    }
    return List.copyOf(lines);
  }

  private static String end(Path log) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
      int length = (int) Math.min(MOST_BYTES, file.length());
      file.seek(file.length() - length);
      byte[] bytes = new byte[length];
      file.readFully(bytes);
      String text = new String(bytes, StandardCharsets.UTF_8);
      // Where the file was cut, the first line is a part of one.
      return length < MOST_BYTES ? text : text.substring(text.indexOf('\n') + 1);
    }
  }
}
