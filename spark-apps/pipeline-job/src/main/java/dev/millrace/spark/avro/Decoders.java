package dev.millrace.spark.avro;

import dev.millrace.registry.RegistryException;
import dev.millrace.registry.WireFormat;
import dev.millrace.spark.options.RegistryAccess;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import org.apache.avro.Schema;
import org.apache.spark.sql.types.StructType;

/** The decoders of one reader, by the schema that a record was written with. Not thread safe. */
public final class Decoders {
  /** One client a registry and JVM: schemas are fetched once. */
  private static final Map<RegistryAccess, IntFunction<Schema>> REGISTRIES =
      new ConcurrentHashMap<>();

  private final RegistryAccess registry;
  private final Schema reader;
  private final List<String> columns;
  private final String timeField;
  private final StructType extra;
  private final Map<Integer, RowDecoder> byId = new HashMap<>();
  private int lastId = -1;
  private RowDecoder last;

  /** Schemas under a URL at which no server listens. */
  public static void provide(String registryUrl, Map<Integer, Schema> schemas) {
    REGISTRIES.put(
        RegistryAccess.open(registryUrl),
        id -> {
          Schema schema = schemas.get(id);
          if (schema == null) {
            throw new IllegalArgumentException("schema id " + id + " is not known");
          }
          return schema;
        });
  }

  /**
   * For rows of some columns of a record.
   *
   * @param reader schema that the rows follow, whatever the records were written with
   * @param timeField field whose value {@link RowDecoder#decode} returns, or null
   * @param extra columns behind, which the caller sets
   */
  public Decoders(
      RegistryAccess registry,
      Schema reader,
      List<String> columns,
      String timeField,
      StructType extra) {
    this.registry = registry;
    this.reader = reader;
    this.columns = columns;
    this.timeField = timeField;
    this.extra = extra;
  }

  /**
   * The decoder that a framed record needs.
   *
   * @throws dev.millrace.registry.WireFormatException if the record has no frame
   * @throws IllegalArgumentException if the registry does not know the id, or the schemas do not
   *     fit
   * @throws IOException if the registry does not answer
   */
  public RowDecoder of(byte[] framed) throws IOException {
    int id = WireFormat.schemaId(framed);
    if (id != lastId) {
      RowDecoder decoder = byId.get(id);
      if (decoder == null) {
        decoder = decoder(schema(id));
        byId.put(id, decoder);
      }
      last = decoder;
      lastId = id;
    }
    return last;
  }

  /** A decoder for records written with the reader's own schema. */
  public RowDecoder ofReader() {
    return decoder(reader);
  }

  private Schema schema(int id) throws IOException {
    try {
      return REGISTRIES.computeIfAbsent(registry, r -> r.client()::byId).apply(id);
    } catch (RegistryException e) {
      if (e.retryable()) {
        throw new IOException(e.getMessage(), e);
      }
      throw new IllegalArgumentException("schema id " + id + ": " + e.getMessage(), e);
    }
  }

  private RowDecoder decoder(Schema writer) {
    return new RowDecoder(writer, reader, columns, timeField, extra);
  }
}
