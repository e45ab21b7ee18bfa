package dev.millrace.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The code blocks of a page. A block of language {@code console} holds commands after {@code $ },
 * and below each what it prints: lines in this order, others between them where a line is {@code
 * ...}. {@code # exits 1} after a command is its exit code. Other blocks with a path after the
 * language are files, to be written before the commands that follow.
 */
record Snippets(List<Block> blocks) {
  private static final Pattern FENCE = Pattern.compile("(?ms)^```([^\\n]*)\\n(.*?)^```$");

  record Block(String language, String path, String text) {}

  record Command(String line, int exitCode, List<String> prints) {}

  static Snippets of(Path page) throws IOException {
    List<Block> blocks = new ArrayList<>();
    Matcher matcher = FENCE.matcher(Files.readString(page));
    while (matcher.find()) {
      String[] info = matcher.group(1).strip().split("\\s+", 2);
      blocks.add(new Block(info[0], info.length > 1 ? info[1] : "", matcher.group(2)));
    }
    return new Snippets(blocks);
  }

  static List<Command> commands(Block block) {
    List<Command> commands = new ArrayList<>();
    for (String line : block.text().lines().toList()) {
      if (line.startsWith("$ ")) {
        Matcher exits = Pattern.compile("\\s+# exits (\\d+)$").matcher(line);
        boolean said = exits.find();
        commands.add(
            new Command(
                (said ? line.substring(0, exits.start()) : line).substring(2),
                said ? Integer.parseInt(exits.group(1)) : 0,
                new ArrayList<>()));
      } else if (commands.isEmpty()) {
        throw new IllegalArgumentException("a console block begins with '$ ': " + block.text());
      } else {
        commands.get(commands.size() - 1).prints().add(line.strip());
      }
    }
    return commands;
  }
}
