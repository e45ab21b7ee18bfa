package dev.millrace.connect.rest;

import java.net.http.HttpRequest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/**
 * Access tokens of the OAuth 2 client credentials grant (RFC 6749, 4.4): one for all requests,
 * another one before it ends, or when it is refused.
 */
final class OAuthTokens implements Credentials {
  /** So long before its end another token is fetched, or a tenth of its life if that is less. */
  private static final Duration EARLY = Duration.ofSeconds(60);

  private final Source source;
  private String token;
  private Instant until = Instant.EPOCH;
  private boolean fresh;

  /** Fetches a token. */
  interface Source {
    Token fetch() throws FetchException, InterruptedException;

    Clock clock();
  }

  /**
   * A token.
   *
   * @param life how long it is good for, from when it was asked for
   */
  record Token(String value, Duration life) {}

  OAuthTokens(Source source) {
    this.source = source;
  }

  @Override
  public void headers(HttpRequest.Builder request) throws FetchException, InterruptedException {
    request.setHeader("Authorization", "Bearer " + current());
  }

  private synchronized String current() throws FetchException, InterruptedException {
    Instant now = source.clock().instant();
    if (token == null || !now.isBefore(until)) {
      Token next = source.fetch();
      token = next.value();
      Duration early = next.life().dividedBy(10);
      until = now.plus(next.life()).minus(early.compareTo(EARLY) < 0 ? early : EARLY);
      fresh = true;
    } else {
      fresh = false;
    }
    return token;
  }

  @Override
  public synchronized boolean refused() {
    // One that was fetched just now is no better the second time.
    boolean again = !fresh;
    token = null;
    return again;
  }
}
