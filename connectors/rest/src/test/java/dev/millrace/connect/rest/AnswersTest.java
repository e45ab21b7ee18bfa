package dev.millrace.connect.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnswersTest {
  private final Answers answers = new Answers();

  private static List<SourceRecord> answer(int records, int bytes) {
    return Collections.nCopies(
        records, new SourceRecord(Map.of(), Map.of(), "t", Schema.BYTES_SCHEMA, new byte[bytes]));
  }

  @Test
  void onePollTakesAllThatIsThere() throws Exception {
    answers.put(answer(3, 1));
    answers.put(answer(4, 1));
    assertThat(answers.take(0)).hasSize(7);
    assertThat(answers.take(1)).isNull();
  }

  @ParameterizedTest
  @CsvSource({"10000,1", "5,1000000"})
  void whoAsksWaitsForRoom(int records, int bytes) throws Exception {
    answers.put(answer(records, bytes));
    Thread asks =
        new Thread(
            () -> {
              try {
                answers.put(answer(1, 1));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    asks.start();
    await().until(() -> asks.getState() == Thread.State.WAITING);
    assertThat(answers.take(0)).hasSize(records);
    assertThat(answers.take(10_000)).hasSize(1);
    asks.join();
  }
}
