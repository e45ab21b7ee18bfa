package dev.millrace.connect.records;

import java.util.List;
import java.util.Map;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * Makes a task's records, of bytes that need no converter but {@code ByteArrayConverter}. Not
 * thread safe, as a task is not.
 */
public final class RecordFactory {
  /** Header of a dead letter: why it is one. */
  public static final String REASON = "millrace.reason";

  /** Header of a dead letter: where it came from, such as a file's name or an address. */
  public static final String SOURCE = "millrace.source";

  private final RecordSettings settings;
  private final int valueId;
  private final int keyId;
  private final AvroRecordWriter writer;
  private final int[] key;
  private final int[] deciding;

  /**
   * A factory.
   *
   * @param valueId the registry's id of the values' schema
   * @param keyId of the keys'; -1 if there are none
   */
  public RecordFactory(RecordSettings settings, int valueId, int keyId) {
    this.settings = settings;
    this.valueId = valueId;
    this.keyId = keyId;
    this.writer = new AvroRecordWriter(settings.schema());
    this.key = fields(settings.keyFields());
    this.deciding = fields(settings.deciding());
  }

  private int[] fields(List<String> names) {
    return names.stream().mapToInt(writer::field).toArray();
  }

  /** The settings that it was made of. */
  public RecordSettings settings() {
    return settings;
  }

  /** To fill in, one record after the other: {@link #record} makes the record of what is in it. */
  public AvroRecordWriter writer() {
    return writer;
  }

  /**
   * The record that is in the writer.
   *
   * @param partition of the source, shared among its records
   * @param offset of the source, after this record
   * @throws BadRecordException if a field is missing that may not be
   */
  public SourceRecord record(Map<String, ?> partition, Map<String, ?> offset)
      throws BadRecordException {
    byte[] value = writer.framed(valueId);
    byte[] keyBytes = key.length == 0 ? null : writer.framed(key, keyId);
    Integer to =
        deciding.length == 0
            ? null
            : Utils.toPositive(Utils.murmur2(writer.bytes(deciding))) % settings.partitions();
    return new SourceRecord(
        partition,
        offset,
        settings.topic(),
        to,
        keyBytes == null ? null : Schema.BYTES_SCHEMA,
        keyBytes,
        Schema.BYTES_SCHEMA,
        value);
  }

  /**
   * A dead letter.
   *
   * @param original what came, as it came
   * @param reason said to people; no secret in it
   * @param about more headers, {@link #SOURCE} among them
   * @throws DataException if no topic of dead letters is configured: the task can not go on then
   */
  public SourceRecord deadLetter(
      byte[] original,
      String reason,
      Map<String, String> about,
      Map<String, ?> partition,
      Map<String, ?> offset) {
    if (settings.deadLetters().isEmpty()) {
      throw new DataException(
          reason + " " + about + "; " + RecordSettings.DEAD_LETTERS + " would let the task go on");
    }
    ConnectHeaders headers = new ConnectHeaders();
    headers.addString(REASON, reason);
    about.forEach(headers::addString);
    return new SourceRecord(
        partition,
        offset,
        settings.deadLetters(),
        null,
        null,
        null,
        Schema.OPTIONAL_BYTES_SCHEMA,
        original,
        null,
        headers);
  }
}
