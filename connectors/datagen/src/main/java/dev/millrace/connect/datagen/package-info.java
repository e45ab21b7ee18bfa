/**
 * A Connect source that makes records from an annotated Avro schema, and clickstreams: entities
 * with sessions, event time, records out of order, late and twice, exactly reproducible from a
 * seed.
 */
package dev.millrace.connect.datagen;
