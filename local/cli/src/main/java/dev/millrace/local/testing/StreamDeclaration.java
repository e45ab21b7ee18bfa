package dev.millrace.local.testing;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.apache.avro.Schema;

/**
 * A stream whose schema only a running database or registry knows, as the tests declare it.
 *
 * @param where it stands, for problems
 * @param schema of its values
 * @param key names of its key's columns; empty for a stream without a key
 * @param rows that every test begins with
 */
record StreamDeclaration(
    String where, String name, Schema schema, List<String> key, List<JsonNode> rows) {}
