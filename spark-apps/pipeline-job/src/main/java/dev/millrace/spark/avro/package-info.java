/** Avro binary straight to Spark's rows and back: no generic record in between. */
package dev.millrace.spark.avro;
