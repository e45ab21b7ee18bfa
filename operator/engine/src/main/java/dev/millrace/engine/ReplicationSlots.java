package dev.millrace.engine;

import dev.millrace.planner.Known;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
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

  private final References references;

  ReplicationSlots(References references) {
    this.references = references;
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
    String slot = connector.getOrDefault("slot.name", "");
    String where =
        connector.get("database.hostname")
            + ":"
            + connector.get("database.port")
            + "/"
            + connector.get("database.dbname");
    String byHand = "SELECT pg_drop_replication_slot('" + slot + "')";
    Matcher reference = REFERENCE.matcher(connector.getOrDefault("database.password", ""));
    Known<Map<String, String>> secret =
        reference.matches()
            ? references.secret(reference.group(1))
            : new Known.No<>("its password is no reference to a Secret");
    if (!(secret instanceof Known.Yes<Map<String, String>> credentials)) {
      if (secret instanceof Known.Waiting<Map<String, String>> waiting) {
        return Optional.of("replication slot " + slot + ": " + waiting.why());
      }
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
              + reference.group(1)
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
