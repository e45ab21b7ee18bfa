package dev.millrace.connect.rest;

import java.time.Duration;
import java.util.Optional;

/** A request that brought no answer to read. Its message holds no secret. */
final class FetchException extends Exception {
  private static final long serialVersionUID = 1L;

  /** What it is good for to ask again. */
  enum Kind {
    /** It may pass: a time limit, a rate limit, a server's own error. */
    PASSING,
    /** Credentials are refused. */
    CREDENTIALS,
    /** The request is refused for another reason. */
    REFUSED,
    /** There is an answer, and it can not be read. */
    UNREADABLE
  }

  private final Kind kind;
  private final String topic;
  private final transient Optional<Duration> after;
  private final transient byte[] body;

  /**
   * A failed request.
   *
   * @param topic what it is about in a word or two, the same for each failure of that sort
   * @param after how long the server wants to be left alone
   * @param body what it has answered, or the beginning of it
   */
  FetchException(Kind kind, String topic, String message, Optional<Duration> after, byte[] body) {
    super(message);
    this.kind = kind;
    this.topic = topic;
    this.after = after;
    this.body = body;
  }

  static FetchException passing(String topic, String message) {
    return new FetchException(Kind.PASSING, topic, message, Optional.empty(), new byte[0]);
  }

  static FetchException unreadable(String topic, String message, byte[] body) {
    return new FetchException(Kind.UNREADABLE, topic, message, Optional.empty(), body);
  }

  Kind kind() {
    return kind;
  }

  String topic() {
    return topic;
  }

  Optional<Duration> after() {
    return after;
  }

  byte[] body() {
    return body;
  }
}
