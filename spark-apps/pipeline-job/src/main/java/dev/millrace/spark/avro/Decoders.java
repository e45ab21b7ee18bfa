package dev.millrace.spark.avro;

import dev.millrace.connect.records.BadRecordException;
import dev.millrace.connect.records.MessageReader;
import dev.millrace.registry.RegistryException;
import dev.millrace.registry.WireFormat;
import dev.millrace.registry.format.EmbeddedAvro;
import dev.millrace.registry.format.StreamFormat;
import dev.millrace.spark.options.RegistryAccess;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import org.apache.avro.Schema;
import org.apache.spark.sql.types.StructType;

/**
 * The decoders of one reader, by the schema that a record was written with: a stream's format is
 * chosen once, not for each record. Not thread safe.
 */
public final class Decoders {
  /** One client a registry and JVM: schemas are fetched once. */
  private static final Map<RegistryAccess, IntFunction<Schema>> REGISTRIES =
      new ConcurrentHashMap<>();

  private static final int MOST_SCHEMAS = 100;

  private final Format format;
  private final RegistryAccess registry;
  private final Schema reader;
  private final List<String> columns;
  private final String timeField;
  private final StructType extra;
  private RowDecoder last;

  /** Decodes a record with the decoder it needs, which is {@link #last} then; returns its time. */
  private interface Format {
    long decode(byte[] value) throws IOException;
  }

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
   * @param format of the stream
   * @param reader schema that the rows follow, whatever the records were written with
   * @param timeField field whose value {@link #decode} returns, or null
   * @param extra columns behind, which the caller sets
   * @throws IllegalArgumentException if JSON can not be of such a schema
   */
  public Decoders(
      StreamFormat format,
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
    this.format =
        switch (format) {
          case AVRO -> new Framed();
          case JSON -> new OneSchema(MessageReader.of(format, reader));
          case AVRO_EMBEDDED -> new Embedded(MessageReader.of(format, null));
        };
  }

  /**
   * Decodes a record; {@link #last} then has its row.
   *
   * @return its event time in microseconds, or {@link RowDecoder#NO_TIME}
   * @throws dev.millrace.registry.WireFormatException if the record has no frame
   * @throws CorruptRecordException if the bytes are no such record
   * @throws IllegalArgumentException if the registry does not know the id, or the schemas do not
   *     fit
   * @throws IOException if the registry does not answer
   */
  public long decode(byte[] value) throws IOException {
    return format.decode(value);
  }

  /** What decoded the last record. */
  public RowDecoder last() {
    return last;
  }

  /** A decoder for records written with the reader's own schema. */
  public RowDecoder ofReader() {
    return decoder(reader);
  }

  /** By the registry's ids. */
  private final class Framed implements Format {
    private final Map<Integer, RowDecoder> byId = new HashMap<>();
    private int lastId = -1;

    @Override
    public long decode(byte[] value) throws IOException {
      int id = WireFormat.schemaId(value);
      if (id != lastId) {
        RowDecoder decoder = byId.get(id);
        if (decoder == null) {
          decoder = decoder(schema(id));
          byId.put(id, decoder);
        }
        last = decoder;
        lastId = id;
      }
      return last.decode(value, WireFormat.HEADER_LENGTH);
    }
  }

  /** Messages that all follow the reader's schema. */
  private final class OneSchema implements Format {
    private final MessageReader messages;

    OneSchema(MessageReader messages) {
      this.messages = messages;
    }

    @Override
    public long decode(byte[] value) {
      byte[] avro = read(messages, value).avro();
      if (last == null) {
        last = ofReader();
      }
      return last.decode(avro, 0);
    }
  }

  /** Messages that bring their schemas. */
  private final class Embedded implements Format {
    private final MessageReader messages;
    private final Map<Schema, RowDecoder> bySchema = new HashMap<>();
    private Schema lastSchema;

    Embedded(MessageReader messages) {
      this.messages = messages;
    }

    @Override
    public long decode(byte[] value) {
      EmbeddedAvro.Read record = read(messages, value);
      if (record.schema() != lastSchema) {
        // Nobody says how many different ones there are.
        if (bySchema.size() >= MOST_SCHEMAS) {
          bySchema.clear();
        }
        last = bySchema.computeIfAbsent(record.schema(), Decoders.this::decoder);
        lastSchema = record.schema();
      }
      return last.decode(record.avro(), 0);
    }
  }

  private static EmbeddedAvro.Read read(MessageReader messages, byte[] value) {
    try {
      return messages.read(value);
    } catch (BadRecordException e) {
      throw new CorruptRecordException(e.getMessage());
    }
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
