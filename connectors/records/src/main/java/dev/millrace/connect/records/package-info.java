/**
 * What sources with a declared schema have in common: fields by name become registry-framed Avro,
 * and what does not fit becomes a dead letter.
 */
package dev.millrace.connect.records;
