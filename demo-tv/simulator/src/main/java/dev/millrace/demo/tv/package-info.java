/**
 * The world around demo-tv: life in its database, and the truth about what was viewed.
 *
 * <p>Shares no code with the pipeline, on purpose: what it computes is what the pipeline's results
 * are compared with. It talks to Kafka, the schema registry, Elasticsearch and the database with
 * their own clients and protocols only.
 */
package dev.millrace.demo.tv;
