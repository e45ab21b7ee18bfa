package dev.millrace.controller;

import dev.millrace.model.Platform;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Which keys of which Secrets a Spark job of a Platform needs, and no others. */
final class JobSecrets {
  private JobSecrets() {}

  static Map<String, Set<String>> of(Platform.Spec spec) {
    Map<String, Set<String>> keys = new TreeMap<>();
    if (spec.kafka().tls() != null) {
      add(keys, spec.kafka().tls().caSecretRef());
    }
    if (spec.kafka().sasl() != null) {
      add(keys, spec.kafka().sasl().secretRef());
    }
    if (spec.schemaRegistry().basicAuth() != null) {
      add(keys, spec.schemaRegistry().basicAuth().secretRef());
    }
    if (spec.schemaRegistry().tls() != null) {
      add(keys, spec.schemaRegistry().tls().caSecretRef());
    }
    return keys;
  }

  private static void add(Map<String, Set<String>> keys, Platform.LoginSecret ref) {
    of(keys, ref.name()).add(ref.usernameKey());
    of(keys, ref.name()).add(ref.passwordKey());
  }

  private static void add(Map<String, Set<String>> keys, Platform.CaSecret ref) {
    if (ref != null) {
      of(keys, ref.name()).add(ref.key());
    }
  }

  private static Set<String> of(Map<String, Set<String>> keys, String secret) {
    return keys.computeIfAbsent(secret, s -> new TreeSet<>());
  }
}
