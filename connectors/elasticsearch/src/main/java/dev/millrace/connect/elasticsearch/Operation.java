package dev.millrace.connect.elasticsearch;

import org.apache.kafka.connect.sink.SinkRecord;

/**
 * One line of a bulk request.
 *
 * @param document JSON; null to delete
 * @param versioned whether the offset is the document's version
 * @param record where it comes from
 */
record Operation(String index, String id, byte[] document, boolean versioned, SinkRecord record) {
  int size() {
    return 100 + id.length() + (document == null ? 0 : document.length);
  }
}
