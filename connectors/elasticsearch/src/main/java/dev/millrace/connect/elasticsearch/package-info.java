/**
 * A Connect sink that writes registry-framed Avro to Elasticsearch: a document for each key, the
 * newest version wins, nothing is lost or doubled over restarts.
 */
package dev.millrace.connect.elasticsearch;
