package dev.millrace.local.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ValuesTest {
  private static final YAMLMapper YAML = new YAMLMapper();

  private static Schema type(String text) {
    return ColumnType.parse(
            text,
            why -> {
              throw new AssertionError(why);
            })
        .orElseThrow();
  }

  private static Object read(String type, String yaml) throws Exception {
    return Values.read(type(type), YAML.readTree(yaml));
  }

  @Test
  void whatIsWrittenIsReadAgain() throws Exception {
    Schema schema = Schema.createRecord("R", null, "t", false);
    schema.setFields(
        java.util.List.of(
            new Schema.Field("at", type("timestamp")),
            new Schema.Field("day", type("date?")),
            new Schema.Field("rate", type("decimal(8,2)")),
            new Schema.Field("text", type("string?")),
            new Schema.Field("n", type("long"))));
    GenericRecord record = new GenericData.Record(schema);
    record.put("at", read("timestamp", "2026-03-01T10:00:00.000001Z"));
    record.put("day", read("date?", "2026-03-01"));
    record.put("rate", read("decimal(8,2)", "12.5"));
    record.put("text", null);
    record.put("n", read("long", "9007199254740993"));
    GenericRecord back = Values.decode(schema, Values.encode(record), 0);
    assertThat(back.get("at")).isEqualTo(Instant.parse("2026-03-01T10:00:00.000001Z"));
    assertThat(back.get("day")).isEqualTo(LocalDate.parse("2026-03-01"));
    assertThat(back.get("rate")).isEqualTo(new BigDecimal("12.50"));
    assertThat(back.get("text")).isNull();
    assertThat(back.get("n")).isEqualTo(9007199254740993L);
    assertThat(Values.text(back.get("at"))).isEqualTo("2026-03-01T10:00:00.000001Z");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "int | many | expected a whole number of 32 bits, found 'many'",
        "int | 3000000000 | expected a whole number of 32 bits, found '3000000000'",
        "int | null | is null, and the column is not nullable",
        "string | 1 | expected text (in quotes if it looks like something else), found '1'",
        "timestamp | 10:00 | expected a time such as 2026-03-01T10:00:00Z, found '10:00'",
        "timestamp | 2026-03-01T10:00:00.0000001Z | is finer than the column, which keeps micros: '2026-03-01T10:00:00.0000001Z'",
        "date | 2026-02-30 | expected a date such as 2026-03-01, found '2026-02-30'",
        "decimal(4,2) | 1.234 | expected a number of at most 4 digits, 2 of them behind the point, found '1.234'",
        "boolean | 1 | expected true or false, found '1'",
        "double | [1] | expected a number, found a list"
      })
  void whatDoesNotFitIsRefusedWithItsValue(String type, String yaml, String message) {
    assertThatThrownBy(() -> read(type, yaml)).isInstanceOf(Values.Unfit.class).hasMessage(message);
  }

  @Test
  void sumsMayDifferInTheirLastDigits() {
    assertThat(Values.same(0.3, 0.1 + 0.2)).isTrue();
    assertThat(Values.same(0.3, 0.3000001)).isFalse();
    assertThat(Values.same(0.0, 1e-12)).isFalse();
    assertThat(Values.same(null, 0)).isFalse();
    assertThat(Values.same(1L, 1L)).isTrue();
    assertThat(Values.same("a", new org.apache.avro.util.Utf8("a"))).isTrue();
  }
}
