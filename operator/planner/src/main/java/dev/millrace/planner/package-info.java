/**
 * From a Pipeline, its Platform and what is known of schemas to a {@link
 * dev.millrace.planner.Plan}. Pure: no clock, no I/O, no client.
 */
package dev.millrace.planner;
