package dev.millrace.benchmark.sources;

import java.util.Map;
import java.util.Optional;

/** Records that are made up; there is nothing that a bare client could read. */
final class DatagenSource implements Source {
  private static final String SCHEMA =
      """
      {"type":"record","name":"Event","namespace":"bench","fields":[
        {"name":"id","type":{"type":"long","arg.properties":{"iteration":{"start":0}}}},
        {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
        {"name":"device","type":{"type":"string","arg.properties":{"regex":"device-[0-9]{8}"}}},
        {"name":"region","type":{"type":"string","arg.properties":{"options":["north","south-west","coast","inner city"]}}},
        {"name":"channel","type":{"type":"int","arg.properties":{"range":{"min":0,"max":300}}}},
        {"name":"bit_rate","type":{"type":"double","arg.properties":{"range":{"min":1500.0,"max":5500.0}}}},
        {"name":"title","type":{"type":"string","arg.properties":{"options":["Evening news: what has happened in the world and at home","Morning news: what will happen in the world and at home"]}}}]}
      """;

  private final int records;
  private Stack stack;

  DatagenSource(int records) {
    this.records = records;
  }

  @Override
  public String name() {
    return "datagen";
  }

  @Override
  public int records() {
    return records;
  }

  @Override
  public void open(Stack given) {
    stack = given;
  }

  @Override
  public Optional<Double> bare() {
    return Optional.empty();
  }

  @Override
  public Stack.Arrival connector(int round) throws Exception {
    String topic = "datagen-" + round;
    stack.topics(topic);
    Map<String, String> config = stack.produced();
    config.put("connector.class", "dev.millrace.connect.datagen.DatagenSourceConnector");
    config.put("topic", topic);
    config.put("schema", SCHEMA);
    config.put("schema.registry.url", stack.registryUrl());
    config.put("event.time.field", "at");
    config.put("clock", "simulated");
    config.put("start", "2026-03-01T00:00:00Z");
    config.put("count", Integer.toString(records));
    config.put("rate", "max");
    stack.put(topic, config);
    Stack.Arrival arrival = stack.arrival(topic, 0, records);
    stack.delete(topic);
    stack.deleteTopics(topic);
    return arrival;
  }
}
