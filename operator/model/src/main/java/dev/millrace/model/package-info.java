/**
 * The resources of {@code millrace.dev/v1alpha1} as Java types, and their strict reading. No I/O,
 * no client.
 */
package dev.millrace.model;
