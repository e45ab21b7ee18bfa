package dev.millrace.examples.apis;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * An HTTP server that answers as public services do: OpenWeather's current weather, Open-Meteo's
 * forecast and archive, JCDecaux' stations. A test says what else a path answers, or what its next
 * requests get.
 */
public final class ApiServer implements AutoCloseable {
  private static final String WEATHER = "/data/2.5/weather";

  private static final int REMEMBERED = 10_000;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool(ApiServer::daemon);
  private final Map<String, Function<Request, Answer>> paths = new ConcurrentHashMap<>();
  private final Map<String, Queue<Answer>> faults = new ConcurrentHashMap<>();
  private final List<Request> requests = new CopyOnWriteArrayList<>();

  /**
   * A request.
   *
   * @param query its parameters, decoded
   * @param headers the first value of each, names in the form {@code If-none-match}
   * @param body of a POST
   */
  public record Request(
      String method,
      URI uri,
      Map<String, String> query,
      Map<String, String> headers,
      String body,
      long atMillis) {}

  /** A server that is running, on a loopback port; 0 for any. */
  public ApiServer(int port, Clock clock) {
    this(InetAddress.getLoopbackAddress(), port, clock);
  }

  private ApiServer(InetAddress address, int port, Clock clock) {
    try {
      server = HttpServer.create(new InetSocketAddress(address, port), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    paths.put(WEATHER, new OpenWeather(clock));
    paths.put("/v1/forecast", new OpenMeteo(clock));
    paths.put("/v1/archive", new OpenMeteo(clock));
    paths.put("/vls/v1/stations", new Stations(clock));
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "api");
    thread.setDaemon(true);
    return thread;
  }

  /** Its address, without a slash at the end. */
  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** What a path answers from now on. */
  public ApiServer on(String path, Function<Request, Answer> answers) {
    paths.put(path, answers);
    return this;
  }

  /** What the next requests of a path get instead. */
  public ApiServer next(String path, Answer... answers) {
    faults.computeIfAbsent(path, p -> new ConcurrentLinkedQueue<>()).addAll(List.of(answers));
    return this;
  }

  /** The newest requests. */
  public List<Request> requests() {
    return List.copyOf(requests);
  }

  /** Those of a path. */
  public List<Request> requests(String path) {
    return requests.stream().filter(r -> r.uri().getPath().equals(path)).toList();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Map<String, String> headers = new LinkedHashMap<>();
      exchange.getRequestHeaders().forEach((name, values) -> headers.put(name, values.get(0)));
      Request request =
          new Request(
              exchange.getRequestMethod(),
              exchange.getRequestURI(),
              query(exchange.getRequestURI().getRawQuery()),
              headers,
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8),
              System.currentTimeMillis());
      requests.add(request);
      if (requests.size() > REMEMBERED) {
        requests.remove(0);
      }
      String path = request.uri().getPath();
      Queue<Answer> instead = faults.get(path);
      Answer answer = instead == null ? null : instead.poll();
      if (answer == null) {
        answer =
            paths
                .getOrDefault(path, r -> Answer.status(404, "{\"message\":\"no such path\"}"))
                .apply(request);
      }
      answer.to(exchange);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Map<String, String> query(String raw) {
    Map<String, String> query = new LinkedHashMap<>();
    if (raw != null) {
      for (String pair : raw.split("&", -1)) {
        int equals = pair.indexOf('=');
        query.put(
            decode(equals < 0 ? pair : pair.substring(0, equals)),
            equals < 0 ? "" : decode(pair.substring(equals + 1)));
      }
    }
    return query;
  }

  private static String decode(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  /** Every so many requests to a path one fails, as services do: with 500, 429 and 401 in turn. */
  ApiServer failing(String path, int every) {
    Function<Request, Answer> answers = paths.get(path);
    AtomicInteger count = new AtomicInteger();
    return on(
        path,
        request -> {
          int number = count.incrementAndGet();
          if (number % every != 0) {
            return answers.apply(request);
          }
          return switch (number / every % 3) {
            case 1 -> Answer.status(500, "{\"cod\":500,\"message\":\"Internal error\"}");
            case 2 -> Answer.slowDown("2");
            default -> Answer.status(401, "{\"cod\":401,\"message\":\"Invalid API key\"}");
          };
        });
  }

  /**
   * Runs until it is killed, on the port of the environment variable {@code PORT}, and on loopback
   * or the address in {@code HOST}. With {@code FAULT_EVERY} one in so many requests for the
   * weather fails.
   */
  public static void main(String[] args) throws InterruptedException, UnknownHostException {
    int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "0"));
    String faults = System.getenv("FAULT_EVERY");
    InetAddress address = InetAddress.getByName(System.getenv().getOrDefault("HOST", "127.0.0.1"));
    try (ApiServer server = new ApiServer(address, port, Clock.systemUTC())) {
      if (faults != null) {
        server.failing(WEATHER, Integer.parseInt(faults));
      }
      System.out.println("listening at " + server.url());
      Thread.currentThread().join();
    }
  }
}
