package dev.millrace.model;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Pipeline.ConfigMapRef;
import dev.millrace.model.Pipeline.SecretRef;
import io.fabric8.crd.generator.annotation.PreserveUnknownFields;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Collections;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** A REST service that is asked for JSON. */
@Union({"url", "connection"})
@ValidationRule(
    value = "!has(self.path) || has(self.connection)",
    message = "path: goes with connection; without one it is part of url")
@ValidationRule(
    value = "has(self.schema) != has(self.schemaFrom)",
    message = "exactly one of schema, schemaFrom must be set")
@ValidationRule(
    value = "[has(self.every), has(self.cron), has(self.backfill)].filter(x, x).size() <= 1",
    message = "at most one of every, cron, backfill may be set")
public record Rest(
    @Form.Url
        @JsonPropertyDescription(
            "What is asked. {city.id} stands for a field of the item that `each` calls city, {window.start} and {window.end} for"
                + " the window of a backfill ({window.last}: its last millisecond; {window.start:date|iso|epoch|millis}).")
        String url,
    @JsonPropertyDescription("The service's address from a Secret; path and query are added to it.")
        Address connection,
    @Form.UrlPath
        @JsonPropertyDescription("What is asked there, a template as url is: /v1/stations.")
        String path,
    @JsonPropertyDescription("Query parameters, templates as url is.") Map<String, String> query,
    @JsonPropertyDescription("Headers, templates as url is. They go to no other host.")
        Map<String, String> headers,
    @JsonPropertyDescription("How the service is told who asks; all of it from Secrets.") Auth auth,
    @JsonPropertyDescription("One request for each of these; default: one request.") Each each,
    @Form.Span
        @JsonPropertyDescription(
            "How often each item is asked for, the items spread evenly over it. Default 30s.")
        String every,
    @Form.Cron @JsonPropertyDescription("Instead, when: five fields, such as '*/10 6-22 * * *'.")
        String cron,
    @Form.TimeZone
        @JsonPropertyDescription(
            "Time zone of cron, and of times in answers that name none. Default UTC.")
        String timeZone,
    @JsonPropertyDescription("Instead, a time in the past, window by window; then the source ends.")
        Backfill backfill,
    @JsonPropertyDescription("How an answer goes on; default: it does not.") Pages pages,
    @Form.JsonPointer
        @JsonPropertyDescription(
            "JSON pointer to the record, or the array of records, in an answer: /list. Default: the answer itself.")
        String records,
    @JsonPropertyDescription(
            "true: there is an object of arrays of one length, a column each, instead of an array of records.")
        Boolean columns,
    @Size(min = 2, max = 65536) @JsonPropertyDescription("Avro schema of the records.")
        String schema,
    @JsonPropertyDescription("The schema, from a ConfigMap.") ConfigMapRef schemaFrom,
    @JsonPropertyDescription(
            "For fields of the schema: a JSON pointer into the record (/main/temp) or the whole answer ($/latitude), or a template"
                + " ({city.region}, {request.time}, {request.url}). Others are taken by name.")
        Map<String, String> fields,
    @OneOf({"seconds", "millis", "micros"})
        @JsonPropertyDescription(
            "What numbers in fields of a timestamp type count, since 1970; default seconds. Texts are ISO 8601.")
        String timestamps,
    @JsonPropertyDescription(
            "true: a record that is as the one before with its key is left out. Needs key.")
        Boolean onlyChanged,
    @Form.Span
        @JsonPropertyDescription(
            "How long a request may take, with all of its answer. Default 30s.")
        String timeout,
    @Min(1024)
        @Max(1073741824)
        @JsonPropertyDescription(
            "Bytes of an answer that are read at most; a longer one is given up and named. Default 8388608.")
        Integer maxBytes,
    @Min(1) @Max(1000) @JsonPropertyDescription("Connect tasks, which share the items; default 1.")
        Integer tasks) {
  public Rest {
    query = sorted(query);
    headers = sorted(headers);
    fields = sorted(fields);
  }

  private static Map<String, String> sorted(Map<String, String> map) {
    return map == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(map));
  }

  /** Names of the Secrets that it refers to. */
  public Set<String> secretNames() {
    Set<String> names = new HashSet<>();
    if (connection != null && connection.secretRef() != null) {
      names.add(connection.secretRef().name());
    }
    if (auth != null) {
      for (Named named : new Named[] {auth.query(), auth.header()}) {
        if (named != null && named.secretRef() != null) {
          names.add(named.secretRef().name());
        }
      }
      if (auth.bearer() != null && auth.bearer().secretRef() != null) {
        names.add(auth.bearer().secretRef().name());
      }
      if (auth.basic() != null && auth.basic().secretRef() != null) {
        names.add(auth.basic().secretRef().name());
      }
      if (auth.oauth2() != null && auth.oauth2().secretRef() != null) {
        names.add(auth.oauth2().secretRef().name());
      }
    }
    return names;
  }

  /** An address in a Secret. */
  public record Address(
      @Required
          @JsonPropertyDescription(
              "A key that holds an http or https URL, such as https://api.example.com.")
          SecretRef secretRef) {}

  /** How the service is told who asks. */
  @Union({"query", "header", "basic", "bearer", "oauth2"})
  public record Auth(
      @JsonPropertyDescription("A query parameter.") Named query,
      @JsonPropertyDescription("A header.") Named header,
      @JsonPropertyDescription("User and password: the Secret's keys 'username' and 'password'.")
          Login basic,
      @JsonPropertyDescription("A token that is there.") Token bearer,
      @JsonPropertyDescription("A token that is fetched: OAuth 2 client credentials.")
          OAuth2 oauth2) {}

  /** A parameter or header with a secret value. */
  public record Named(
      @Required @Form.HttpName @JsonPropertyDescription("Its name, such as appid or X-Api-Key.")
          String name,
      @Required @JsonPropertyDescription("Its value.") SecretKey secretRef) {}

  /** A token. */
  public record Token(@Required @JsonPropertyDescription("The token.") SecretKey secretRef) {}

  /** User and password. */
  public record Login(
      @Required @JsonPropertyDescription("A Secret with keys 'username' and 'password'.")
          SecretName secretRef) {}

  /** OAuth 2 client credentials. */
  public record OAuth2(
      @Required @Form.Url @JsonPropertyDescription("Where a token is had.") String tokenUrl,
      @Size(max = 1024) @JsonPropertyDescription("Scope that is asked for; default none.")
          String scope,
      @Default("header")
          @OneOf({"header", "body"})
          @JsonPropertyDescription(
              "Where client id and secret are expected: header (default, basic authentication) or body.")
          String clientIn,
      @Required @JsonPropertyDescription("A Secret with keys 'clientId' and 'clientSecret'.")
          SecretName secretRef) {
    public OAuth2 {
      clientIn = clientIn == null ? "header" : clientIn;
    }
  }

  /** A key of a Secret in the pipeline's namespace. */
  public record SecretKey(
      @Required @Form.ResourceName @JsonPropertyDescription("Name of the Secret.") String name,
      @Required @Form.Key @JsonPropertyDescription("Its key.") String key) {}

  /** A Secret in the pipeline's namespace. */
  public record SecretName(
      @Required @Form.ResourceName @JsonPropertyDescription("Name of the Secret.") String name) {}

  /** Items, for each of which there is a request. */
  @Union({"items", "itemsFrom"})
  public record Each(
      @Required
          @Form.Column
          @JsonPropertyDescription("How templates call one: with city, {city.id}.")
          String as,
      @PreserveUnknownFields
          @JsonPropertyDescription(
              "The items by name, a mapping of values each: london: { id: 2643743 }. {city.name} is the name.")
          JsonNode items,
      @JsonPropertyDescription("The same as JSON, from a ConfigMap.") ConfigMapRef itemsFrom) {}

  /** A time in the past. */
  public record Backfill(
      @Required
          @Form.Moment
          @JsonPropertyDescription("Where it begins: a date (UTC) or an instant.")
          String from,
      @Required @Form.Moment @JsonPropertyDescription("Where it ends, exclusive.") String to,
      @Required @Form.Span @JsonPropertyDescription("For how much there is one request: 1d.")
          String window) {}

  /** How an answer goes on. */
  @ValidationRule(
      value = "(self.by == 'cursor') == has(self.cursor)",
      message = "cursor: goes with by: cursor, which needs it")
  public record Pages(
      @Required
          @OneOf({"number", "cursor", "link"})
          @JsonPropertyDescription(
              "number: pages are counted; cursor: an answer says what follows; link: a Link header with rel=next does.")
          String by,
      @Form.HttpName @JsonPropertyDescription("Query parameter of number or cursor; default page.")
          String parameter,
      @Min(0) @Max(1000000) @JsonPropertyDescription("Number of the first page; default 1.")
          Integer first,
      @Min(1)
          @Max(1000000)
          @JsonPropertyDescription(
              "Records of a full page: one with fewer is the last. Default: an empty one is.")
          Integer size,
      @Form.JsonPointer
          @JsonPropertyDescription("JSON pointer to the next cursor, or the next URL.")
          String cursor) {}
}
