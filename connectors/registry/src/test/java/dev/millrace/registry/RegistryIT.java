package dev.millrace.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.registry.connect.AvroConverter;
import dev.millrace.services.Distribution;
import dev.millrace.services.RegistryService;
import dev.millrace.services.Supervisor;
import io.apicurio.registry.serde.avro.AvroKafkaDeserializer;
import io.apicurio.registry.serde.avro.AvroKafkaSerializer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a real registry, and against the serde that its makers wrote. */
class RegistryIT {
  @TempDir static Path temporary;
  private static Supervisor supervisor;
  private static String url;

  @BeforeAll
  static void start() throws Exception {
    RegistryService service = new RegistryService(Distribution.locate());
    supervisor = new Supervisor(temporary, Clock.systemUTC(), s -> {});
    supervisor.start(service);
    supervisor.awaitReady(service.name(), Duration.ofMinutes(2));
    url = service.endpoint().orElseThrow();
  }

  @AfterAll
  static void stop() {
    supervisor.close();
  }

  private static Schema schema(String fields) {
    return new Schema.Parser()
        .parse(
            "{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"n\",\"fields\":[" + fields + "]}");
  }

  private static final Schema ONE = schema("{\"name\":\"a\",\"type\":\"int\"}");
  private static final Schema TWO =
      schema(
          "{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"b\",\"type\":[\"null\",\"string\"],\"default\":null}");
  private static final Schema BREAKS =
      schema("{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"c\",\"type\":\"string\"}");

  @Test
  void registersOnceAndKeepsTheSubjectsLevel() {
    SchemaRegistryClient client = new SchemaRegistryClient(url);
    assertThat(client.latest("t1-value")).isEmpty();
    assertThat(client.compatibilityLevel("t1-value")).isEmpty();
    client.setCompatibilityLevel("t1-value", "BACKWARD");
    assertThat(client.compatibilityLevel("t1-value")).contains("BACKWARD");
    int one = client.register("t1-value", ONE);
    assertThat(new SchemaRegistryClient(url).register("t1-value", ONE)).isEqualTo(one);
    assertThat(client.test("t1-value", TWO).compatible()).isTrue();
    assertThat(client.test("t1-value", BREAKS).compatible()).isFalse();
    int two = client.register("t1-value", TWO);
    assertThat(two).isNotEqualTo(one);
    assertThat(client.latest("t1-value").orElseThrow().version()).isEqualTo(2);
    assertThat(new SchemaRegistryClient(url).byId(one)).isEqualTo(ONE);
    assertThatThrownBy(() -> client.register("t1-value", BREAKS))
        .isInstanceOfSatisfying(
            RegistryException.class,
            e -> {
              assertThat(e.status()).isEqualTo(409);
              assertThat(e.retryable()).isFalse();
            });
    assertThatThrownBy(() -> client.byId(999_999))
        .isInstanceOfSatisfying(
            RegistryException.class, e -> assertThat(e.status()).isEqualTo(404));
    client.delete("t1-value");
    assertThat(new SchemaRegistryClient(url).latest("t1-value")).isEmpty();
  }

  @Test
  void saysThatNobodyAnswersWithinItsDeadline() {
    SchemaRegistryClient nobody =
        new SchemaRegistryClient("http://127.0.0.1:9", Optional.empty(), Duration.ofMillis(300));
    assertThatThrownBy(() -> nobody.byId(1))
        .isInstanceOfSatisfying(RegistryException.class, e -> assertThat(e.retryable()).isTrue())
        .hasMessageContaining("no answer");
  }

  private static Map<String, Object> peer() {
    Map<String, Object> config = new HashMap<>();
    config.put("apicurio.registry.url", url.replace("/apis/ccompat/v7", "/apis/registry/v2"));
    config.put("apicurio.registry.as-confluent", "true");
    config.put("apicurio.registry.auto-register", "true");
    return config;
  }

  private static AvroConverter converter() {
    AvroConverter converter = new AvroConverter();
    converter.configure(Map.of("schema.registry.url", url), false);
    return converter;
  }

  private static final org.apache.kafka.connect.data.Schema ROW =
      SchemaBuilder.struct()
          .field("id", org.apache.kafka.connect.data.Schema.INT64_SCHEMA)
          .field("name", org.apache.kafka.connect.data.Schema.OPTIONAL_STRING_SCHEMA)
          .field("at", SchemaBuilder.int64().name("io.debezium.time.MicroTimestamp").build())
          .build();

  @Test
  void theirDeserializerReadsWhatOurConverterWrites() {
    byte[] bytes =
        converter()
            .fromConnectData(
                "pre.tv.users",
                ROW,
                new Struct(ROW)
                    .put("id", 5L)
                    .put("name", "Ünal")
                    .put("at", 1_700_000_000_000_001L));
    try (AvroKafkaDeserializer<GenericRecord> deserializer = new AvroKafkaDeserializer<>()) {
      deserializer.configure(peer(), false);
      GenericRecord read = deserializer.deserialize("pre.tv.users", bytes);
      assertThat(read.getSchema().getFullName()).isEqualTo("dev.millrace.pre.tv.Users");
      assertThat(read.get("id")).isEqualTo(5L);
      assertThat(read.get("name")).hasToString("Ünal");
      assertThat(read.getSchema().getField("at").schema().getLogicalType().getName())
          .isEqualTo("timestamp-micros");
      assertThat(read.get("at")).isEqualTo(1_700_000_000_000_001L);
    }
    assertThat(converter().fromConnectData("pre.tv.users", ROW, null)).isNull();
  }

  @Test
  void ourConverterReadsWhatTheirSerializerWrites() {
    try (AvroKafkaSerializer<GenericRecord> serializer = new AvroKafkaSerializer<>()) {
      serializer.configure(peer(), false);
      GenericRecord record = new GenericData.Record(TWO);
      record.put("a", 3);
      record.put("b", "x");
      byte[] bytes = serializer.serialize("t2", record);
      assertThat(WireFormat.schemaId(bytes)).isPositive();
      SchemaAndValue read = converter().toConnectData("t2", bytes);
      Struct struct = (Struct) read.value();
      assertThat(struct.getInt32("a")).isEqualTo(3);
      assertThat(struct.getString("b")).isEqualTo("x");
    }
  }

  @Test
  void withoutAutoRegisterAnotherSchemaIsRefusedByName() {
    AvroConverter strict = new AvroConverter();
    strict.configure(Map.of("schema.registry.url", url, "auto.register", "false"), false);
    assertThatThrownBy(() -> strict.fromConnectData("t3", ROW, new Struct(ROW)))
        .hasMessageContaining("t3-value");
  }
}
