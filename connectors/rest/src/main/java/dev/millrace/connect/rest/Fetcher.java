package dev.millrace.connect.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.connect.rest.FetchException.Kind;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.common.config.ConfigException;

/**
 * Asks for a URL: within time limits, of no more than so many bytes, with credentials for the
 * configured host only, and up to three redirects on. Thread safe.
 */
final class Fetcher {
  private static final int REDIRECTS = 3;

  /** Of a body that can not be used, so much is kept for who looks into it. */
  static final int EXCERPT = 64 << 10;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient http;
  private final Credentials credentials;
  private final Duration timeout;
  private final int connectMs;
  private final int limit;
  private final Clock clock;

  /**
   * An answer.
   *
   * @param uri what was asked in the end, without credentials
   * @param status 200 to 299, or 304
   */
  record Answer(URI uri, int status, java.net.http.HttpHeaders headers, byte[] body) {}

  Fetcher(RestConfig config, Clock clock) {
    this.connectMs = config.getInt(RestConfig.CONNECT_TIMEOUT);
    this.timeout = Duration.ofMillis(config.getInt(RestConfig.REQUEST_TIMEOUT));
    this.limit = config.getInt(RestConfig.MAX_BYTES);
    this.clock = clock;
    this.http =
        HttpClient.newBuilder()
            .connectTimeout(Duration.ofMillis(connectMs))
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
    this.credentials = Credentials.of(config, new TokenServer(config));
  }

  /** A URL as it may be shown and stored: without credentials. */
  String shown(URI uri) {
    return credentials.shown(uri);
  }

  /** A URL of the service's own without the credentials that it may have copied. */
  String without(URI uri) {
    return credentials.without(uri.toString());
  }

  /** The URL with one more parameter; name and value are encoded already. */
  static String withParameter(String url, String name, String value) {
    int hash = url.indexOf('#');
    String before = hash < 0 ? url : url.substring(0, hash);
    String join = before.indexOf('?') < 0 ? "?" : before.matches(".*[?&]$") ? "" : "&";
    return before + join + name + "=" + value;
  }

  /**
   * Asks.
   *
   * @param home the configured URL: whose host may see credentials and {@code own}
   * @param own headers that are for that host only
   * @param open headers that anybody may see
   */
  Answer get(URI home, URI uri, Map<String, String> own, Map<String, String> open)
      throws FetchException, InterruptedException {
    URI at = uri;
    boolean renewed = false;
    for (int redirects = 0; ; ) {
      boolean trusted = sameOrigin(home, at);
      HttpRequest.Builder request =
          HttpRequest.newBuilder(trusted ? credentials.url(at) : URI.create(without(at)))
              .GET()
              .setHeader("Accept", "application/json, */*;q=0.5")
              .setHeader("User-Agent", "millrace-rest-source");
      open.forEach(request::setHeader);
      if (trusted) {
        own.forEach(request::setHeader);
        credentials.headers(request);
      }
      HttpResponse<byte[]> response = send(request, at);
      int status = response.statusCode();
      if (status == 401 && trusted && !renewed && credentials.refused()) {
        renewed = true;
        continue;
      }
      if (Set.of(301, 302, 303, 307, 308).contains(status)) {
        if (++redirects > REDIRECTS) {
          throw FetchException.unreadable(
              "redirects", shown(at) + ": more than " + REDIRECTS + " redirects", new byte[0]);
        }
        at = target(at, response);
        continue;
      }
      if (status / 100 == 2 || status == 304) {
        readable(at, response);
        return new Answer(at, status, response.headers(), response.body());
      }
      throw failure(at, response);
    }
  }

  private static boolean sameOrigin(URI a, URI b) {
    return a.getScheme().equalsIgnoreCase(b.getScheme())
        && a.getHost().equalsIgnoreCase(b.getHost())
        && port(a) == port(b);
  }

  private static int port(URI uri) {
    return uri.getPort() >= 0
        ? uri.getPort()
        : uri.getScheme().equalsIgnoreCase("https") ? 443 : 80;
  }

