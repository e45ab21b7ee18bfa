/** A source connector to begin with. */
package dev.millrace.examples.readings;
