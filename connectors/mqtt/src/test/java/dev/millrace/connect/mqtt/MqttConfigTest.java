package dev.millrace.connect.mqtt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MqttConfigTest {
  static final String SCHEMA =
      """
      {"type":"record","name":"Telemetry","namespace":"test","fields":[
        {"name":"region","type":"string"},
        {"name":"device_id","type":["null","string"],"default":null},
        {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
        {"name":"volume","type":"int"},
        {"name":"body","type":["null","bytes"],"default":null},
        {"name":"kept","type":["null","boolean"],"default":null},
        {"name":"topic","type":["null","string"],"default":null},
        {"name":"qos","type":["null","int"],"default":null}]}
      """;

  static Map<String, String> good() {
    Map<String, String> config = new HashMap<>();
    config.put("name", "tv.telemetry");
    config.put("url", "mqtt://broker");
    config.put("topic.filters", "tv/{region}/{device_id}/telemetry,alarms/#");
    config.put("topic", "tv.telemetry");
    config.put("schema", SCHEMA);
    config.put("schema.registry.url", "http://registry");
    config.put("dead.letter.topic", "tv.telemetry.dead");
    return config;
  }

  static MqttConfig with(String... keysAndValues) {
    Map<String, String> config = good();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      config.put(keysAndValues[i], keysAndValues[i + 1]);
    }
    return new MqttConfig(config);
  }

  @Test
  void knowsWhereTheBrokerIs() {
    assertThat(with().address()).isEqualTo(new MqttConfig.Address(false, "broker", 1883));
    assertThat(with("url", "mqtts://b.example").address())
        .isEqualTo(new MqttConfig.Address(true, "b.example", 8883));
    assertThat(with("url", "mqtt://[::1]:99").address().port()).isEqualTo(99);
  }

  @Test
  void namesClientsByConnectorAndTask() {
    assertThat(with().clientId(1)).isEqualTo("tv.telemetry-1");
    assertThat(with("client.id", "m").clientId(0)).isEqualTo("m-0");
  }

  @Test
  void hasOneTaskUnlessAllSubscriptionsAreShared() {
    assertThat(with().tasks(4)).isEqualTo(1);
    assertThat(with("topic.filters", "$share/g/a,b").tasks(4)).isEqualTo(1);
    assertThat(with("topic.filters", "$share/g/a,$share/g/b").tasks(4)).isEqualTo(4);
  }

  @Test
  void takesFromPayloadsWhatNothingElseFills() {
    assertThat(
            with("time.field", "at", "retained.field", "kept").payload().getFields().stream()
                .map(f -> f.name()))
        .containsExactly("volume", "body", "topic", "qos");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "url | http://broker | url: expected mqtt://host:1883",
        "url | mqtt:// | url: expected mqtt://host:1883",
        "url | mqtt://broker/path | url: expected mqtt://host:1883",
        "topic.filters | a/#/b | topic.filters: level '#'",
        "topic.filters | tv/{place} | the schema has no field 'place'; it has [region, device_id",
        "qos | 3 | qos: Value must be no more than 2",
        "version | 4 | version: String must be one of: 5, 3.1.1",
        "format | xml | format: String must be one of",
        "format | raw | payload.field: is needed with format=raw",
        "payload.field | body | payload.field: goes with format=raw only",
        "payload.schema | {} | payload.schema: is not an Avro schema",
        "payload.schema | \"string\" | payload.schema: is a STRING, not a record",
        "tls.ca.file | /ca.pem | tls.ca.file: needs an url that begins with mqtts://",
        "time.field | volume | time.field: the field is no timestamp",
        "time.field | when | time.field: the schema has no field 'when'",
        "topic.field | volume | topic.field: the field is no string",
        "retained.field | volume | retained.field: the field is no boolean",
        "qos.field | region | qos.field: the field is no int or long",
        "key.fields | nobody | key.fields: the schema has no such field",
        "receive.maximum | 0 | receive.maximum",
        "schema | nonsense | schema",
      })
  void namesTheKeyTheValueAndTheFix(String key, String value, String message) {
    assertThatThrownBy(() -> with(key, value))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
    Map<String, String> config = good();
    config.put(key, value);
    assertThat(
            new MqttSourceConnector()
                .validate(config).configValues().stream()
                    .flatMap(v -> v.errorMessages().stream())
                    .toList())
        .as("what Connect's validation says")
        .isNotEmpty();
  }

  @Test
  void doesNotRepeatAPasswordOfTheUrl() {
    assertThatThrownBy(() -> with("url", "mqtt://u:geheim@broker"))
        .hasMessageContaining("belong into username and password")
        .hasMessageNotContaining("geheim");
  }

  @Test
  void wantsCertificateAndKeyTogether() {
    assertThatThrownBy(() -> with("url", "mqtts://b", "tls.certificate.file", "/c.pem"))
        .hasMessageContaining("tls.key.file")
        .hasMessageContaining("go together");
    assertThatThrownBy(() -> with("url", "mqtts://b", "tls.key.file", "/k.pem"))
        .hasMessageContaining("tls.certificate.file");
  }

  @Test
  void saysWhichFileCanNotBeUsed(@TempDir Path folder) throws Exception {
    Path nothing = folder.resolve("none.pem");
    assertThatThrownBy(() -> Tls.trust("tls.ca.file", nothing.toString()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("tls.ca.file: there is no such file");
    Path text = Files.writeString(folder.resolve("text.pem"), "hello");
    assertThatThrownBy(() -> Tls.trust("tls.ca.file", text.toString()))
        .hasMessageContaining("holds no certificates in PEM");
  }
}
