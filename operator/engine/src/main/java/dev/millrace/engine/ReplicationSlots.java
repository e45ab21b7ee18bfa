package dev.millrace.engine;

import dev.millrace.planner.Known;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drops what a connector to PostgreSQL leaves in the database: its replication slot, for which the
 * server would keep its log for ever, and its publication. It goes by the connector's
 * configuration, not by a Pipeline: the source may not be in it any more. Thread safe.
 */
final class ReplicationSlots {
  private static final Logger log = LoggerFactory.getLogger(ReplicationSlots.class);

  private static final String CONNECTOR = "io.debezium.connector.postgresql.PostgresConnector";

  /** A reference to a key of a Secret, as connectors have it: the Secret's name is a folder's. */
  private static final Pattern REFERENCE =
      Pattern.compile("\\$\\{[^:}]+:(?:[^:}]*/)?([^/:}]+):.+}");

  private static final String OBJECT_IN_USE = "55006";

  /** So long a Secret may be missing before it is taken for gone: it may not be read yet. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final References references;
  private final Clock clock;
  private final Map<String, Map<String, String>> remembered = new ConcurrentHashMap<>();
  private final Map<String, Instant> missing = new ConcurrentHashMap<>();

  ReplicationSlots(References references, Clock clock) {
    this.references = references;
    this.clock = clock;
  }

  /**
   * Remembers how the database of a connector is reached: when its source is not in the Pipeline
   * any more, nobody refers to the Secret, and it may not be read.
   */
  void remember(Map<String, String> connector) {
    if (has(connector)
        && secret(connector).map(references::secret).orElse(null)
            instanceof Known.Yes<Map<String, String>> yes) {
      remembered.put(slot(connector), yes.value());
    }
  }

  private static String slot(Map<String, String> connector) {
    return connector.getOrDefault("slot.name", "");
  }

  private static Optional<String> secret(Map<String, String> connector) {
    Matcher reference = REFERENCE.matcher(connector.getOrDefault("database.password", ""));
    return reference.matches() ? Optional.of(reference.group(1)) : Optional.empty();
  }

  /** Whether a connector has a slot, which has to go with it. */
  static boolean has(Map<String, String> connector) {
    return CONNECTOR.equals(connector.get("connector.class"));
  }

  /**
   * Drops the slot and the publication of a connector that is stopped.
   *
   * @return why they are still there; empty once they are gone, or where nobody can say how to
   *     reach the database any more
   */
  Optional<String> drop(Map<String, String> connector) {
    return drop(connector, Optional.empty());
  }

  /** The same of one that is no longer planned: what is remembered of it serves too. */
  Optional<String> dropOrphan(Map<String, String> connector) {
    return drop(connector, Optional.ofNullable(remembered.get(slot(connector))));
  }

  private Optional<String> drop(
      Map<String, String> connector, Optional<Map<String, String>> otherwise) {
    String slot = slot(connector);
    String where =
        connector.get("database.hostname")
            + ":"
            + connector.get("database.port")
            + "/"
            + connector.get("database.dbname");
    String byHand = "SELECT pg_drop_replication_slot('" + slot + "')";
    Optional<String> name = secret(connector);
    Known<Map<String, String>> secret =
        name.isPresent()
            ? references.secret(name.get())
            : new Known.No<>("its password is no reference to a Secret");
    if (otherwise.isPresent() && !(secret instanceof Known.Yes<Map<String, String>>)) {
      secret = new Known.Yes<>(otherwise.get());
    }
    if (secret instanceof Known.Waiting<Map<String, String>> waiting) {
      Instant since = missing.computeIfAbsent(slot, s -> clock.instant());
      if (clock.instant().isBefore(since.plus(PATIENCE))) {
        return Optional.of("replication slot " + slot + " is to be dropped: " + waiting.why());
      }
      secret = new Known.No<>(waiting.why());
    }
    missing.remove(slot);
    if (!(secret instanceof Known.Yes<Map<String, String>> credentials)) {
      log.warn(
          "PostgreSQL at {}: replication slot {} is left, since {}: the server keeps its log for it"
              + " until somebody runs {}",
          where,
          slot,
          ((Known.No<Map<String, String>>) secret).why(),
          byHand);
      return Optional.empty();
    }
    try (Connection database = connect(connector, where, credentials.value())) {
      if (!dropSlot(database, slot)) {
        return Optional.of(
            "replication slot " + slot + " in PostgreSQL at " + where + " is in use");
      }
      remembered.remove(slot);
      dropPublication(database, where, connector.getOrDefault("publication.name", ""));
      return Optional.empty();
    } catch (SQLException e) {
      return Optional.of(
          "replication slot "
              + slot
              + " can not be dropped, and PostgreSQL at "
              + where
              + " would keep its log for it: "
              + e.getMessage()
              + ". Run "
              + byHand
              + " there, or delete Secret '"
              + name.orElse("")
              + "' to leave it");
    }
  }

  private static Connection connect(
      Map<String, String> connector, String where, Map<String, String> credentials)
      throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", credentials.getOrDefault("username", ""));
    properties.setProperty("password", credentials.getOrDefault("password", ""));
    properties.setProperty("sslmode", connector.getOrDefault("database.sslmode", "prefer"));
    properties.setProperty("connectTimeout", "5");
    properties.setProperty("loginTimeout", "5");
    properties.setProperty("socketTimeout", "10");
    properties.setProperty("ApplicationName", "millrace");
    return DriverManager.getConnection("jdbc:postgresql://" + where, properties);
  }

  private static boolean dropSlot(Connection database, String slot) throws SQLException {
    try (PreparedStatement drop =
        database.prepareStatement(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                + " WHERE slot_name = ?")) {
      drop.setString(1, slot);
      try (ResultSet gone = drop.executeQuery()) {
        if (gone.next()) {
          log.info("replication slot {}: dropped", slot);
        }
      }
      return true;
    } catch (SQLException e) {
      if (OBJECT_IN_USE.equals(e.getSQLState())) {
        return false;
      }
      throw e;
    }
  }

  /** One that is left costs nothing. */
  private static void dropPublication(Connection database, String where, String publication) {
    try (Statement statement = database.createStatement()) {
      statement.execute("DROP PUBLICATION IF EXISTS \"" + publication.replace("\"", "\"\"") + "\"");
    } catch (SQLException e) {
      log.warn("PostgreSQL at {}: publication {} is left: {}", where, publication, e.getMessage());
    }
  }
}
