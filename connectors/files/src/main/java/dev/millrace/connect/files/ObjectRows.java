package dev.millrace.connect.files;

import dev.millrace.connect.files.Fit.Misfit;
import dev.millrace.connect.records.AvroRecordWriter;
import dev.millrace.connect.records.BadRecordException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;

/** Rows of files that know their schema: only declared fields are read. */
abstract class ObjectRows implements RowReader {
  final StoredFile file;
  private Schema projected;
  private int[] fields;
  private List<UnaryOperator<Object>> conversions;
  private GenericRecord row;
  private String reason;
  long rows;

  ObjectRows(StoredFile file) {
    this.file = file;
  }

  /**
   * The file's schema without what is not declared.
   *
   * @throws IOException naming the field, if one does not fit, or is not there and has to be
   */
  final Schema project(Schema inFile, AvroRecordWriter writer) throws IOException {
    List<Schema.Field> kept = new ArrayList<>();
    List<Integer> numbers = new ArrayList<>();
    conversions = new ArrayList<>();
    try {
      for (Schema.Field declared : writer.schema().getFields()) {
        Schema.Field there = Fit.there(declared, inFile);
        if (there != null) {
          conversions.add(Fit.of(declared.name(), declared.schema(), there.schema()));
          kept.add(new Schema.Field(there.name(), there.schema()));
          numbers.add(declared.pos());
        } else if (!declared.hasDefaultValue() && !declared.schema().isNullable()) {
          throw new IOException(
              "has no field '"
                  + declared.name()
                  + "', which may not be null; its fields are "
                  + inFile.getFields().stream().map(Schema.Field::name).toList());
        }
      }
    } catch (Misfit e) {
      throw new IOException(e.getMessage(), e);
    }
    fields = numbers.stream().mapToInt(i -> i).toArray();
    projected = Schema.createRecord(inFile.getName(), null, inFile.getNamespace(), false, kept);
    return projected;
  }

  /** The next row; null at the end. */
  abstract GenericRecord read() throws IOException;

  @Override
  public final Step next(AvroRecordWriter writer) throws IOException {
    row = read();
    if (row == null) {
      return Step.END;
    }
    rows++;
    writer.begin();
    try {
      for (int i = 0; i < fields.length; i++) {
        Object value = row.get(i);
        if (value != null) {
          writer.value(fields[i], conversions.get(i).apply(value));
        }
      }
      return Step.ROW;
    } catch (BadRecordException e) {
      reason = e.getMessage();
      return Step.BAD;
    } catch (ArithmeticException e) {
      reason = "a time is out of range";
      return Step.BAD;
    }
  }

  @Override
  public final byte[] raw() {
    return row.toString().getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public final String reason() {
    return reason;
  }

  @Override
  public final long line() {
    return rows;
  }
}