  /** Another URL that a server names: http or https, and not from https to http. */
  URI follow(URI from, String reference) throws FetchException {
    try {
      URI to = from.resolve(new URI(reference.strip()));
      boolean http = "http".equalsIgnoreCase(to.getScheme());
      boolean https = "https".equalsIgnoreCase(to.getScheme());
      if (to.getHost() != null && (https || (http && from.getScheme().equalsIgnoreCase("http")))) {
        return to;
      }
    } catch (java.net.URISyntaxException | IllegalArgumentException e) {
      // Said below, without what may be a key in it.
    }
    throw FetchException.unreadable(
        "redirects",
        shown(from)
            + ": leads to a URL that is not followed: not http or https, or from https to http",
        new byte[0]);
  }

  private URI target(URI at, HttpResponse<byte[]> response) throws FetchException {
    Optional<String> location = response.headers().firstValue("Location");
    if (location.isEmpty()) {
      throw FetchException.unreadable(
          "redirects", shown(at) + ": " + response.statusCode() + " without Location", new byte[0]);
    }
    return follow(at, location.get());
  }

  private void readable(URI at, HttpResponse<byte[]> response) throws FetchException {
    Optional<String> encoding = response.headers().firstValue("Content-Encoding");
    if (encoding.isPresent() && !encoding.get().equalsIgnoreCase("identity")) {
      throw FetchException.unreadable(
          "encoding",
          shown(at) + ": Content-Encoding " + encoding.get() + " was not asked for",
          new byte[0]);
    }
  }

  private FetchException failure(URI at, HttpResponse<byte[]> response) {
    int status = response.statusCode();
    byte[] excerpt = excerpt(response.body());
    Optional<Duration> after =
        response
            .headers()
            .firstValue("Retry-After")
            .flatMap(value -> RetryAfter.parse(value, clock.instant()));
    Kind kind =
        status == 401 || status == 403
            ? Kind.CREDENTIALS
            : status == 408 || status == 425 || status == 429 || status >= 500
                ? Kind.PASSING
                : Kind.REFUSED;
    String said =
        shown(at)
            + ": "
            + status
            + meaning(status)
            + after.map(d -> ", Retry-After " + d.toSeconds() + " s").orElse("");
    return new FetchException(kind, Integer.toString(status), said, after, excerpt);
  }

  private static String meaning(int status) {
    return switch (status) {
      case 400 -> " (bad request)";
      case 401 -> " (unauthorized: are the credentials right?)";
      case 403 -> " (forbidden)";
      case 404 -> " (not found)";
      case 408 -> " (request timeout)";
      case 429 -> " (too many requests)";
      case 500 -> " (internal server error)";
      case 502 -> " (bad gateway)";
      case 503 -> " (service unavailable)";
      case 504 -> " (gateway timeout)";
      default -> "";
    };
  }

  static byte[] excerpt(byte[] body) {
    return body.length <= EXCERPT ? body : Arrays.copyOf(body, EXCERPT);
  }

  /** The whole answer, headers and body, within the time limit. */
  private HttpResponse<byte[]> send(HttpRequest.Builder request, URI at)
      throws FetchException, InterruptedException {
    // HTTP/2 over plain http begins with an upgrade that some servers do not understand.
    request.version(
        at.getScheme().equalsIgnoreCase("https")
            ? HttpClient.Version.HTTP_2
            : HttpClient.Version.HTTP_1_1);
    CompletableFuture<HttpResponse<byte[]>> answer =
        http.sendAsync(request.build(), LimitedBody.of(limit));
    try {
      return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      boolean unused = answer.cancel(true);
      throw FetchException.passing(
          "timeout", shown(at) + ": no whole answer within " + timeout.toMillis() + " ms");
    } catch (InterruptedException e) {
      boolean unused = answer.cancel(true);
      throw e;
    } catch (ExecutionException e) {
      throw failure(at, e.getCause());
    }
  }

