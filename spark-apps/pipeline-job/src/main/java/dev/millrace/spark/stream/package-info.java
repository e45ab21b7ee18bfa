/**
 * Append streams as a Spark source: Kafka's records as rows, with progress as the minimum over
 * partitions, and with what is late or can not be decoded set aside.
 */
package dev.millrace.spark.stream;
