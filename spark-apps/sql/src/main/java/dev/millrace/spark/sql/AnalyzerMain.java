package dev.millrace.spark.sql;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The {@link Analyzer} as a process: one JSON request a line on stdin, one JSON answer a line on
 * stdout, until the end of stdin. Logs go to stderr.
 */
public final class AnalyzerMain {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private final Analyzer analyzer = new Analyzer();

  public static void main(String[] args) throws IOException {
    PrintStream answers = System.out;
    // Whatever a library prints must not get between the answers.
    System.setOut(System.err);
    serve(System.in, answers);
  }

  static void serve(InputStream in, OutputStream out) throws IOException {
    BufferedReader requests = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    AnalyzerMain analyser = new AnalyzerMain();
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      if (!line.isBlank()) {
        out.write(analyser.answer(line));
        out.write('\n');
        out.flush();
      }
    }
  }

  /** The answer to one request, for a process that answers others too. One thread at a time. */
  public byte[] answer(String request) throws IOException {
    return JSON.writeValueAsBytes(answer(analyzer, request));
  }

  private static SqlAnswer answer(Analyzer analyzer, String line) {
    SqlRequest request;
    try {
      request = JSON.readValue(line, SqlRequest.class);
    } catch (JsonProcessingException e) {
      return SqlAnswer.refused(
          null,
          List.of(
              new SqlAnswer.Problem(null, null, "not a request: " + e.getOriginalMessage(), null)));
    }
    try {
      return analyzer.analyse(request);
    } catch (RuntimeException | StackOverflowError e) {
      // A defect here or in Spark must not end the process, which serves other transforms too.
      return SqlAnswer.refused(
          request.id(),
          List.of(new SqlAnswer.Problem(null, null, "the analyser failed: " + e, null)));
    }
  }
}
