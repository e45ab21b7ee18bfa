package dev.millrace.benchmark.sources;

import java.time.Instant;
import java.util.Locale;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;

/**
 * The record that all sources bring: seven fields, some 110 bytes of Avro.
 *
 * @param id its number, which all other fields follow from
 */
record Event(long id) {
  static final String SCHEMA =
      """
      {"type":"record","name":"Event","namespace":"bench","fields":[
        {"name":"id","type":"long"},
        {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
        {"name":"device","type":"string"},
        {"name":"region","type":"string"},
        {"name":"channel","type":"int"},
        {"name":"bit_rate","type":"double"},
        {"name":"title","type":"string"}]}
      """;

  static final Schema AVRO = new Schema.Parser().parse(SCHEMA);
  static final String CSV_HEADER = "id,at,device,region,channel,bit_rate,title\n";

  private static final Instant FROM = Instant.parse("2026-03-01T00:00:00Z");
  private static final String[] REGIONS = {"north", "south-west", "coast", "inner city"};

  Instant at() {
    return FROM.plusMillis(id);
  }

  String device() {
    return String.format(Locale.ROOT, "device-%08d", id % 50_000);
  }

  String region() {
    return REGIONS[(int) (id % REGIONS.length)];
  }

  int channel() {
    return (int) (id % 300);
  }

  double bitRate() {
    return 1500.25 + id % 4000;
  }

  String title() {
    return "Evening news, part " + id % 900 + ": what has happened in the world";
  }

  String csv() {
    return id + "," + at() + "," + device() + "," + region() + "," + channel() + "," + bitRate()
        + ",\"" + title() + "\"\n";
  }

  String json() {
    return "{\"id\":"
        + id
        + ",\"at\":\""
        + at()
        + "\",\"device\":\""
        + device()
        + "\",\"region\":\""
        + region()
        + "\",\"channel\":"
        + channel()
        + ",\"bit_rate\":"
        + bitRate()
        + ",\"title\":\""
        + title()
        + "\"}";
  }

  GenericRecord avro() {
    GenericRecord row = new GenericData.Record(AVRO);
    row.put("id", id);
    row.put("at", at().toEpochMilli() * 1000);
    row.put("device", device());
    row.put("region", region());
    row.put("channel", channel());
    row.put("bit_rate", bitRate());
    row.put("title", title());
    return row;
  }
}
