package dev.millrace.spark.query;

import dev.millrace.spark.checkpoint.NioCheckpointFileManager;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.runtime.BoxedUnit;

/**
 * The process of {@code millrace query}: one {@link QueryDocument} as a line on stdin, rows on
 * stdout, what is wrong on stderr. It ends with the rows, or when stdin does: whoever asked is gone
 * then. Its only argument is a folder for it alone. Exit codes: 0; 1 if the question can not be
 * answered; 130 when it is stopped.
 */
public final class QueryMain {
  // Before any other thread logs: two of them would set logging up at once.
  private static final Logger LOG = LoggerFactory.getLogger(QueryMain.class);

  private static final int FAILED = 1;
  private static final int STOPPED = 130;

  private final String folder;
  private final CompletableFuture<StreamRule.Reading> streams = new CompletableFuture<>();
  private final CompletableFuture<SparkSession> starting;
  private final long began = ManagementFactory.getRuntimeMXBean().getStartTime();
  private volatile long sessionAt;

  private QueryMain(String folder) {
    this.folder = folder;
    // It takes longest: meanwhile, the question is read.
    this.starting = CompletableFuture.supplyAsync(this::session, QueryMain::inBackground);
  }

  private static void inBackground(Runnable task) {
    Thread thread = new Thread(task, "query");
    thread.setDaemon(true);
    thread.start();
  }

  public static void main(String[] args) throws IOException {
    OutputStream rows = new FileOutputStream(FileDescriptor.out);
    // Whatever a library prints must not get between the rows.
    System.setOut(System.err);
    QueryMain main = new QueryMain(args[0]);
    BufferedReader requests =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String question = requests.readLine();
    int code = STOPPED;
    if (question != null) {
      QueryDocument query = QueryDocument.parse(question);
      RowOutput out = new RowOutput(rows, query.output(), query.limit());
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(out), "stop"));
      inBackground(
          () -> {
            untilEnd(requests);
            stop(out);
          });
      code = main.answer(query, out);
    }
    // Spark's own end takes its time, and there is nothing to save.
    Runtime.getRuntime().halt(code);
  }

  private static void stop(RowOutput out) {
    out.close();
    Runtime.getRuntime().halt(STOPPED);
  }

  private static void untilEnd(BufferedReader requests) {
    try {
      while (requests.readLine() != null) {
        // One question only.
      }
    } catch (IOException e) {
      // As good as its end.
    }
  }

  private SparkSession session() {
    int cores = Math.max(2, Math.min(4, Runtime.getRuntime().availableProcessors()));
    SparkSession session =
        SparkSession.builder()
            .appName("millrace-query")
            .master("local[" + cores + "]")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.local.dir", folder)
            .config("spark.sql.warehouse.dir", "file:" + folder + "/warehouse")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.datetime.java8API.enabled", "true")
            .config("spark.sql.shuffle.partitions", cores)
            .config("spark.sql.adaptive.enabled", "false")
            .config("spark.sql.streaming.pollingDelay", "50ms")
            .config("spark.sql.streaming.numRecentProgressUpdates", "1")
            .config(
                "spark.sql.streaming.checkpointFileManagerClass",
                NioCheckpointFileManager.class.getName())
            .config("spark.hadoop." + NioCheckpointFileManager.FORCE, "false")
            // Nobody looks at the plans of a batch.
            .config("spark.sql.ui.explainMode", "simple")
            .withExtensions(
                extensions -> {
                  extensions.injectResolutionRule(
                      session1 -> new StreamRule(session1, streams::join));
                  return BoxedUnit.UNIT;
                })
            .getOrCreate();
    // The analyser's classes, and Spark's catalog: half a second that the first SQL would wait.
    session.sql("SELECT 1").schema();
    sessionAt = System.currentTimeMillis();
    return session;
  }

  private int answer(QueryDocument query, RowOutput out) {
    try {
      long asked = System.currentTimeMillis();
      Query.check(query.sql());
      StreamReads reads = new StreamReads(query);
      Query answering = new Query(query, reads, out, "file:" + folder + "/checkpoint");
      streams.complete(new StreamRule.Reading(new StreamNames(query.streams()), reads::of));
      Dataset<Row> rows = answering.analyse(starting.join());
      long analysed = System.currentTimeMillis();
      if (query.explain()) {
        out.text(answering.explain(rows));
        return 0;
      }
      answering.run(rows);
      long now = System.currentTimeMillis();
      out.end((now - query.startedAt()) / 1000.0);
      if (query.timing()) {
        System.err.printf(
            Locale.ROOT,
            "command %.2f s, JVM and question %.2f s, Spark %.2f s, analysis %.2f s,"
                + " first row %.2f s, other rows %.2f s%n",
            (began - query.startedAt()) / 1000.0,
            (asked - began) / 1000.0,
            (sessionAt - asked) / 1000.0,
            (analysed - sessionAt) / 1000.0,
            ((out.firstRow() == 0 ? now : out.firstRow()) - analysed) / 1000.0,
            (now - (out.firstRow() == 0 ? now : out.firstRow())) / 1000.0);
      }
      return 0;
    } catch (QueryException e) {
      return failed(e.getMessage());
    } catch (RowOutput.Closed e) {
      return 0;
    } catch (CompletionException e) {
      LOG.debug("Spark does not start", e);
      return failed("Spark does not start: " + cause(e));
    } catch (Throwable e) {
      // Spark's checked exceptions too, which it does not declare; and where memory has run out,
      // its threads would keep the process.
      return failed(cause(e));
    }
  }

  private static int failed(String why) {
    System.err.println("millrace: " + why);
    System.err.flush();
    return FAILED;
  }

  /** What went wrong at the bottom of it. */
  private static String cause(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null && cause.getCause() != cause) {
      if (cause instanceof QueryException) {
        break;
      }
      cause = cause.getCause();
    }
    return cause instanceof QueryException || cause.getMessage() != null
        ? cause.getMessage().lines().findFirst().orElse(cause.toString())
        : cause.toString();
  }
}
