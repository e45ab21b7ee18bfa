package dev.millrace.local.manifest;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A laptop's surroundings, declared in {@code local.yaml}: what stands in for the world that a
 * cluster already has.
 *
 * @param services development services beside the platform's own
 * @param processes simulators that run while the pipeline does
 */
public record LocalEnvironment(List<DevService> services, List<DevProcess> processes) {

  /**
   * A development service.
   *
   * @param name names the service in status and logs
   * @param kind what it is
   * @param secret name of the Secret it yields: keys {@code url}, {@code username}, {@code
   *     password}, {@code host}, {@code port}, and {@code database} of a database
   */
  public record DevService(String name, Kind kind, String secret) {}

  /** What a development service is. */
  public sealed interface Kind {}

  /**
   * A MariaDB server with a database of its own.
   *
   * @param database created on first start
   * @param seed SQL files, relative to the directory, run once in this order
   */
  public record MariaDb(String database, List<String> seed) implements Kind {}

  /**
   * A PostgreSQL server with a database of its own, that may be followed.
   *
   * @param database created on first start
   * @param seed SQL files, relative to the directory, run once in this order
   */
  public record Postgres(String database, List<String> seed) implements Kind {}

  /** An MQTT broker. */
  public record Mqtt() implements Kind {}

  /**
   * An object store with Amazon's S3 API, and a bucket in it. Its Secret has the keys {@code
   * endpoint}, {@code bucket}, {@code accessKeyId}, {@code secretAccessKey}.
   *
   * @param bucket there from the first start on
   * @param seed files and folders, relative to the directory, whose content is put into the bucket
   *     where it lacks it
   */
  public record S3(String bucket, List<String> seed) implements Kind {}

  /**
   * A Java program.
   *
   * @param name names the process in status and logs
   * @param classPath entries relative to the directory; {@code dir/*} as Java has it
   * @param mainClass what runs
   * @param args its arguments
   * @param env its environment
   * @param port where it serves, if it does
   */
  public record DevProcess(
      String name,
      List<String> classPath,
      String mainClass,
      List<String> args,
      List<EnvVar> env,
      Optional<DevPort> port) {}

  /**
   * A loopback port that is chosen for a process, and remembered.
   *
   * @param env the environment variable that tells the process
   * @param secret name of the Secret that tells the pipeline: keys {@code url}, {@code host},
   *     {@code port}
   * @param literals further keys of that Secret, such as the key that the process takes
   */
  public record DevPort(String env, String secret, Map<String, String> literals) {
    /** What the Secret holds. */
    public Map<String, String> keys(int port) {
      Map<String, String> keys = new TreeMap<>(literals);
      keys.put("url", "http://127.0.0.1:" + port);
      keys.put("host", "127.0.0.1");
      keys.put("port", Integer.toString(port));
      return keys;
    }
  }

  /**
   * An environment variable: a value, or a key of a Secret.
   *
   * @param name of the variable
   * @param value if it is given as text
   * @param secret if it comes from a Secret
   */
  public record EnvVar(String name, Optional<String> value, Optional<SecretKey> secret) {}

  /** Names of the Secrets that there are once all of it runs. */
  public Set<String> secrets() {
    Set<String> names = new TreeSet<>();
    services.forEach(s -> names.add(s.secret()));
    processes.forEach(p -> p.port().ifPresent(port -> names.add(port.secret())));
    return names;
  }

  /** A key of a Secret. */
  public record SecretKey(String secret, String key) {}

  /** The value of each variable, with what the Secrets hold. */
  public static Map<String, String> resolve(
      List<EnvVar> env, Map<String, Map<String, String>> secrets) {
    Map<String, String> resolved = new TreeMap<>();
    for (EnvVar variable : env) {
      variable.value().ifPresent(v -> resolved.put(variable.name(), v));
      variable
          .secret()
          .ifPresent(s -> resolved.put(variable.name(), secrets.get(s.secret()).get(s.key())));
    }
    return resolved;
  }
}
