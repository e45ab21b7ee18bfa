package dev.millrace.spark.job;

import dev.millrace.registry.StreamMarks;
import java.util.Map;
import java.util.function.UnaryOperator;

/** The marks of the pipeline's streams, and the ends of its topics. */
interface Marks extends AutoCloseable {
  /** What is known of a stream now. */
  StreamMarks of(String stream);

  /** Writes a stream's mark anew, starting from what is known of it; returns when Kafka has it. */
  void change(String stream, UnaryOperator<StreamMarks> change);

  /** End offsets of a topic as a read-committed consumer sees them, by partition. */
  Map<Integer, Long> ends(String topic);

  @Override
  void close();
}
