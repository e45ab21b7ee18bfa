package dev.millrace.model;

import com.fasterxml.jackson.annotation.JacksonAnnotationsInside;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Forms of texts and numbers in resources, each the annotations that a schema is made of. Lengths
 * are bounded, or the API server could not bound what a rule costs.
 */
final class Form {
  private Form() {}

  /** Name of a source, sink or dashboard. */
  @JacksonAnnotationsInside
  @Pattern("^[a-z]([a-z0-9_-]{0,61}[a-z0-9])?$")
  @Size(max = 63)
  @Expected("a name, [a-z]([a-z0-9_-]*[a-z0-9])?, at most 63 characters")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface Name {}

  /** Name of a stream. */
  @JacksonAnnotationsInside
  @Pattern("^[a-z][a-z0-9_]{0,62}$")
  @Size(max = 63)
  @Expected("the name of a stream, [a-z][a-z0-9_]{0,62}")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface StreamName {}

  /** A size of memory, as the JVM and Spark write it. */
  @JacksonAnnotationsInside
  @Pattern("^[1-9][0-9]{0,6}[mgMG]$")
  @Size(max = 8)
  @Expected("a size such as 512m or 2g")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface Memory {}

  /** Name of a Kubernetes resource: a DNS subdomain (RFC 1123). */
  @JacksonAnnotationsInside
  @Pattern("^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")
  @Size(max = 253)
  @Expected("the name of a Kubernetes resource: lower case letters, digits, '-' and '.'")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface ResourceName {}

  /** Key of a Secret or a ConfigMap. */
  @JacksonAnnotationsInside
  @Pattern("^[-._a-zA-Z0-9]{1,253}$")
  @Size(max = 253)
  @Expected("a key: letters, digits, '-', '_' and '.'")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface Key {}

  /** Name of a field: as Avro has it. */
  @JacksonAnnotationsInside
  @Pattern("^[A-Za-z_][A-Za-z0-9_]{0,126}$")
  @Size(max = 127)
  @Expected("the name of a field: letters, digits and _")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface Column {}

  /** A table with its database, or its schema where a connection is to one database. */
  @JacksonAnnotationsInside
  @Pattern("^[^.\\s]+\\.[^.\\s]+$")
  @Size(max = 257)
  @Expected("database.table, or schema.table")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface TableName {}

  /** Name of a Kafka topic. */
  @JacksonAnnotationsInside
  @Pattern("^[a-zA-Z0-9._-]{1,249}$")
  @Size(max = 249)
  @Expected("the name of a topic: letters, digits, '.', '_' and '-'")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface TopicName {}

  /** Name of an Elasticsearch index. */
  @JacksonAnnotationsInside
  @Pattern("^[a-z0-9][a-z0-9._-]{0,200}$")
  @Size(max = 201)
  @Expected("a name of lower case letters, digits, '.', '_', '-'")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface IndexName {}

  /** Duration: {@code 500ms}, {@code 10s}, {@code 5m}, {@code 4h}, {@code 7d}. */
  @JacksonAnnotationsInside
  @Pattern("^[0-9]{1,7}(ms|s|m|h|d)$")
  @Size(max = 32)
  @Expected("a duration such as 500ms, 10s, 5m, 4h, 7d")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface Duration {}

  /** Duration of more than nothing. */
  @JacksonAnnotationsInside
  @Pattern("^0*[1-9][0-9]{0,6}(ms|s|m|h|d)$")
  @Size(max = 32)
  @Expected("a duration of more than nothing, such as 500ms, 10s, 5m, 4h, 7d")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface Span {}

  /** Path of an application's file, relative and downwards. */
  @JacksonAnnotationsInside
  @Pattern("^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\\.(jar|py)$")
  @Size(max = 512)
  @Expected("a relative path of letters, digits, '.', '_', '-' and '/' that ends in .jar or .py")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface AppFile {}

  /** Name of a class of the JVM. */
  @JacksonAnnotationsInside
  @Pattern("^[A-Za-z_$][A-Za-z0-9_$]*(\\.[A-Za-z_$][A-Za-z0-9_$]*)*$")
  @Size(max = 255)
  @Expected("the whole name of a class, such as com.example.Scores")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface ClassName {}

