package dev.millrace.connect.elasticsearch;

import co.elastic.clients.elasticsearch.ElasticsearchAsyncClient;
import co.elastic.clients.json.jackson.JacksonJsonpMapper;
import co.elastic.clients.transport.rest_client.RestClientTransport;
import dev.millrace.connect.records.BadRecordException;
import dev.millrace.registry.Authorities;
import dev.millrace.registry.RegistryException;
import dev.millrace.registry.SchemaRegistryClient;
import dev.millrace.registry.WireFormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.http.Header;
import org.apache.http.HttpHost;
import org.apache.http.message.BasicHeader;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.sink.ErrantRecordReporter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTask;
import org.elasticsearch.client.RestClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns records into bulk requests. An offset is committed when everything before it is in
 * Elasticsearch; what comes again after a kill overwrites itself, for ids and versions come from
 * the records.
 */
public final class ElasticsearchSinkTask extends SinkTask {
  private static final Logger log = LoggerFactory.getLogger(ElasticsearchSinkTask.class);
  private static final long CLOSE_MS = 5_000;

  private ElasticsearchSinkConfig config;
  private RestClient rest;
  private Bulks bulks;
  private ErrantRecordReporter reporter;
  private List<String> keyFields;
  private int bulkBytes;
  private Documents values;
  private Documents keys;
  private final Map<String, String> indices = new HashMap<>();

  @Override
  public String version() {
    return new ElasticsearchSinkConnector().version();
  }

  @Override
  public void start(Map<String, String> properties) {
    config = new ElasticsearchSinkConfig(properties);
    keyFields = config.getList(ElasticsearchSinkConfig.KEY_FIELDS);
    bulkBytes = config.getInt(ElasticsearchSinkConfig.BULK_BYTES);
    SchemaRegistryClient registry = config.registry();
    values =
        new Documents(
            config.format(),
            config.schema(ElasticsearchSinkConfig.VALUE_SCHEMA),
            keyFields,
            registry::byId);
    keys =
        new Documents(
            config.format(),
            config.schema(ElasticsearchSinkConfig.KEY_SCHEMA),
            keyFields,
            registry::byId);
    try {
      reporter = context.errantRecordReporter();
    } catch (NoSuchMethodError olderWorker) {
      reporter = null;
    }
    int timeout = config.getInt(ElasticsearchSinkConfig.TIMEOUT);
    String truststore = config.getString(ElasticsearchSinkConfig.TRUSTSTORE);
    rest =
        RestClient.builder(HttpHost.create(config.getString(ElasticsearchSinkConfig.URL)))
            .setRequestConfigCallback(c -> c.setConnectTimeout(3000).setSocketTimeout(timeout))
            .setHttpClientConfigCallback(
                c -> truststore.isBlank() ? c : c.setSSLContext(Authorities.ofFile(truststore)))
            .setDefaultHeaders(headers())
            .build();
    bulks =
        new Bulks(
            new ElasticsearchAsyncClient(new RestClientTransport(rest, new JacksonJsonpMapper())),
            config.getInt(ElasticsearchSinkConfig.IN_FLIGHT),
            (operation, reason) ->
                dead(
                    operation.record(),
                    new DataException("Elasticsearch refuses the document: " + reason)));
  }

  private Header[] headers() {
    String apiKey = config.getPassword(ElasticsearchSinkConfig.API_KEY).value();
    if (!apiKey.isEmpty()) {
      return new Header[] {new BasicHeader("Authorization", "ApiKey " + apiKey)};
    }
    String user = config.getString(ElasticsearchSinkConfig.USERNAME);
    if (user.isEmpty()) {
      return new Header[0];
    }
    String password = config.getPassword(ElasticsearchSinkConfig.PASSWORD).value();
    String token =
        Base64.getEncoder()
            .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    return new Header[] {new BasicHeader("Authorization", "Basic " + token)};
  }

