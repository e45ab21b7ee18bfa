package dev.millrace.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.engine.ProcessSqlAnalyser;
import dev.millrace.engine.SqlAnalyser;
import dev.millrace.planner.Known;
import dev.millrace.planner.SchemaCatalog.SqlAnalysis;
import dev.millrace.planner.SchemaCatalog.SqlRequest;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The process that has Spark in it: analyses SQL and runs tests, a line of JSON each way. Answers
 * come in any order and are told apart by their ids.
 */
final class TestProcess implements SqlAnalyser {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LAST_LINES = 15;

  private final Process process;
  private final Path errors;
  private final BufferedWriter requests;
  private final Map<String, CompletableFuture<JsonNode>> open = new ConcurrentHashMap<>();
  private final AtomicLong count = new AtomicLong();
  private volatile boolean over;

  TestProcess(List<String> command) throws IOException {
    this.errors = Files.createTempFile("millrace-test", ".log");
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
    builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
    this.process = builder.start();
    this.requests =
        new BufferedWriter(
            new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
    Thread reader = new Thread(this::read, "test-answers");
    reader.setDaemon(true);
    reader.start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
  }

  private void read() {
    try (BufferedReader answers =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = answers.readLine(); line != null; line = answers.readLine()) {
        JsonNode answer = JSON.readTree(line);
        CompletableFuture<JsonNode> asked = open.remove(answer.path("id").asText());
        if (asked != null) {
          asked.complete(answer);
        }
      }
    } catch (IOException e) {
      // The process is gone: what was asked is answered below.
    }
    over = true;
    open.values().forEach(asked -> asked.completeExceptionally(ended()));
  }

  /** Runs tests, together; the answer to each comes when it comes. */
  List<CompletableFuture<JsonNode>> run(List<ObjectNode> tests) {
    List<CompletableFuture<JsonNode>> answers = tests.stream().map(this::expect).toList();
    ObjectNode request = JSON.createObjectNode();
    tests.forEach(request.withArray("tests")::add);
    send(request);
    return answers;
  }

  /** Gives a request its id. */
  private CompletableFuture<JsonNode> expect(ObjectNode request) {
    String id = Long.toString(count.incrementAndGet());
    request.put("id", id);
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    open.put(id, answer);
    return answer;
  }

  private void send(ObjectNode request) {
    try {
      synchronized (requests) {
        requests.write(request.toString());
        requests.newLine();
        requests.flush();
      }
    } catch (IOException e) {
      over = true;
    }
    if (over) {
      open.values().forEach(asked -> asked.completeExceptionally(ended()));
    }
  }

  private IOException ended() {
    String said = "";
    try {
      List<String> lines = Files.readAllLines(errors);
      said =
          "\n"
              + String.join(
                  "\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    } catch (IOException e) {
      // Then without.
    }
    return new IOException("the process that runs the tests has ended" + said);
  }

  @Override
  public Known<SqlAnalysis> analyse(SqlRequest request) {
    try {
      ObjectNode question = ProcessSqlAnalyser.json(request);
      CompletableFuture<JsonNode> answer = expect(question);
      send(question);
      return new Known.Yes<>(ProcessSqlAnalyser.analysis(answer.join()));
    } catch (CompletionException | IOException e) {
      Throwable why = e.getCause() == null ? e : e.getCause();
      return new Known.No<>("the SQL analyser: " + why.getMessage());
    }
  }

  /** Ends it when it has nothing more to do. */
  @Override
  public void close() {
    try {
      requests.close();
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
      Files.deleteIfExists(errors);
    } catch (IOException e) {
      process.destroyForcibly();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
