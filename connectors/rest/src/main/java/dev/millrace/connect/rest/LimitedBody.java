package dev.millrace.connect.rest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;

/** A body of at most so many bytes: the connection is given up as soon as there are more. */
final class LimitedBody implements HttpResponse.BodySubscriber<byte[]> {
  private final long announced;
  private final int limit;
  private final CompletableFuture<byte[]> result = new CompletableFuture<>();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private Flow.Subscription subscription;

  /** Says that there was more. */
  static final class TooLargeException extends IOException {
    private static final long serialVersionUID = 1L;

    TooLargeException(String message) {
      super(message);
    }
  }

  private LimitedBody(long announced, int limit) {
    this.announced = announced;
    this.limit = limit;
  }

  static HttpResponse.BodyHandler<byte[]> of(int limit) {
    return info ->
        new LimitedBody(info.headers().firstValueAsLong("Content-Length").orElse(-1), limit);
  }

  @Override
  public CompletionStage<byte[]> getBody() {
    return result;
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    this.subscription = subscription;
    if (announced > limit) {
      tooLarge("is of " + announced + " bytes");
    } else {
      subscription.request(1);
    }
  }

  private void tooLarge(String size) {
    subscription.cancel();
    result.completeExceptionally(
        new TooLargeException("the answer " + size + "; at most " + limit + " bytes are read"));
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    if (result.isDone()) {
      return;
    }
    for (ByteBuffer buffer : buffers) {
      if (bytes.size() + buffer.remaining() > limit) {
        tooLarge("goes on after " + bytes.size() + " bytes");
        return;
      }
      byte[] chunk = new byte[buffer.remaining()];
      buffer.get(chunk);
      bytes.write(chunk, 0, chunk.length);
    }
    subscription.request(1);
  }

  @Override
  public void onError(Throwable failure) {
    result.completeExceptionally(failure);
  }

  @Override
  public void onComplete() {
    result.complete(bytes.toByteArray());
  }
}
