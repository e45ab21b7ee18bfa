package dev.millrace.engine;

import dev.millrace.planner.Known;
import java.util.Map;

/** The Secrets and ConfigMaps that a Pipeline may refer to. */
public interface References {
  /** The keys of a Secret. */
  Known<Map<String, String>> secret(String name);

  /** The keys of a ConfigMap. */
  Known<Map<String, String>> configMap(String name);

  /** A hash of an application's file; empty where it is in an image. */
  default Known<String> appFile(String path) {
    return new Known.Yes<>("");
  }
}
