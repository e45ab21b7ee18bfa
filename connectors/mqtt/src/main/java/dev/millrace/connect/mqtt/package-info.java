/**
 * A Kafka Connect source of MQTT topics: {@link dev.millrace.connect.mqtt.MqttSourceConnector}.
 * Knows Connect and MQTT, nothing of pipelines.
 */
package dev.millrace.connect.mqtt;
