/** A stream as a transactional, fenced, epoch-aware Spark sink. */
package dev.millrace.spark.sink;
