package dev.millrace.local.guarded;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import javax.net.ssl.SSLContext;

/** A user and a password, by whom one may ask. */
public record Login(String user, String password, SSLContext trust) {

  String header() {
    return "Basic "
        + Base64.getEncoder()
            .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
  }

  /** Asks as this user. */
  public HttpResponse<String> http(String method, String url)
      throws IOException, InterruptedException {
    return HttpClient.newBuilder()
        .sslContext(trust)
        .build()
        .send(
            HttpRequest.newBuilder(URI.create(url))
                .timeout(Duration.ofSeconds(5))
                .header("Authorization", header())
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  boolean answers(String url) throws InterruptedException {
    try {
      return http("GET", url).statusCode() == 200;
    } catch (IOException notYet) {
      return false;
    }
  }
}
