/**
 * What everything that reads or writes a stream shares: the wire format, the client of the schema
 * registry, and the marks that say what a stream's records do not.
 */
package dev.millrace.registry;
