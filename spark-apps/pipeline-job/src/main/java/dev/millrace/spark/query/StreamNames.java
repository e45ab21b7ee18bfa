package dev.millrace.spark.query;

import dev.millrace.spark.sql.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Finds the stream that a name in SQL means: {@code stream}, or {@code pipeline.stream}. */
final class StreamNames {
  private final List<QueryDocument.Stream> streams;

  StreamNames(List<QueryDocument.Stream> streams) {
    this.streams = List.copyOf(streams);
  }

  /** The stream, if exactly one is meant. */
  Optional<QueryDocument.Stream> find(List<String> parts) {
    List<QueryDocument.Stream> meant = meant(parts);
    return meant.size() == 1 ? Optional.of(meant.get(0)) : Optional.empty();
  }

  private List<QueryDocument.Stream> meant(List<String> parts) {
    return switch (parts.size()) {
      case 1 -> streams.stream().filter(s -> s.name().equalsIgnoreCase(parts.get(0))).toList();
      case 2 ->
          streams.stream()
              .filter(
                  s ->
                      s.pipeline().equalsIgnoreCase(parts.get(0))
                          && s.name().equalsIgnoreCase(parts.get(1)))
              .toList();
      default -> List.of();
    };
  }

  /** Why a name means no stream, or more than one. */
  String problem(List<String> parts) {
    String name = String.join(".", parts);
    List<QueryDocument.Stream> meant = meant(parts);
    if (meant.size() > 1) {
      return "stream "
          + name
          + " is in more than one pipeline: say "
          + String.join(" or ", meant.stream().map(StreamNames::qualified).toList());
    }
    List<String> known = known();
    String near =
        Names.nearest(parts.size() == 2 ? name : parts.get(parts.size() - 1), known)
            .map(n -> " (did you mean '" + n + "'?)")
            .orElse("");
    return "unknown stream "
        + name
        + "; "
        + (known.isEmpty() ? "there is none yet" : "known: " + String.join(", ", known))
        + near;
  }

  /** Each stream as SQL may name it, as short as it goes. */
  private List<String> known() {
    List<String> known = new ArrayList<>();
    for (QueryDocument.Stream stream : streams) {
      known.add(meant(List.of(stream.name())).size() == 1 ? stream.name() : qualified(stream));
    }
    return known.stream().sorted().toList();
  }

  private static String qualified(QueryDocument.Stream stream) {
    String pipeline = stream.pipeline();
    return (pipeline.matches("[A-Za-z0-9_]+") ? pipeline : "`" + pipeline + "`")
        + "."
        + stream.name();
  }
}
