package dev.millrace.spark.stream;

import org.apache.spark.sql.connector.read.InputPartition;

/**
 * Records of a partition that one task reads.
 *
 * @param until exclusive
 */
record RowsRange(int partition, long from, long until) implements InputPartition {}
