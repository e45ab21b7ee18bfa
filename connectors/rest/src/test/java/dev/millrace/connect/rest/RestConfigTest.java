package dev.millrace.connect.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.ConfigException;
import org.junit.jupiter.api.Test;

class RestConfigTest {
  private static Map<String, String> config() {
    Map<String, String> config = new HashMap<>();
    config.put("topic", "t");
    config.put("schema.registry.url", "http://registry:8081");
    config.put(
        "schema",
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"}]}");
    config.put("url", "https://example.com/x");
    return config;
  }

  @Test
  void namesTheSettingAndTheValueThatAreWrong() {
    wrong("url", "ftp://example.com/x", "url", "http or https");
    wrong("url", "http://me:s3cr3t@example.com/x", "url", "auth.type=basic");
    wrong("url", "https://example.com/{city.id}", "{city.id}", "item");
    wrong("url", "https://example.com/{item.id}", "items", "{item.id} has no value");
    wrong("url", "https://example.com/{window.start}", "url", "backfill only");
    wrong("url", "https://example.com/{", "brace");
    wrong("items", "[]", "items", "at least one");
    wrong("items", "[{},{}]", "items", "alike");
    wrong("items", "{", "items", "not JSON");
    wrong("item.name", "window", "item.name");
    wrong("cron", "61 * * * *", "cron", "61");
    wrong("cron.time.zone", "Mars/Olympus", "cron.time.zone", "Mars/Olympus");
    wrong("fields", "{\"temp\":\"/t\"}", "fields", "temp", "id");
    wrong("fields", "{\"id\":\"{city.id}\"}", "fields.id", "{city.id}");
    wrong("fields", "{\"id\":7}", "fields", "texts");
    wrong("records", "list", "records", "/list");
    wrong("auth.type", "digest", "auth.type", "digest");
    wrong("auth.type", "basic", "auth.username", "auth.type=basic");
    wrong("auth.type", "bearer", "auth.secret", "auth.type=bearer");
    wrong("pages.type", "cursor", "pages.cursor", "pages.type=cursor");
    wrong("backfill.from", "yesterday", "backfill.from", "2026-01-31");
    wrong("backfill.from", "2026-01-31", "backfill.to", "instant");
    wrong("only.changed", "true", "only.changed", "key.fields");
    wrong("headers", "{\"a b\":\"x\"}", "headers", "a b");
    Map<String, String> both = config();
    both.put("backfill.from", "2026-01-02");
    both.put("backfill.to", "2026-01-01");
    assertThatThrownBy(() -> new RestConfig(both)).hasMessageContaining("is not after");
    both.put("backfill.to", "2026-01-03");
    both.put("cron", "* * * * *");
    assertThatThrownBy(() -> new RestConfig(both)).hasMessageContaining("does not go with");
  }

  private static void wrong(String key, String value, String... said) {
    Map<String, String> config = config();
    config.put(key, value);
    assertThatThrownBy(() -> new RestConfig(config))
        .isInstanceOf(ConfigException.class)
        .satisfies(e -> assertThat(e.getMessage()).contains(said).doesNotContain("s3cr3t"));
    assertThat(new RestSourceConnector().validate(config).configValues())
        .anySatisfy(v -> assertThat(v.errorMessages()).isNotEmpty());
  }

  @Test
  void everySettingIsDocumented() {
    assertThat(RestSourceConnector.DEFINITION.configKeys().values())
        .allSatisfy(k -> assertThat(k.documentation).as(k.name).isNotBlank());
  }

  @Test
  void schedulesWithoutMakingUpForWhatWasMissed() {
    Instant start = Instant.parse("2026-01-01T00:00:00Z");
    Schedule every = Schedule.every(Duration.ofSeconds(30));
    assertThat(every.first(start, 1, 3)).isEqualTo(start.plusSeconds(10));
    assertThat(every.next(start, start.plusSeconds(1))).isEqualTo(start.plusSeconds(30));
    assertThat(every.next(start, start.plusSeconds(30))).isEqualTo(start.plusSeconds(60));
    assertThat(every.next(start, start.plusSeconds(3601))).isEqualTo(start.plusSeconds(3630));

    Schedule cron = Schedule.cron("cron", "30 2 * * *", ZoneId.of("Europe/Berlin"));
    assertThat(cron.next(start, start)).isEqualTo("2026-01-01T01:30:00Z");
    // No 02:30 on the day that summer time begins.
    assertThat(cron.next(start, Instant.parse("2026-03-28T12:00:00Z")))
        .isBetween(Instant.parse("2026-03-29T01:00:00Z"), Instant.parse("2026-03-30T00:30:00Z"));
  }

  @Test
  void readsRetryAfterInBothForms() {
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    assertThat(RetryAfter.parse("120", now)).contains(Duration.ofSeconds(120));
    assertThat(RetryAfter.parse("Thu, 01 Jan 2026 00:00:10 GMT", now))
        .contains(Duration.ofSeconds(10));
    assertThat(RetryAfter.parse("Wed, 31 Dec 2025 00:00:10 GMT", now)).contains(Duration.ZERO);
    assertThat(RetryAfter.parse("999999", now)).contains(Duration.ofHours(1));
    assertThat(RetryAfter.parse("soon", now)).isEmpty();
  }

  @Test
  void showsUrlsWithoutSecrets() {
    Map<String, String> config = config();
    config.put("auth.type", "query");
    config.put("auth.name", "q");
    config.put("auth.secret", "s3cr3t");
    Credentials credentials = Credentials.of(new RestConfig(config), null);
    assertThat(credentials.url(URI.create("http://h/x?a=1")).toString())
        .isEqualTo("http://h/x?a=1&q=s3cr3t");
    assertThat(credentials.url(URI.create("http://h/x?q=old&a=1")).toString())
        .isEqualTo("http://h/x?a=1&q=s3cr3t");
    for (String given :
        List.of(
            "http://h/x?q=s3cr3t",
            "http://h/x?q=s3cr3t&a=1",
            "http://h/x?a=1&q=s3cr3t",
            "http://h/x?api_key=s3cr3t",
            "http://h/x?a=1&Access-Token=s3cr3t&b=2",
            "http://u:s3cr3t@h/x")) {
      assertThat(credentials.shown(URI.create(given)))
          .doesNotContain("s3cr3t")
          .startsWith("http://h/x");
    }
  }
}
