package dev.millrace.demo.tv;

/**
 * One line of the written event list.
 *
 * @param device who
 * @param type {@code start}, {@code switch} or {@code stop}
 * @param channel what is watched from now on; null after a stop
 * @param at when, in microseconds since 1970 UTC
 */
record Event(String device, String type, String channel, long at) {
  boolean opens() {
    return !type.equals("stop");
  }
}
