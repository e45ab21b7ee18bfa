package dev.millrace.spark.options;

import dev.millrace.registry.Authorities;
import dev.millrace.registry.SchemaRegistryClient;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * Where the schema registry is, and the files that say who we are to it. It goes to executors as it
 * is: they read the files themselves, and no secret is in it.
 *
 * @param url base URL
 * @param usernameFile file with the user's name; empty where the registry asks nobody
 * @param passwordFile file with the user's password
 * @param caFile file with the authority of its certificate in PEM; empty for those that Java knows
 */
public record RegistryAccess(String url, String usernameFile, String passwordFile, String caFile)
    implements Serializable {
  private static final String URL = "registry.url";
  private static final String USERNAME_FILE = "registry.username.file";
  private static final String PASSWORD_FILE = "registry.password.file";
  private static final String CA_FILE = "registry.ca.file";

  public RegistryAccess {
    usernameFile = usernameFile == null ? "" : usernameFile;
    passwordFile = passwordFile == null ? "" : passwordFile;
    caFile = caFile == null ? "" : caFile;
  }

  /** A registry that asks nobody. */
  public static RegistryAccess open(String url) {
    return new RegistryAccess(url, "", "", "");
  }

  /**
   * What a stream or table is loaded with.
   *
   * @throws IllegalArgumentException if there is no URL
   */
  public static RegistryAccess of(CaseInsensitiveStringMap options) {
    return new RegistryAccess(
        KafkaOptions.required(options, URL),
        options.get(USERNAME_FILE),
        options.get(PASSWORD_FILE),
        options.get(CA_FILE));
  }

  /** Says it in the options of a stream or table. */
  public void put(Map<String, String> options) {
    options.put(URL, url);
    options.put(USERNAME_FILE, usernameFile);
    options.put(PASSWORD_FILE, passwordFile);
    options.put(CA_FILE, caFile);
  }

  /**
   * A client, by the files as they are now.
   *
   * @throws IllegalArgumentException naming a file that can not be read
   */
  public SchemaRegistryClient client() {
    Optional<String> user =
        usernameFile.isEmpty()
            ? Optional.empty()
            : Optional.of(read(usernameFile) + ":" + read(passwordFile));
    Optional<SSLContext> trust =
        caFile.isEmpty() ? Optional.empty() : Optional.of(Authorities.ofFile(caFile));
    return new SchemaRegistryClient(url, user, trust, Duration.ofSeconds(15));
  }

  private static String read(String file) {
    try {
      return Files.readString(Path.of(file));
    } catch (IOException e) {
      throw new IllegalArgumentException("the file of a Secret can not be read: " + e, e);
    }
  }
}
