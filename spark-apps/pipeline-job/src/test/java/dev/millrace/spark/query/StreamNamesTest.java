package dev.millrace.spark.query;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class StreamNamesTest {
  private final StreamNames names =
      new StreamNames(
          List.of(
              new QueryDocument.Stream("shop", "orders", "append", "shop.orders", null, null),
              new QueryDocument.Stream("b-2-b", "orders", "append", "b-2-b.orders", null, null),
              new QueryDocument.Stream("shop", "sales", "table", "shop.sales", null, null)));

  @Test
  void aNameThatOnlyOnePipelineHas() {
    assertThat(names.find(List.of("sales")))
        .get()
        .hasFieldOrPropertyWithValue("topic", "shop.sales");
    assertThat(names.find(List.of("SALES"))).isPresent();
    assertThat(names.find(List.of("shop", "sales"))).isPresent();
  }

  @Test
  void aNameThatTwoHave() {
    assertThat(names.find(List.of("orders"))).isEmpty();
    assertThat(names.problem(List.of("orders")))
        .isEqualTo("stream orders is in more than one pipeline: say shop.orders or `b-2-b`.orders");
    assertThat(names.find(List.of("b-2-b", "orders")))
        .get()
        .hasFieldOrPropertyWithValue("topic", "b-2-b.orders");
  }

  @Test
  void aNameThatNobodyHas() {
    assertThat(names.problem(List.of("sale")))
        .isEqualTo(
            "unknown stream sale; known: `b-2-b`.orders, sales, shop.orders (did you mean 'sales'?)");
    assertThat(names.problem(List.of("a", "b", "c"))).startsWith("unknown stream a.b.c; known: ");
    assertThat(new StreamNames(List.of()).problem(List.of("x")))
        .isEqualTo("unknown stream x; there is none yet");
  }
}
