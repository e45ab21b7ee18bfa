/** Options that the source, the tables and the sink of the job have in common. */
package dev.millrace.spark.options;
