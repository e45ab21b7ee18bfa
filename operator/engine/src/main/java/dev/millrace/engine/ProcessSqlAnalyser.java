package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.planner.Known;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The SQL analyser as a child process, which has Spark's parser in it: a line of JSON in, a line of
 * JSON out. Started with the first question, or before by {@link #warmUp}; started again if it
 * died.
 */
public final class ProcessSqlAnalyser implements SqlAnalyser {
  private static final Logger log = LoggerFactory.getLogger(ProcessSqlAnalyser.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MOST_ANSWERS = 1000;

  private final List<String> command;
  private final File errors;
  private final Duration patience;
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
   * @param patience how long {@link #analyse} waits for an answer; zero in a reconcile
   */
  public ProcessSqlAnalyser(List<String> command, File errors, Duration patience) {
    this.command = List.copyOf(command);
    this.errors = errors;
    this.patience = patience;
  }

  /** Starts the process, so that the first question finds it ready. */
  public void warmUp() {
    CompletableFuture<Void> unused =
        CompletableFuture.runAsync(
            () -> {
              try {
                start();
              } catch (IOException e) {
                log.warn("the SQL analyser does not start: {}", e.getMessage());
              }
            },
            executor);
  }

  @Override
  public Known<SqlAnalysis> analyse(SqlRequest request) {
    CompletableFuture<SqlAnalysis> answer =
        answers.computeIfAbsent(
            request, r -> CompletableFuture.supplyAsync(() -> ask(r), executor));
    try {
      return new Known.Yes<>(answer.get(patience.toMillis(), TimeUnit.MILLISECONDS));
    } catch (TimeoutException e) {
      return new Known.Waiting<>("its SQL is being analysed");
    } catch (ExecutionException e) {
      answers.remove(request);
      return new Known.Waiting<>("the SQL analyser: " + e.getCause().getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Known.Waiting<>("interrupted");
    }
  }

  private SqlAnalysis ask(SqlRequest request) {
    try {
      start();
      questions.write(json(request).toString());
      questions.newLine();
      questions.flush();
      String reply = replies.readLine();
      if (reply == null) {
        throw new IOException("ended without an answer; its log is " + errors);
      }
      return analysis(JSON.readTree(reply));
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
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(errors)).start();
    questions =
        new BufferedWriter(
            new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
    replies =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  private JsonNode json(SqlRequest request) throws IOException {
    ObjectNode node = JSON.createObjectNode();
    node.put("id", Long.toString(++count));
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
    return node;
  }

  private static SqlAnalysis analysis(JsonNode reply) {
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
        errors);
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