  @Override
  public void put(Collection<SinkRecord> records) {
    List<Operation> operations = new ArrayList<>(records.size());
    Map<TopicPartition, Long> next = new HashMap<>();
    int bytes = 0;
    try {
      // The registry may be away: then the whole batch comes again, and nothing of it was sent.
      for (SinkRecord record : records) {
        prepare(record);
      }
      TopicPartition last = null;
      for (SinkRecord record : records) {
        if (last == null
            || last.partition() != record.originalKafkaPartition()
            || !last.topic().equals(record.originalTopic())) {
          last = new TopicPartition(record.originalTopic(), record.originalKafkaPartition());
        }
        next.put(last, record.originalKafkaOffset() + 1);
        Operation operation = operation(record);
        if (operation == null) {
          continue;
        }
        operations.add(operation);
        bytes += operation.size();
        if (bytes >= bulkBytes) {
          bulks.submit(operations, next);
          operations = new ArrayList<>();
          next = new HashMap<>();
          bytes = 0;
        }
      }
      if (!next.isEmpty()) {
        bulks.submit(operations, next);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RetriableException("interrupted", e);
    }
  }

  /** Fetches the schemas of a record that were not met before. */
  private void prepare(SinkRecord record) {
    try {
      if (record.value() instanceof byte[] value) {
        values.prepare(value);
      } else if (record.value() == null && record.key() instanceof byte[] key) {
        keys.prepare(key);
      }
    } catch (RegistryException e) {
      if (e.retryable()) {
        context.timeout(1000);
        throw new RetriableException(e.getMessage(), e);
      }
      // Said when the record's turn comes.
      log.debug("{}", e.getMessage());
    } catch (WireFormatException | IllegalArgumentException e) {
      log.debug("{}", e.getMessage());
    }
  }

  private Operation operation(SinkRecord record) {
    String index = indices.computeIfAbsent(record.topic(), config::index);
    try {
      if (record.value() == null) {
        if (keyFields.isEmpty() || !(record.key() instanceof byte[] key)) {
          throw new DataException("a record without a value, and without a key to delete");
        }
        byte[] unused = keys.json(key);
        return new Operation(index, DocumentIds.of(keys.keyValues()), null, true, record);
      }
      if (!(record.value() instanceof byte[] value)) {
        throw new ConnectException(
            "value.converter must be org.apache.kafka.connect.converters.ByteArrayConverter: got "
                + record.value().getClass().getSimpleName());
      }
      byte[] document = values.json(value);
      String id =
          keyFields.isEmpty()
              ? record.topic() + "+" + record.kafkaPartition() + "+" + record.kafkaOffset()
              : DocumentIds.of(values.keyValues());
      return new Operation(index, id, document, !keyFields.isEmpty(), record);
    } catch (IOException
        | BadRecordException
        | WireFormatException
        | DataException
        | IllegalArgumentException
        | RegistryException
        | org.apache.avro.AvroRuntimeException e) {
      dead(record, new DataException("cannot be decoded: " + e.getMessage(), e));
      return null;
    }
  }

  private void dead(SinkRecord record, DataException reason) {
    if (reporter == null) {
      throw new ConnectException(
          record.topic()
              + "-"
              + record.kafkaPartition()
              + " offset "
              + record.kafkaOffset()
              + ": "
              + reason.getMessage()
              + ". Set errors.tolerance=all and errors.deadletterqueue.topic.name to go on",
          reason);
    }
    var unused = reporter.report(record, reason);
  }

  @Override
  public Map<TopicPartition, OffsetAndMetadata> preCommit(
      Map<TopicPartition, OffsetAndMetadata> current) {
    Map<TopicPartition, OffsetAndMetadata> settled = new HashMap<>();
    bulks
        .settled()
        .forEach(
            (partition, offset) -> {
              if (current.containsKey(partition)) {
                settled.put(partition, new OffsetAndMetadata(offset));
              }
            });
    return settled;
  }

  @Override
  public void close(Collection<TopicPartition> partitions) {
    if (bulks == null) {
      return;
    }
    try {
      bulks.drain(CLOSE_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    bulks.forget();
  }

  @Override
  public void stop() {
    if (bulks != null) {
      bulks.close();
    }
    if (rest != null) {
      try {
        rest.close();
      } catch (IOException e) {
        log.debug("closing", e);
      }
    }
  }
}
