package dev.millrace.controller;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Iterator;

/** Whether a status says something else than the one that is written. */
final class StatusWriter {
  private static final ObjectMapper JSON =
      new ObjectMapper().setSerializationInclusion(JsonInclude.Include.NON_NULL);

  private StatusWriter() {}

  static boolean differs(Object written, Object wanted) {
    return !plain(JSON.valueToTree(written)).equals(plain(JSON.valueToTree(wanted)));
  }

  /** Without empty lists and texts: the API server may have them or not. */
  private static JsonNode plain(JsonNode node) {
    for (Iterator<JsonNode> children = node.elements(); children.hasNext(); ) {
      JsonNode child = children.next();
      plain(child);
      boolean empty =
          child.isNull()
              || (child.isContainerNode() && child.isEmpty())
              || (child.isTextual() && child.asText().isEmpty());
      if (node.isObject() && empty) {
        children.remove();
      }
    }
    return node;
  }
}
