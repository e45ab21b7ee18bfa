package dev.millrace.spark.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.avro.Schema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

class AvroTypesTest {
  private static final String ALL =
      """
      {"type":"record","name":"All","namespace":"t","fields":[
       {"name":"b","type":"boolean"},{"name":"i","type":"int"},{"name":"l","type":"long"},{"name":"f","type":"float"},{"name":"d","type":"double"},
       {"name":"s","type":"string"},{"name":"e","type":{"type":"enum","name":"E","symbols":["A"]}},{"name":"y","type":"bytes"},
       {"name":"x","type":{"type":"fixed","name":"X","size":4}},{"name":"dec","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
       {"name":"day","type":{"type":"int","logicalType":"date"}},{"name":"us","type":{"type":"long","logicalType":"timestamp-micros"}},
       {"name":"ms","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},
       {"name":"tm","type":{"type":"int","logicalType":"time-millis"}},{"name":"tu","type":{"type":"long","logicalType":"time-micros"}},
       {"name":"n","type":["string","null"],"default":"x"},
       {"name":"a","type":{"type":"array","items":["null","int"]}},{"name":"m","type":{"type":"map","values":"long"}},
       {"name":"r","type":{"type":"record","name":"R","fields":[{"name":"z","type":"int"}]}}]}
      """;

  @Test
  void mapsEveryType() {
    StructType t = AvroTypes.structType(new Schema.Parser().parse(ALL));
    assertThat(t.toDDL())
        .isEqualTo(
            "b BOOLEAN NOT NULL,i INT NOT NULL,l BIGINT NOT NULL,f FLOAT NOT NULL,d DOUBLE NOT NULL,s STRING NOT NULL,e STRING NOT NULL,"
                + "y BINARY NOT NULL,x BINARY NOT NULL,dec DECIMAL(9,2) NOT NULL,day DATE NOT NULL,us TIMESTAMP NOT NULL,ms TIMESTAMP,"
                + "tm BIGINT NOT NULL,tu BIGINT NOT NULL,n STRING,a ARRAY<INT> NOT NULL,m MAP<STRING, BIGINT> NOT NULL,"
                + "r STRUCT<z: INT> NOT NULL");
    assertThat(((StructType) t.apply("r").dataType()).apply("z").nullable()).isFalse();
    assertThat(((org.apache.spark.sql.types.ArrayType) t.apply("a").dataType()).containsNull())
        .isTrue();
    assertThat(((org.apache.spark.sql.types.MapType) t.apply("m").dataType()).valueContainsNull())
        .isFalse();
  }

  @Test
  void comesBackWithTheSameRowType() {
    StructType t = AvroTypes.structType(new Schema.Parser().parse(ALL));
    Schema back = AvroTypes.avroSchema(t, "ShowViews", "dev.x");
    assertThat(AvroTypes.structType(back)).isEqualTo(t);
    assertThat(back.getFullName()).isEqualTo("dev.x.ShowViews");
    assertThat(back.getField("r").schema().getName()).isEqualTo("ShowViewsR");
    assertThat(back.getField("ms").schema().toString())
        .isEqualTo("[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}]");
    assertThat(back.getField("ms").hasDefaultValue()).isTrue();
    assertThat(back.getField("us").hasDefaultValue()).isFalse();
    assertThat(new Schema.Parser().parse(back.toString())).isEqualTo(back);
  }

  @Test
  void nestedRecordsOfOneNameGetDistinctNames() {
    StructType inner = new StructType().add("z", DataTypes.IntegerType, false);
    StructType t =
        new StructType()
            .add("a_b", inner, false)
            .add("a", new StructType().add("b", inner, false), false)
            .add("aB", inner, false);
    Schema s = AvroTypes.avroSchema(t, "T", "n");
    assertThat(AvroTypes.structType(new Schema.Parser().parse(s.toString()))).isEqualTo(t);
  }

  @Test
  void camelCasesStreamNames() {
    assertThat(AvroTypes.recordName("show_views")).isEqualTo("ShowViews");
    assertThat(AvroTypes.recordName("a_1b")).isEqualTo("A1b");
    assertThat(AvroTypes.recordName("events")).isEqualTo("Events");
  }

  @Test
  void refusesWhatHasNoCounterpartAndNamesTheField() {
    Schema union =
        new Schema.Parser()
            .parse(
                "{\"type\":\"record\",\"name\":\"U\",\"fields\":[{\"name\":\"u\",\"type\":[\"int\",\"string\"]}]}");
    assertThatThrownBy(() -> AvroTypes.structType(union))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("U.u");
    Schema rec =
        new Schema.Parser()
            .parse(
                "{\"type\":\"record\",\"name\":\"L\",\"fields\":[{\"name\":\"next\",\"type\":[\"null\",\"L\"]}]}");
    assertThatThrownBy(() -> AvroTypes.structType(rec))
        .hasMessageContaining("L.next")
        .hasMessageContaining("contains itself");
    assertThatThrownBy(() -> AvroTypes.structType(Schema.create(Schema.Type.INT)))
        .hasMessageContaining("must be a record");
    assertThatThrownBy(
            () -> AvroTypes.avroSchema(new StructType().add("n", DataTypes.NullType), "T", "n"))
        .hasMessageContaining("CAST(NULL AS");
    assertThatThrownBy(
            () ->
                AvroTypes.avroSchema(
                    new StructType().add("count(1)", DataTypes.LongType), "T", "n"))
        .hasMessageContaining("AS name");
    assertThatThrownBy(
            () ->
                AvroTypes.avroSchema(
                    new StructType()
                        .add(
                            "m",
                            DataTypes.createMapType(DataTypes.IntegerType, DataTypes.LongType)),
                    "T",
                    "n"))
        .hasMessageContaining("T.m");
  }
}
