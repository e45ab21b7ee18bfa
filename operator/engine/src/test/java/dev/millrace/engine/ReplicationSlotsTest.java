package dev.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.planner.Known;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What becomes of a slot where the database, or its Secret, is not there. */
class ReplicationSlotsTest {
  private static final Map<String, String> CONNECTOR =
      Map.of(
          "connector.class",
          "io.debezium.connector.postgresql.PostgresConnector",
          "database.hostname",
          "127.0.0.1",
          "database.port",
          "1",
          "database.dbname",
          "shop",
          "database.password",
          "${secrets:/etc/millrace/secrets/shop-db:password}",
          "slot.name",
          "millrace_shop_1");

  private final Map<String, Known<Map<String, String>>> secrets = new HashMap<>();
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private final Clock clock =
      new Clock() {
        @Override
        public ZoneId getZone() {
          return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
          return this;
        }

        @Override
        public Instant instant() {
          return now;
        }
      };
  private final ReplicationSlots slots =
      new ReplicationSlots(
          new References() {
            @Override
            public Known<Map<String, String>> secret(String name) {
              return secrets.getOrDefault(name, new Known.Waiting<>("no Secret '" + name + "'"));
            }

            @Override
            public Known<Map<String, String>> configMap(String name) {
              return new Known.No<>("none");
            }
          },
          clock);

  private static final Known<Map<String, String>> LOGIN =
      new Known.Yes<>(Map.of("username", "u", "password", "t0p-secret"));

  @Test
  void onlyConnectorsToPostgresHaveOne() {
    assertThat(ReplicationSlots.has(CONNECTOR)).isTrue();
    assertThat(
            ReplicationSlots.has(
                Map.of("connector.class", "io.debezium.connector.mariadb.MariaDbConnector")))
        .isFalse();
  }

  @Test
  void namesTheSlotWhileTheDatabaseDoesNotAnswer() {
    secrets.put("shop-db", LOGIN);
    assertThat(slots.drop(CONNECTOR).orElseThrow())
        .contains("millrace_shop_1")
        .contains("127.0.0.1:1/shop")
        .contains("Run SELECT pg_drop_replication_slot('millrace_shop_1') there")
        .contains("delete Secret 'shop-db' to leave it")
        .doesNotContain("t0p-secret");
  }

  @Test
  void aSecretThatIsGoneKeepsNothingForEver() {
    assertThat(slots.drop(CONNECTOR)).hasValueSatisfying(w -> assertThat(w).contains("shop-db"));
    now = now.plus(Duration.ofSeconds(119));
    assertThat(slots.drop(CONNECTOR)).isPresent();
    now = now.plus(Duration.ofSeconds(2));
    assertThat(slots.drop(CONNECTOR)).isEmpty();
    secrets.put("shop-db", new Known.No<>("no Secret 'shop-db'"));
    assertThat(slots.drop(CONNECTOR)).isEmpty();
  }

  @Test
  void remembersHowToReachWhatIsNotInThePipelineAnyMore() {
    secrets.put("shop-db", LOGIN);
    slots.remember(CONNECTOR);
    secrets.clear();
    assertThat(slots.dropOrphan(CONNECTOR).orElseThrow()).contains("can not be dropped");
    assertThat(slots.drop(CONNECTOR).orElseThrow()).contains("no Secret 'shop-db'");
  }
}
