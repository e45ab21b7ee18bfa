package dev.millrace.connect.mqtt;

import java.time.Instant;

/**
 * A message as it came.
 *
 * @param topic its MQTT topic
 * @param payload its bytes
 * @param qos the quality of service it was delivered with: 0, 1 or 2
 * @param retained whether the broker had kept it for new subscribers
 * @param arrived when it was read from the connection
 * @param acknowledge tells the broker that it need not keep the message any longer; once, by any
 *     thread
 */
record Message(
    String topic,
    byte[] payload,
    int qos,
    boolean retained,
    Instant arrived,
    Runnable acknowledge) {}
