/**
 * Makes real what a plan says, and says what is: observes and applies resources in Kafka, the
 * schema registry, Kafka Connect, Elasticsearch and Spark. Who drives it, and when, it does not
 * know.
 */
package dev.millrace.engine;
