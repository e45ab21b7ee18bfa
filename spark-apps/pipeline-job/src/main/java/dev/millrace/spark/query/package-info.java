/** Answers a question in SQL over streams: what {@code millrace query} starts. */
package dev.millrace.spark.query;
