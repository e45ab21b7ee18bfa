package dev.millrace.local.testing;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import org.apache.avro.Schema;

/**
 * A stream that every test begins with rows of. If only a running database or registry knows its
 * schema, the tests declare that too.
 *
 * @param where it stands, for problems
 * @param schema of its values; empty where the pipeline knows it
 * @param key names of its key's columns; empty for a stream without a key
 * @param rows that every test begins with
 */
record StreamDeclaration(
    String where, String name, Optional<Schema> schema, List<String> key, List<JsonNode> rows) {}
