/** Where clients of Kafka come from: a real one, or a Kafka in this process's memory. */
package dev.millrace.spark.kafka;
