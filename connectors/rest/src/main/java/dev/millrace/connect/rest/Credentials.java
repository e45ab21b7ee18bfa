package dev.millrace.connect.rest;

import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigException;

/** How a request says who asks. What is given here never leaves the host of the configured URL. */
interface Credentials {
  /** Names of query parameters whose values are not shown, whatever they are for. */
  Pattern SECRET_PARAMETERS =
      Pattern.compile(
          "(?i)([?&;])([^=&;#]*(?:key|token|secret|passw|appid|sig|auth|credential)[^=&;#]*)=[^&;#]*");

  /** Adds what goes into the URL. */
  default URI url(URI uri) {
    return uri;
  }

  /** Takes out what {@link #url} has added, or a server has copied from it. */
  default String without(String url) {
    return url;
  }

  /** Adds headers. */
  default void headers(HttpRequest.Builder request) throws FetchException, InterruptedException {}

  /**
   * What was given is refused.
   *
   * @return whether there may be something else to give
   */
  default boolean refused() {
    return false;
  }

  /** A URL as it may be read by anybody. */
  default String shown(URI uri) {
    String text = uri.toString();
    if (uri.getRawUserInfo() != null) {
      text = text.replace(uri.getRawUserInfo() + "@", "");
    }
    return SECRET_PARAMETERS.matcher(without(text)).replaceAll("$1$2=***");
  }

  /** What must be there for the kind that is configured. */
  static void check(RestConfig config) {
    String type = config.getString(RestConfig.AUTH);
    Map<String, Set<String>> needed =
        Map.of(
            "query", Set.of(RestConfig.AUTH_NAME),
            "header", Set.of(RestConfig.AUTH_NAME),
            "basic", Set.of(RestConfig.AUTH_USER),
            "oauth2", Set.of(RestConfig.AUTH_USER, RestConfig.AUTH_TOKEN_URL));
    for (String setting : needed.getOrDefault(type, Set.of())) {
      if (config.getString(setting).isBlank()) {
        throw new ConfigException(setting, "", "is needed with auth.type=" + type);
      }
    }
    if (!type.equals("none") && config.secret(RestConfig.AUTH_SECRET).isBlank()) {
      throw new ConfigException(
          RestConfig.AUTH_SECRET + ": is empty, and needed with auth.type=" + type);
    }
  }

  static Credentials of(RestConfig config, OAuthTokens.Source tokens) {
    String name = config.getString(RestConfig.AUTH_NAME);
    String secret = config.secret(RestConfig.AUTH_SECRET).strip();
    return switch (config.getString(RestConfig.AUTH)) {
      case "query" -> inQuery(name, secret);
      case "header" -> header(name, secret);
      case "basic" ->
          header("Authorization", basic(config.getString(RestConfig.AUTH_USER).strip(), secret));
      case "bearer" -> header("Authorization", "Bearer " + secret);
      case "oauth2" -> new OAuthTokens(tokens);
      default -> new Credentials() {};
    };
  }

  static String basic(String user, String password) {
    return "Basic "
        + Base64.getEncoder()
            .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
  }

  private static Credentials header(String name, String value) {
    return new Credentials() {
      @Override
      public void headers(HttpRequest.Builder request) {
        request.setHeader(name, value);
      }
    };
  }

  private static Credentials inQuery(String name, String secret) {
    String parameter = Template.encode(name);
    Pattern given = Pattern.compile("([?&])" + Pattern.quote(parameter) + "=[^&#]*&?");
    return new Credentials() {
      @Override
      public URI url(URI uri) {
        String text = without(uri.toString());
        return URI.create(Fetcher.withParameter(text, parameter, Template.encode(secret)));
      }

      @Override
      public String without(String url) {
        return given.matcher(url).replaceAll("$1").replaceFirst("[?&](#|$)", "$1");
      }
    };
  }
}
