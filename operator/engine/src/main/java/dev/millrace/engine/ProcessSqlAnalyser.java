package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.planner.Hashes;
import dev.millrace.planner.Known;
import dev.millrace.planner.SchemaCatalog.Column;
import dev.millrace.planner.SchemaCatalog.Identifying;
import dev.millrace.planner.SchemaCatalog.Read;
import dev.millrace.planner.SchemaCatalog.SqlAnalysis;
import dev.millrace.planner.SchemaCatalog.SqlError;
import dev.millrace.planner.SchemaCatalog.SqlRequest;
import dev.millrace.planner.SchemaCatalog.SqlStream;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The SQL analyser as a child process, which has Spark's parser in it: a line of JSON in, a line of
 * JSON out. Started with the first question, or before by {@link #warmUp}; started again if it
 * died.
 */
public final class ProcessSqlAnalyser implements SqlAnalyser {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MOST_ANSWERS = 1000;

  private final List<String> command;
  private final File errors;
  private final Map<String, String> replied = new ConcurrentHashMap<>();
  private volatile Optional<Path> memory = Optional.empty();
  private final ExecutorService executor =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "sql-analyser");
            thread.setDaemon(true);
            return thread;
          });
  private final Map<SqlRequest, CompletableFuture<SqlAnalysis>> answers =
      Collections.synchronizedMap(
          new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(
                Map.Entry<SqlRequest, CompletableFuture<SqlAnalysis>> eldest) {
              return size() > MOST_ANSWERS;
            }
          });
  private Process process;
  private BufferedWriter questions;
  private BufferedReader replies;
  private long count;

  /**
   * An analyser that is not started yet.
   *
   * @param command of the process
   * @param errors where its standard error goes
   */
  public ProcessSqlAnalyser(List<String> command, File errors) {
    this.command = List.copyOf(command);
    this.errors = errors;
  }

  /**
   * Keeps answers in a folder, and takes them from there: the process is then started only for what
   * it was never asked. Answers that were given before are kept too.
   *
   * @param folder of this version of the analyser alone
   */
  public void remember(Path folder) throws IOException {
    Files.createDirectories(folder);
    memory = Optional.of(folder);
    for (Map.Entry<String, String> reply : replied.entrySet()) {
      keep(reply.getKey(), reply.getValue());
    }
  }

  private void keep(String name, String reply) throws IOException {
    replied.put(name, reply);
    if (memory.isPresent() && !Files.exists(memory.get().resolve(name))) {
      Path next = Files.createTempFile(memory.get(), "next", "");
      Files.writeString(next, reply);
      Files.move(next, memory.get().resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** Does not wait: what is not known yet is being worked on. */
  @Override
  public Known<SqlAnalysis> analyse(SqlRequest request) {
    return analyse(request, Duration.ZERO, false);
  }

  /** The same analyser, which waits for each answer, for those who ask only once. */
  public SqlAnalyser patient(Duration patience) {
    return waiting(patience, true);
  }

  /** The same analyser, which waits for each answer, for those who ask again and again. */
  public SqlAnalyser unhurried(Duration patience) {
    return waiting(patience, false);
  }

  private SqlAnalyser waiting(Duration patience, boolean once) {
    return new SqlAnalyser() {
      @Override
      public Known<SqlAnalysis> analyse(SqlRequest request) {
        return ProcessSqlAnalyser.this.analyse(request, patience, once);
      }

      @Override
      public void close() {
        ProcessSqlAnalyser.this.close();
      }
    };
  }

  private Known<SqlAnalysis> analyse(SqlRequest request, Duration patience, boolean once) {
    CompletableFuture<SqlAnalysis> answer =
        answers.computeIfAbsent(
            request, r -> CompletableFuture.supplyAsync(() -> ask(r), executor));
    try {
      return new Known.Yes<>(answer.get(patience.toMillis(), TimeUnit.MILLISECONDS));
    } catch (TimeoutException e) {
      return new Known.Waiting<>("its SQL is being analysed");
    } catch (ExecutionException e) {
      answers.remove(request);
      String why = "the SQL analyser: " + e.getCause().getMessage();
      // Who asks only once would take a Waiting for "no problem".
      return once ? new Known.No<>(why) : new Known.Waiting<>(why);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Known.Waiting<>("interrupted");
    }
  }

  private SqlAnalysis ask(SqlRequest request) {
    try {
      ObjectNode question = json(request);
      String name = Hashes.of(question.toString()) + ".json";
      Optional<Path> remembered = memory.map(m -> m.resolve(name));
      if (remembered.isPresent() && Files.exists(remembered.get())) {
        return analysis(JSON.readTree(remembered.get().toFile()));
      }
      question.put("id", Long.toString(++count));
      start();
      questions.write(question.toString());
      questions.newLine();
      questions.flush();
      String reply = replies.readLine();
      if (reply == null) {
        throw new IOException("ended without an answer; its log is " + errors);
      }
      SqlAnalysis analysis = analysis(JSON.readTree(reply));
      if (analysis.errors().isEmpty()) {
        keep(name, reply);
      }
      return analysis;
    } catch (IOException e) {
      stop();
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  private synchronized void start() throws IOException {
    if (process != null && process.isAlive()) {
      return;
    }
    process =
        new ProcessBuilder(command)
            .redirectError(
                errors.getParentFile().isDirectory()
                    ? ProcessBuilder.Redirect.appendTo(errors)
                    : ProcessBuilder.Redirect.DISCARD)
            .start();
    questions =
        new BufferedWriter(
            new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
    replies =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** A request as the analyser takes it, without an id. */
  public static ObjectNode json(SqlRequest request) throws IOException {
    ObjectNode node = JSON.createObjectNode();
    node.put("sql", request.sql());
    node.put("transform", request.transform());
    node.put("namespace", request.namespace());
    ObjectNode streams = node.putObject("streams");
    for (Map.Entry<String, SqlStream> entry : request.streams().entrySet()) {
      SqlStream stream = entry.getValue();
      ObjectNode out = streams.putObject(entry.getKey());
      out.put("kind", stream.kind());
      stream.eventTime().ifPresent(e -> out.put("eventTime", e));
      out.set("schema", JSON.readTree(stream.schema().toString()));
      stream.keyFields().forEach(k -> out.withArray("keyFields").add(k));
      stream.validFrom().ifPresent(v -> out.put("validFrom", v));
      stream.validTo().ifPresent(v -> out.put("validTo", v));
    }
    request.pending().forEach(p -> node.withArray("pending").add(p));
    return node;
  }

  /** What the analyser's answer says. */
  public static SqlAnalysis analysis(JsonNode reply) {
    List<SqlError> errors = new ArrayList<>();
    for (JsonNode e : reply.path("errors")) {
      errors.add(
          new SqlError(
              e.path("line").asInt(0),
              e.path("column").asInt(0),
              e.path("message").asText(),
              e.hasNonNull("suggestion")
                  ? Optional.of(e.get("suggestion").asText())
                  : Optional.empty()));
    }
    List<Read> reads = new ArrayList<>();
    for (JsonNode r : reply.path("reads")) {
      reads.add(new Read(r.path("stream").asText(), r.path("role").asText(), texts(r, "columns")));
    }
    return new SqlAnalysis(
        reply.hasNonNull("schema") ? Optional.of(reply.get("schema")) : Optional.empty(),
        reply.path("kind").asText(""),
        texts(reply, "groupKeys"),
        reads,
        texts(reply, "pending"),
        errors,
        lineage(reply.path("lineage")),
        identity(reply.path("identity")));
  }

  private static List<Identifying> identity(JsonNode node) {
    List<Identifying> identity = new ArrayList<>();
    node.forEach(
        i ->
            identity.add(
                new Identifying(
                    i.path("stream").asText(), i.path("column").asText(), texts(i, "as"))));
    return identity;
  }

  private static Map<String, List<Column>> lineage(JsonNode node) {
    Map<String, List<Column>> lineage = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> column : node.properties()) {
      List<Column> from = new ArrayList<>();
      column
          .getValue()
          .forEach(c -> from.add(new Column(c.path("stream").asText(), c.path("column").asText())));
      lineage.put(column.getKey(), from);
    }
    return lineage;
  }

  private static List<String> texts(JsonNode node, String field) {
    List<String> out = new ArrayList<>();
    node.path(field).forEach(n -> out.add(n.asText()));
    return out;
  }

  private synchronized void stop() {
    if (process != null) {
      process.destroy();
      process = null;
    }
  }

  @Override
  public void close() {
    executor.shutdownNow();
    stop();
  }
}
