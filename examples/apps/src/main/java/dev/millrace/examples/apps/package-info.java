/** Transforms of one's own, in Java. */
package dev.millrace.examples.apps;
