package dev.millrace.services;

import java.io.IOException;
import java.util.Map;

/** A service that stands in for one that a cluster has already, and is used with a Secret. */
public interface DevelopmentService extends Service {

  /**
   * What a Secret for it holds: {@code url}, {@code username}, {@code password}, {@code host},
   * {@code port} and what else one of its kind has. Known once {@link #endpoint} is.
   */
  Map<String, String> credentials() throws IOException;
}