  private FetchException failure(URI at, Throwable cause) {
    for (Throwable c = cause; c != null; c = c.getCause()) {
      if (c instanceof LimitedBody.TooLargeException) {
        return FetchException.unreadable("size", shown(at) + ": " + c.getMessage(), new byte[0]);
      }
    }
    if (cause instanceof HttpConnectTimeoutException) {
      return FetchException.passing(
          "connection", shown(at) + ": no connection within " + connectMs + " ms");
    }
    if (cause instanceof HttpTimeoutException) {
      return FetchException.passing("timeout", shown(at) + ": " + cause.getMessage());
    }
    // Messages of the client may hold the whole URL.
    String why =
        cause instanceof java.net.ConnectException
            ? "no connection"
            : cause.getClass().getSimpleName()
                + (cause.getMessage() == null || cause.getMessage().contains("://")
                    ? ""
                    : ": " + cause.getMessage());
    return FetchException.passing("connection", shown(at) + ": " + why);
  }

  /** The token endpoint, asked by this client. */
  private final class TokenServer implements OAuthTokens.Source {
    private final RestConfig config;

    TokenServer(RestConfig config) {
      this.config = config;
    }

    @Override
    public Clock clock() {
      return clock;
    }

    @Override
    public OAuthTokens.Token fetch() throws FetchException, InterruptedException {
      URI uri =
          RestConfig.http(
              RestConfig.AUTH_TOKEN_URL, config.getString(RestConfig.AUTH_TOKEN_URL).strip());
      String client = config.getString(RestConfig.AUTH_USER).strip();
      String secret = config.secret(RestConfig.AUTH_SECRET).strip();
      StringBuilder form = new StringBuilder("grant_type=client_credentials");
      if (!config.getString(RestConfig.AUTH_SCOPE).isBlank()) {
        form.append("&scope=").append(Template.encode(config.getString(RestConfig.AUTH_SCOPE)));
      }
      HttpRequest.Builder request =
          HttpRequest.newBuilder(uri)
              .setHeader("Accept", "application/json")
              .setHeader("Content-Type", "application/x-www-form-urlencoded");
      if (config.getString(RestConfig.AUTH_CLIENT).equals("body")) {
        form.append("&client_id=").append(Template.encode(client));
        form.append("&client_secret=").append(Template.encode(secret));
      } else {
        // Both are form-encoded first: RFC 6749, 2.3.1.
        request.setHeader(
            "Authorization", Credentials.basic(Template.encode(client), Template.encode(secret)));
      }
      request.POST(HttpRequest.BodyPublishers.ofString(form.toString(), StandardCharsets.US_ASCII));
      HttpResponse<byte[]> response = send(request, uri);
      if (response.statusCode() != 200) {
        FetchException failure = failure(uri, response);
        // 400 is what a wrong client id gets: RFC 6749, 5.2.
        Kind kind = failure.kind() == Kind.PASSING ? Kind.PASSING : Kind.CREDENTIALS;
        throw new FetchException(
            kind,
            "token " + failure.topic(),
            "no token: " + failure.getMessage(),
            failure.after(),
            new byte[0]);
      }
      try {
        JsonNode body = JSON.readTree(response.body());
        if (body.path("access_token").isTextual()) {
          return new OAuthTokens.Token(
              body.get("access_token").asText(),
              Duration.ofSeconds(Math.max(0, body.path("expires_in").asLong(3600))));
        }
      } catch (IOException e) {
        // Not its message: that quotes the body.
      }
      throw FetchException.passing("token", shown(uri) + ": the answer holds no access_token");
    }
  }

  /** Checks once what would fail in each request. */
  static void check(RestConfig config) {
    config
        .parameters(RestConfig.HEADERS)
        .keySet()
        .forEach(
            name -> {
              try {
                HttpRequest.newBuilder().setHeader(name, "x");
              } catch (IllegalArgumentException e) {
                throw new ConfigException(RestConfig.HEADERS, name, e.getMessage());
              }
            });
  }
}
