package dev.millrace.connect.mqtt;

import dev.millrace.connect.records.AvroRecordWriter;
import dev.millrace.connect.records.BadRecordException;
import dev.millrace.connect.records.RecordFactory;
import dev.millrace.registry.SchemaRegistryClient;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.source.SourceRecord;

/** Makes a record, or a dead letter, of a message. Not thread safe. */
final class Records {
  private final RecordFactory factory;
  private final AvroRecordWriter writer;
  private final Payloads payloads;
  private final TopicPattern[] patterns;

  /** For each pattern, the numbers of the fields that its levels are. */
  private final int[][] levels;

  private final TopicPattern.Match match = new TopicPattern.Match();
  private final int topic;
  private final int time;
  private final int retained;
  private final int qos;
  private final int longest;

  Records(MqttConfig config, RecordFactory factory, SchemaRegistryClient registry) {
    this.factory = factory;
    this.writer = factory.writer();
    this.payloads = Payloads.of(config, writer, registry);
    List<TopicPattern> list = config.patterns();
    this.patterns = list.toArray(new TopicPattern[0]);
    this.levels =
        list.stream()
            .map(p -> p.fields().stream().mapToInt(writer::field).toArray())
            .toArray(int[][]::new);
    this.topic = field(config, MqttConfig.TOPIC_FIELD);
    this.time = field(config, MqttConfig.TIME_FIELD);
    this.retained = field(config, MqttConfig.RETAINED_FIELD);
    this.qos = field(config, MqttConfig.QOS_FIELD);
    this.longest = config.getInt(MqttConfig.MESSAGE_BYTES);
  }

  private int field(MqttConfig config, String key) {
    String name = config.getString(key);
    return name.isEmpty() ? -1 : writer.field(name);
  }

  /** The record of a message; a dead letter if it can not be read or does not fit. */
  SourceRecord of(Message message, Map<String, ?> partition, Map<String, ?> offset) {
    byte[] payload = message.payload();
    try {
      if (payload.length > longest) {
        throw new BadRecordException(
            "the payload has "
                + payload.length
                + " bytes, and "
                + MqttConfig.MESSAGE_BYTES
                + " is "
                + longest
                + "; this is its beginning");
      }
      writer.begin();
      payloads.read(payload);
      fill(message);
      return factory.record(partition, offset);
    } catch (BadRecordException e) {
      return factory.deadLetter(
          payload.length > longest ? Arrays.copyOf(payload, longest) : payload,
          e.getMessage(),
          Map.of(RecordFactory.SOURCE, message.topic()),
          partition,
          offset);
    }
  }

  /** After the payload: a payload's field of the same name does not count. */
  private void fill(Message message) throws BadRecordException {
    String name = message.topic();
    int matching = 0;
    while (matching < patterns.length && !patterns[matching].matches(name, match)) {
      matching++;
    }
    if (matching == patterns.length) {
      throw new BadRecordException(
          "the topic matches none of " + MqttConfig.FILTERS + "; an earlier configuration had it");
    }
    int[] fields = levels[matching];
    for (int i = 0; i < fields.length; i++) {
      writer.text(fields[i], match.level(name, i));
    }
    if (topic >= 0) {
      writer.value(topic, name);
    }
    if (time >= 0) {
      writer.value(time, message.arrived());
    }
    if (retained >= 0) {
      writer.value(retained, message.retained());
    }
    if (qos >= 0) {
      writer.value(qos, message.qos());
    }
  }
}
