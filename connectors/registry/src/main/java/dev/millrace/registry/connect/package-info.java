/** Kafka Connect's data as registry-framed Avro, and back. */
package dev.millrace.registry.connect;
