package dev.millrace.local;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Durations;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Asks the streams of a run in SQL. */
@Command(
    name = "query",
    mixinStandardHelpOptions = true,
    description = {
      "Answers a SELECT over the streams of a run on this machine, by Spark SQL: all that there is"
          + " now, or, with --follow, what comes.",
      "A stream is named as in its Pipeline, or PIPELINE.STREAM where two have one of that name. Of a"
          + " table stream, the latest row of each key is read; of an append stream, every row. Only"
          + " what is committed is read, and nothing is written.",
      "With --follow, append streams drive, and tables are looked up in; one table alone is followed"
          + " as it changes."
    },
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  millrace query demo-tv --explain                         which streams there are, and their columns",
      "  millrace query demo-tv 'SELECT * FROM viewings LIMIT 5'",
      "  cd demo-tv && ../millrace query 'SELECT title, sum(seconds) AS s FROM show_views GROUP BY 1 ORDER BY 2 DESC'",
      "  millrace query demo-tv --follow 'SELECT device_id, channel_id FROM viewings'",
      "  millrace query demo-tv --from 10m -o csv 'SELECT * FROM events' > events.csv",
      "  millrace query demo-tv -o json - < question.sql | jq .title",
      "",
      "Exit codes: 0 done; 1 the SQL is wrong, or something failed; 2 the command line is wrong; 3 not",
      "running; 130 Ctrl-C."
    })
final class QueryCommand implements Callable<Integer> {
  enum Format {
    table,
    csv,
    json
  }

  @Spec CommandSpec spec;

  @Parameters(
      arity = "0..2",
      paramLabel = "[DIR] SQL",
      hideParamSyntax = true,
      description =
          "The pipeline directory (default: the current one), and one SELECT; - reads it from"
              + " stdin.")
  List<String> where = List.of();

  @Option(
      names = {"-f", "--follow"},
      description = "Go on with what comes, until Ctrl-C.")
  boolean follow;

  @Option(
      names = {"-o", "--output"},
      description =
          "${COMPLETION-CANDIDATES}: for people; RFC 4180; an object a line (default: table on a"
              + " terminal, else csv).")
  Format output;

  @Option(
      names = {"-l", "--limit"},
      paramLabel = "ROWS",
      description = "At most so many rows.")
  Long limit;

  @Option(
      names = "--from",
      paramLabel = "earliest|latest|TIME",
      description =
          "Where to begin in append streams: TIME is when a record arrived, an instant such as"
              + " 2026-03-01T10:00:00Z, or 10m for ten minutes ago (default: earliest; with --follow"
              + " latest).")
  String from;

  @Option(
      names = "--explain",
      description =
          "Say what would be read, which columns come out, and how Spark goes about it. Without SQL:"
              + " which streams there are.")
  boolean explain;

  @Option(names = "--timing", description = "Also say, on stderr, where the time went.")
  boolean timing;

  @Override
  public Integer call() throws Refusal, IOException, InterruptedException {
    long startedAt =
        ProcessHandle.current().info().startInstant().orElse(Instant.now()).toEpochMilli();
    boolean listing = explain && where.size() < 2 && where.stream().allMatch(QueryCommand::isRun);
    Path directory = Path.of(where.size() == 2 || listing && !where.isEmpty() ? where.get(0) : ".");
    if (where.isEmpty() && !listing) {
      throw new ParameterException(
          spec.commandLine(), "a SELECT is missing; 'millrace query --explain' lists the streams");
    }
    if (limit != null && limit < 1) {
      throw new ParameterException(
          spec.commandLine(), "--limit " + limit + ": expected a number from 1 on");
    }
    String begin = from();
    Checkout checkout = Checkout.locate();
    QueriedRun run = QueriedRun.connect(directory);
    if (listing) {
      run.list(spec.commandLine().getOut());
      return 0;
    }
    String sql = where.get(where.size() - 1);
    if (sql.equals("-")) {
      sql = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
    }
    ObjectNode question = run.question();
    question.put("sql", sql);
    question.put("from", begin);
    question.put("follow", follow);
    question.put("limit", limit);
    question.put("output", output().name().toLowerCase(Locale.ROOT));
    question.put("explain", explain);
    question.put("timing", timing);
    question.put("startedAt", startedAt);
    return new QueryProcess(checkout).ask(question);
  }

  /** Whether a single word is a directory rather than SQL. */
  private static boolean isRun(String word) {
    return !word.contains(" ") && Files.isDirectory(Path.of(word));
  }

  private Format output() throws IOException, InterruptedException {
    if (output != null) {
      return output;
    }
    boolean terminal =
        new ProcessBuilder("test", "-t", "1")
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .start()
                .waitFor()
            == 0;
    return terminal ? Format.table : Format.csv;
  }

  /** Where to begin, as the process that answers takes it. */
  private String from() {
    if (from == null) {
      return follow ? "latest" : "earliest";
    }
    if (from.equals("latest") && !follow) {
      throw new ParameterException(
          spec.commandLine(),
          "--from latest: nothing is behind the latest record yet; --follow waits for it");
    }
    if (from.equals("earliest") || from.equals("latest")) {
      return from;
    }
    return Long.toString(
        instant(from)
            .orElseThrow(
                () ->
                    new ParameterException(
                        spec.commandLine(),
                        "--from '"
                            + from
                            + "': expected earliest, latest, an instant such as"
                            + " 2026-03-01T10:00:00Z, or a duration such as 10m"))
            .toEpochMilli());
  }

  private static Optional<Instant> instant(String text) {
    try {
      return Optional.of(OffsetDateTime.parse(text).toInstant());
    } catch (DateTimeException e) {
      return Durations.parse(text.startsWith("-") ? text.substring(1) : text)
          .map(Clock.systemUTC().instant()::minus);
    }
  }
}
