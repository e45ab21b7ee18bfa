/** Spark's checkpoint files on a local disk. */
package dev.millrace.spark.checkpoint;
