package dev.millrace.local.manifest;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A laptop's surroundings, declared in {@code local.yaml}: what stands in for the world that a
 * cluster already has.
 *
 * @param services development services beside the platform's own
 * @param processes simulators that run while the pipeline does
 */
public record LocalEnvironment(List<DevService> services, List<DevProcess> processes) {

  /** Servers that can be had, by the name of their field. */
  public enum Kind {
    MARIADB,
    POSTGRES;

    /** The field of {@code local.yaml} that declares one. */
    public String field() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * A database server with a database of its own.
   *
   * @param name names the service in status and logs
   * @param kind which server it is
   * @param database created on first start
   * @param seed SQL files, relative to the directory, run once in this order
   * @param secret name of the Secret it yields: keys {@code url}, {@code username}, {@code
   *     password}, {@code host}, {@code port}, {@code database}
   */
  public record DevService(
      String name, Kind kind, String database, List<String> seed, String secret) {}

  /**
   * A Java program.
   *
   * @param name names the process in status and logs
   * @param classPath entries relative to the directory; {@code dir/*} as Java has it
   * @param mainClass what runs
   * @param args its arguments
   * @param env its environment
   */
  public record DevProcess(
      String name, List<String> classPath, String mainClass, List<String> args, List<EnvVar> env) {}

  /**
   * An environment variable: a value, or a key of a Secret.
   *
   * @param name of the variable
   * @param value if it is given as text
   * @param secret if it comes from a Secret
   */
  public record EnvVar(String name, Optional<String> value, Optional<SecretKey> secret) {}

  /** A key of a Secret. */
  public record SecretKey(String secret, String key) {}

  /** The value of each variable, with what the Secrets hold. */
  public static Map<String, String> resolve(
      List<EnvVar> env, Map<String, Map<String, String>> secrets) {
    Map<String, String> resolved = new java.util.TreeMap<>();
    for (EnvVar variable : env) {
      variable.value().ifPresent(v -> resolved.put(variable.name(), v));
      variable
          .secret()
          .ifPresent(s -> resolved.put(variable.name(), secrets.get(s.secret()).get(s.key())));
    }
    return resolved;
  }
}
