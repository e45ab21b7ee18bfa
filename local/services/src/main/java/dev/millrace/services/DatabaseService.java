package dev.millrace.services;

import java.io.IOException;
import java.util.Map;

/** A database server of a laptop's surroundings. */
public interface DatabaseService extends Service {
  /**
   * What a Secret for this server holds: {@code url}, {@code username}, {@code password}, {@code
   * host}, {@code port}, {@code database}. Known once it has been prepared.
   */
  Map<String, String> credentials() throws IOException;
}
