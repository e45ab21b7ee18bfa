/**
 * A source that asks REST services, by schedule or window by window, for JSON, and writes what it
 * is told as registry-framed Avro.
 */
package dev.millrace.connect.rest;
