/**
 * A Connect source that reads files: rows of CSV, JSON lines, Parquet and Avro, from a folder or
 * from S3-compatible storage, each once.
 */
package dev.millrace.connect.files;
