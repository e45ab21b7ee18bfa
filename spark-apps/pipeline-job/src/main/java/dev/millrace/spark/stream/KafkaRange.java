package dev.millrace.spark.stream;

import org.apache.spark.sql.connector.read.InputPartition;

/**
 * Records of a partition that one task reads.
 *
 * @param partition -1 for none
 * @param until exclusive
 * @param progress of the batch
 * @param tick whether the batch's tick row comes with it
 */
record KafkaRange(int partition, long from, long until, long progress, boolean tick)
    implements InputPartition {}
