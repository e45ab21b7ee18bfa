package dev.millrace.spark.stream;

import java.io.Serializable;

/**
 * A record that does not become a row: it is late, or can not be decoded.
 *
 * @param key as it is in Kafka, may be null
 * @param value as it is in Kafka
 * @param late otherwise it can not be decoded
 * @param reason for people
 */
public record SideRecord(
    String topic, int partition, long offset, byte[] key, byte[] value, boolean late, String reason)
    implements Serializable {}