  /** Records per second, or {@code max}. */
  @JacksonAnnotationsInside
  @Pattern("^(max|[0-9]+(\\.[0-9]+)?(/s)?)$")
  @Size(max = 32)
  @Expected("a rate such as 1000/s, or max")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface Rate {}

  /** What names in backends begin with. */
  @JacksonAnnotationsInside
  @Pattern("^([a-zA-Z0-9][a-zA-Z0-9._-]{0,99})?$")
  @Size(max = 100)
  @Expected("letters, digits, '.', '_' and '-', at most 100")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface Prefix {}

  /** Id of a space of Kibana. */
  @JacksonAnnotationsInside
  @Pattern("^[a-z0-9_-]{1,100}$")
  @Size(max = 100)
  @Expected("lower case letters, digits, '_' and '-', at most 100")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface SpaceId {}

  /** An http or https URL, without user and password. */
  @JacksonAnnotationsInside
  @Pattern("^https?://[^\\s/@]+(/[^\\s@]*)?$")
  @Size(max = 1024)
  @Expected("an http or https URL without user and password")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface Url {}

  /** Path and query of a URL. */
  @JacksonAnnotationsInside
  @Pattern("^/[^\\s]*$")
  @Size(max = 2048)
  @Expected("a path that begins with /")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface UrlPath {}

  /** A JSON pointer (RFC 6901). */
  @JacksonAnnotationsInside
  @Pattern("^(/.*)?$")
  @Size(max = 512)
  @Expected("a JSON pointer such as /list, or nothing")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface JsonPointer {}

  /** Name of a query parameter or header. */
  @JacksonAnnotationsInside
  @Pattern("^[A-Za-z0-9._~-]{1,128}$")
  @Size(max = 128)
  @Expected("a name of letters, digits, '.', '_', '~' and '-'")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface HttpName {}

  /** A cron expression. */
  @JacksonAnnotationsInside
  @Pattern("^[^\\s]+( +[^\\s]+){4}$")
  @Size(max = 256)
  @Expected("five fields such as '*/10 6-22 * * *'")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface Cron {}

  /** A time zone of the tz database. */
  @JacksonAnnotationsInside
  @Pattern("^[A-Za-z][A-Za-z0-9+_/-]{0,63}$")
  @Size(max = 64)
  @Expected("a time zone such as Europe/Berlin")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface TimeZone {}

  /** A date or an instant, in UTC. */
  @JacksonAnnotationsInside
  @Pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?Z)?$")
  @Size(max = 40)
  @Expected("a date such as 2026-01-31, or an instant such as 2026-01-31T00:00:00Z")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface Moment {}

  /** {@code host:port}, separated by commas. */
  @JacksonAnnotationsInside
  @Pattern("^[^\\s:,/]+:[0-9]{1,5}(,[^\\s:,/]+:[0-9]{1,5})*$")
  @Size(max = 2048)
  @Expected("host:port, or several separated by commas")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface HostPorts {}

  /** An instant in UTC: RFC 3339. */
  @JacksonAnnotationsInside
  @Pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?Z$")
  @Size(max = 40)
  @Expected("an instant such as 2026-01-01T00:00:00Z")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface Instant {}

  /** A share of a whole. */
  @JacksonAnnotationsInside
  @Min(0)
  @Max(1)
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface Share {}

  /** Topic filters of MQTT. */
  @Items(
      pattern = "^[^,\\s]([^,]*[^,\\s])?$",
      maxLength = 1024,
      expected = "a topic filter such as tv/+/telemetry, without comma and space at its ends")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface TopicFilters {}

  /** A list of fields. */
  @Items(
      pattern = "^[A-Za-z_][A-Za-z0-9_]{0,126}$",
      maxLength = 127,
      expected = "the name of a field: letters, digits and _")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface Columns {}

  /** A list of streams. */
  @Items(
      pattern = "^[a-z][a-z0-9_]{0,62}$",
      maxLength = 63,
      expected = "the name of a stream, [a-z][a-z0-9_]{0,62}")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface StreamNames {}

  /** A list of what is known of a row's change. */
  @Items(pattern = "^(op|source_ts)$", maxLength = 9, expected = "op or source_ts")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface RowMetadata {}

  /** A list of a field's values. */
  @Items(pattern = "^.+$", maxLength = 255, expected = "1 to 255 characters")
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.METHOD, ElementType.RECORD_COMPONENT})
  @interface Values {}
}
