package dev.millrace.registry.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;
import org.junit.jupiter.api.Test;

class ChangeEventTest {
  private static final Schema ROW =
      SchemaBuilder.struct()
          .optional()
          .field("id", Schema.INT32_SCHEMA)
          .field("level", SchemaBuilder.int32().optional().defaultValue(7).build())
          .build();
  private static final Schema SOURCE =
      SchemaBuilder.struct().field("ts_us", Schema.OPTIONAL_INT64_SCHEMA).build();
  private static final Schema EVENT =
      SchemaBuilder.struct()
          .field("before", ROW)
          .field("after", ROW)
          .field("source", SOURCE)
          .field("op", Schema.STRING_SCHEMA)
          .build();

  private static List<Object> values(List<ChangeEvent.Cell> cells, Struct record) {
    return cells.stream().map(c -> c.value().of(record)).toList();
  }

  @Test
  void findsTheRowAfterTheChangeAndWhatIsAskedForOfIt() {
    Struct event =
        new Struct(EVENT)
            .put("after", new Struct(ROW).put("id", 1).put("level", 3))
            .put("source", new Struct(SOURCE).put("ts_us", 5L))
            .put("op", "c");
    assertThat(values(ChangeEvent.row(EVENT, Set.of()), event)).containsExactly(1, 3);
    List<ChangeEvent.Cell> all =
        ChangeEvent.row(EVENT, Set.of(ChangeEvent.OP, ChangeEvent.SOURCE_TS));
    assertThat(all)
        .extracting(ChangeEvent.Cell::name)
        .containsExactly("id", "level", "_op", "_source_ts");
    assertThat(values(all, event)).containsExactly(1, 3, "c", 5L);
    assertThat(ChangeEvent.deletes(event)).isFalse();
  }

  @Test
  void aNullIsNotTheDefault() {
    Struct event = new Struct(EVENT).put("after", new Struct(ROW).put("id", 1).put("level", null));
    assertThat(values(ChangeEvent.row(EVENT, Set.of()), event)).containsExactly(1, null);
  }

  @Test
  void aDeleteHasNoRow() {
    assertThat(ChangeEvent.deletes(new Struct(EVENT).put("before", new Struct(ROW).put("id", 1))))
        .isTrue();
    assertThat(ChangeEvent.deletes(null)).isTrue();
  }

  @Test
  void whatIsNoEventIsSaid() {
    Schema other = SchemaBuilder.struct().name("beat").field("ts", Schema.INT64_SCHEMA).build();
    assertThatThrownBy(() -> ChangeEvent.row(other, Set.of()))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("found beat");
  }
}
