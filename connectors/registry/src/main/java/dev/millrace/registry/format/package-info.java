/** What the records of a stream are in Kafka, and how they are written. */
package dev.millrace.registry.format;
