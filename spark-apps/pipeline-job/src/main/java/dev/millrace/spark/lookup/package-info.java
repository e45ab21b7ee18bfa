/** Joins of a stream with a table that is looked up, by a key and by intervals that overlap. */
package dev.millrace.spark.lookup;
