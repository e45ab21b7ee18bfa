/** Tables as a Spark source: the latest row of each key, brought up to date at each micro-batch. */
package dev.millrace.spark.table;
