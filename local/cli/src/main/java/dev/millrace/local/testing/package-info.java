/**
 * Tests of a pipeline: sample rows in, expected rows out. Read strictly, planned as any pipeline,
 * run by the Spark job's own code in another process; what is here neither starts processes nor
 * knows Spark.
 */
package dev.millrace.local.testing;
