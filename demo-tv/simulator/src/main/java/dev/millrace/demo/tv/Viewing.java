package dev.millrace.demo.tv;

/**
 * A device on a channel, from one instant to another.
 *
 * @param from in microseconds since 1970 UTC
 * @param to likewise, exclusive
 */
record Viewing(String device, String channel, long from, long to) {}
