package dev.millrace.model;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.List;
import java.util.Map;

/**
 * Where pipelines run: endpoints, who we are to them, defaults, and what the names in the backends
 * begin with. It holds no secret, only names of Secrets of its own namespace.
 */
@Group("millrace.dev")
@ShortNames("mpf")
@AdditionalPrinterColumn(
    name = "Ready",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].status",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "Age",
    jsonPath = ".metadata.creationTimestamp",
    type = AdditionalPrinterColumn.Type.DATE)
@AdditionalPrinterColumn(
    name = "Message",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].message",
    type = AdditionalPrinterColumn.Type.STRING)
@Version("v1alpha1")
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonDeserialize(using = JsonDeserializer.None.class)
public final class Platform implements HasMetadata, Namespaced {
  private static final long serialVersionUID = 1L;

  private String apiVersion = "millrace.dev/v1alpha1";
  private String kind = "Platform";
  private ObjectMeta metadata = new ObjectMeta();
  private transient Spec spec;
  private transient Status status;

  /** A platform of this name. */
  public static Platform of(String name, Spec spec) {
    Platform platform = new Platform();
    platform.metadata.setName(name);
    platform.spec = spec;
    return platform;
  }

  @Override
  public String getApiVersion() {
    return apiVersion;
  }

  @Override
  public void setApiVersion(String apiVersion) {
    this.apiVersion = apiVersion;
  }

  @Override
  public String getKind() {
    return kind;
  }

  public void setKind(String kind) {
    this.kind = kind;
  }

  @Override
  public ObjectMeta getMetadata() {
    return metadata;
  }

  @Override
  public void setMetadata(ObjectMeta metadata) {
    this.metadata = metadata;
  }

  @Required
  @JsonProperty("spec")
  @JsonPropertyDescription("The backends.")
  public Spec getSpec() {
    return spec;
  }

  @JsonProperty("spec")
  public void setSpec(Spec spec) {
    this.spec = spec;
  }

  @JsonProperty("status")
  @JsonPropertyDescription("Which backends answer. Written by the operator.")
  public Status getStatus() {
    return status;
  }

  @JsonProperty("status")
  public void setStatus(Status status) {
    this.status = status;
  }

  /** The backends. */
  @ValidationRule(
      value =
          "has(self.connect.secretsPath) || !(has(self.kafka.sasl)"
              + " || (has(self.kafka.tls) && has(self.kafka.tls.caSecretRef))"
              + " || has(self.schemaRegistry.basicAuth) || has(self.schemaRegistry.tls)"
              + " || has(self.elasticsearch.basicAuth) || has(self.elasticsearch.apiKey)"
              + " || has(self.elasticsearch.tls))",
      message = "connect.secretsPath: " + PlatformRules.SECRETS_PATH)
  public record Spec(
      @Form.Prefix
          @ValidationRule(
              value = "self == oldSelf",
              message =
                  "prefix can not be changed: every topic, subject and connector is named by it")
          @JsonPropertyDescription(
              "What topics, subjects and connectors begin with. On a cluster, where it is empty, the namespace and a dot. Can not be changed.")
          String prefix,
      @Required @JsonPropertyDescription("Kafka.") Kafka kafka,
      @Required
          @JsonPropertyDescription(
              "A registry with Confluent's API: Confluent, Apicurio (ccompat), Karapace.")
          SchemaRegistry schemaRegistry,
      @Required @JsonPropertyDescription("Kafka Connect.") Connect connect,
      @Required @JsonPropertyDescription("Elasticsearch.") Elasticsearch elasticsearch,
      @Required @JsonPropertyDescription("Spark.") Spark spark,
      @JsonPropertyDescription(
              "Where dashboards are imported to; without one only the console draws them.")
          Kibana kibana) {
    public Spec {
      prefix = prefix == null ? "" : prefix;
    }

    /** A platform without Kibana. */
    public Spec(
        String prefix,
        Kafka kafka,
        SchemaRegistry schemaRegistry,
        Connect connect,
        Elasticsearch elasticsearch,
        Spark spark) {
      this(prefix, kafka, schemaRegistry, connect, elasticsearch, spark, null);
    }
  }

  /** Kafka. */
  public record Kafka(
      @Required
          @Form.HostPorts
          @JsonPropertyDescription("Brokers to begin with: host:port, separated by commas.")
          String bootstrapServers,
      @Default("4")
          @Min(1)
          @Max(10000)
          @JsonPropertyDescription("Partitions of a topic that says nothing; default 4.")
          Integer partitions,
      @Default("1") @Min(1) @Max(32) @JsonPropertyDescription("Replicas of a topic; default 1.")
          Integer replicas,
      @JsonPropertyDescription(
              "Connections are encrypted; {} where the brokers' certificates are of a public authority.")
          KafkaTls tls,
      @JsonPropertyDescription("Who we are to Kafka; none where it asks nobody.") Sasl sasl) {
    public Kafka {
      partitions = partitions == null ? 4 : partitions;
      replicas = replicas == null ? 1 : replicas;
    }

    /** Kafka that asks nobody. */
    public Kafka(String bootstrapServers, Integer partitions, Integer replicas) {
      this(bootstrapServers, partitions, replicas, null, null);
    }
  }

  /** Encrypted connections to Kafka. */
  public record KafkaTls(
      @JsonPropertyDescription(
              "The authority of the brokers' certificates; default: those that Java knows.")
          CaSecret caSecretRef) {}

  /** Who we are to Kafka. */
  public record Sasl(
      @Required
          @OneOf({"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"})
          @JsonPropertyDescription("Kafka's sasl.mechanism.")
          String mechanism,
      @Required @JsonPropertyDescription("User and password.") LoginSecret secretRef) {}

  /** Encrypted connections by HTTP to a server whose certificate is of an authority of its own. */
  public record Tls(
      @Required @JsonPropertyDescription("The authority of the server's certificate.")
          CaSecret caSecretRef) {}

  /** User and password by HTTP's basic authentication. */
  public record BasicAuth(
      @Required @JsonPropertyDescription("User and password.") LoginSecret secretRef) {}

  /** An API key of Elasticsearch, which Kibana takes too. */
  public record ApiKey(@Required @JsonPropertyDescription("The key.") ApiKeySecret secretRef) {}

  /** A Secret with certificates. */
  public record CaSecret(
      @Required @Form.ResourceName @JsonPropertyDescription("Name of a Secret in this namespace.")
          String name,
      @Default("ca.crt")
          @Form.Key
          @JsonPropertyDescription("Its key that holds certificates as PEM; default ca.crt.")
          String key) {
    public CaSecret {
      key = key == null ? "ca.crt" : key;
    }
  }

  /** A Secret with user and password. */
  public record LoginSecret(
      @Required @Form.ResourceName @JsonPropertyDescription("Name of a Secret in this namespace.")
          String name,
      @Default("username")
          @Form.Key
          @JsonPropertyDescription("Its key that holds the user's name; default username.")
          String usernameKey,
      @Default("password")
          @Form.Key
          @JsonPropertyDescription("Its key that holds the password; default password.")
          String passwordKey) {
    public LoginSecret {
      usernameKey = usernameKey == null ? "username" : usernameKey;
      passwordKey = passwordKey == null ? "password" : passwordKey;
    }
  }

  /** A Secret with an API key. */
  public record ApiKeySecret(
      @Required @Form.ResourceName @JsonPropertyDescription("Name of a Secret in this namespace.")
          String name,
      @Default("apiKey")
          @Form.Key
          @JsonPropertyDescription(
              "Its key that holds the API key as it is shown, encoded; default apiKey.")
          String key) {
    public ApiKeySecret {
      key = key == null ? "apiKey" : key;
    }
  }

  /** A registry with Confluent's API. */
  @ValidationRule(value = PlatformRules.HTTPS_RULE, message = "url: " + PlatformRules.HTTPS)
  public record SchemaRegistry(
      @Required @Form.Url @JsonPropertyDescription("Its base URL, path included.") String url,
      @JsonPropertyDescription("Who we are to the registry; none where it asks nobody.")
          BasicAuth basicAuth,
      @JsonPropertyDescription("Whom we trust, where it is no public authority.") Tls tls) {
    /** A registry that asks nobody. */
    public SchemaRegistry(String url) {
      this(url, null, null);
    }
  }

  /** Kafka Connect. */
  @Union({"url", "strimzi"})
  @ValidationRule(
      value =
          "(!has(self.tls) || (has(self.url) && self.url.startsWith('https://')))"
              + " && (!has(self.basicAuth) || has(self.url))",
      message = "url: " + PlatformRules.CONNECT)
  public record Connect(
      @Form.Url @JsonPropertyDescription("URL of its REST API.") String url,
      @Size(min = 1, max = 1024)
          @JsonPropertyDescription(
              "Where its config provider 'secrets' (Kafka's DirectoryConfigProvider) finds a folder for each Secret.")
          String secretsPath,
      @Size(min = 1, max = 1024)
          @JsonPropertyDescription(
              "Folder of its machines under which relative paths of files sources are: where a volume with them is mounted.")
          String filesPath,
      @JsonPropertyDescription("Who we are to its REST API; none where it asks nobody.")
          BasicAuth basicAuth,
      @JsonPropertyDescription("Whom we trust, where it is no public authority.") Tls tls,
      @JsonPropertyDescription(
              "A KafkaConnect of Strimzi, whose connectors are KafkaConnector resources.")
          Strimzi strimzi) {
    /** Connect that asks nobody. */
    public Connect(String url, String secretsPath) {
      this(url, secretsPath, null);
    }

    /** The same with a folder for files. */
    public Connect(String url, String secretsPath, String filesPath) {
      this(url, secretsPath, filesPath, null, null, null);
    }
  }

  /** A cluster that Strimzi runs. */
  public record Strimzi(
      @Required
          @Form.ResourceName
          @JsonPropertyDescription("Name of its KafkaConnect, in this namespace.")
          String cluster) {}

  /** Elasticsearch. */
  @Union(
      value = {"basicAuth", "apiKey"},
      optional = true)
  @ValidationRule(value = PlatformRules.HTTPS_RULE, message = "url: " + PlatformRules.HTTPS)
  public record Elasticsearch(
      @Required @Form.Url @JsonPropertyDescription("Its base URL.") String url,
      @JsonPropertyDescription("Who we are to it, as a user.") BasicAuth basicAuth,
      @JsonPropertyDescription("Who we are to it, by an API key.") ApiKey apiKey,
      @JsonPropertyDescription("Whom we trust, where it is no public authority.") Tls tls) {
    /** Elasticsearch that asks nobody. */
    public Elasticsearch(String url) {
      this(url, null, null, null);
    }
  }

  /** Spark. */
  public record Spark(
      @Required
          @Size(min = 1, max = 1024)
          @JsonPropertyDescription(
              "URL of the folder that holds the jobs' checkpoints: file:///FOLDER on a volume that driver and executors share, or s3a://BUCKET/FOLDER (s3:// means the same).")
          String checkpointDir,
      @Size(max = 64)
          @JsonPropertyDescription("Settings of the jobs, such as master or shufflePartitions.")
          Map<String, String> settings,
      @Size(min = 1, max = 512)
          @JsonPropertyDescription(
              "Image of driver and executors on a cluster; default: what the operator was started with.")
          String image,
      @Form.ResourceName
          @JsonPropertyDescription(
              "ServiceAccount of the drivers on a cluster, in this namespace; default millrace-spark.")
          String serviceAccount,
      @JsonPropertyDescription("What a driver gets on a cluster.") SparkDriver driver,
      @JsonPropertyDescription("What the executors of a pipeline get on a cluster.")
          SparkExecutor executor,
      @JsonPropertyDescription(
              "The object store, where checkpointDir begins with s3a://; without it Amazon's, by the pod's own role.")
          S3 s3,
      @Size(max = 64)
          @JsonPropertyDescription(
              "Spark's own configuration on a cluster, such as spark.kubernetes.node.selector.NAME.")
          Map<String, String> sparkConf,
      @Default(Spark.SECRETS)
          @Size(min = 1, max = 1024)
          @JsonPropertyDescription(
              "Where the jobs find a folder for each Secret of this Platform, which is mounted there on a cluster; default /etc/millrace/secrets.")
          String secretsPath,
      @Default(Spark.APPS)
          @Size(min = 1, max = 1024)
          @JsonPropertyDescription(
              "Folder of the image that the files of app transforms are relative to; default /opt/millrace/apps.")
          String appsPath) {
    static final String SECRETS = "/etc/millrace/secrets";
    static final String APPS = "/opt/millrace/apps";

    public Spark {
      appsPath = appsPath == null ? APPS : appsPath;
      secretsPath = secretsPath == null ? SECRETS : secretsPath;
      settings = settings == null ? Map.of() : Map.copyOf(settings);
      sparkConf = sparkConf == null ? Map.of() : Map.copyOf(sparkConf);
    }

    /** Where jobs are no pods. */
    public Spark(String checkpointDir, Map<String, String> settings) {
      this(checkpointDir, settings, APPS);
    }

    /** Where jobs are no pods, and the files of applications are in a folder. */
    public Spark(String checkpointDir, Map<String, String> settings, String appsPath) {
      this(checkpointDir, settings, null, null, null, null, null, null, null, appsPath);
    }
  }

  /** An object store with Amazon's S3 API. */
  public record S3(
      @Form.Url @JsonPropertyDescription("Its URL; default: Amazon's of the region.")
          String endpoint,
      @Size(min = 1, max = 63) @JsonPropertyDescription("Its region, such as eu-central-1.")
          String region,
      @JsonPropertyDescription(
              "Whether buckets are folders of the URL, and not hosts; default true where an endpoint is given.")
          Boolean pathStyle,
      @JsonPropertyDescription("Who we are to it; without one, the pod's own role.")
          S3Secret secretRef) {}

  /** A Secret with an access key, which drivers and executors get as environment. */
  public record S3Secret(
      @Required @Form.ResourceName @JsonPropertyDescription("Name of a Secret in this namespace.")
          String name,
      @Default("accessKeyId")
          @Form.Key
          @JsonPropertyDescription("Its key that holds the id; default accessKeyId.")
          String accessKeyIdKey,
      @Default("secretAccessKey")
          @Form.Key
          @JsonPropertyDescription(
              "Its key that holds the secret access key; default secretAccessKey.")
          String secretAccessKeyKey) {
    public S3Secret {
      accessKeyIdKey = accessKeyIdKey == null ? "accessKeyId" : accessKeyIdKey;
      secretAccessKeyKey = secretAccessKeyKey == null ? "secretAccessKey" : secretAccessKeyKey;
    }
  }

  /** What a driver gets. */
  public record SparkDriver(
      @Default("1") @Min(1) @Max(64) @JsonPropertyDescription("Cores; default 1.") Integer cores,
      @Default("1g")
          @Form.Memory
          @JsonPropertyDescription("Heap, as Spark writes it, such as 512m or 2g; default 1g.")
          String memory) {
    public SparkDriver {
      cores = cores == null ? 1 : cores;
      memory = memory == null ? "1g" : memory;
    }
  }

  /** What the executors get. */
  public record SparkExecutor(
      @Default("1") @Min(1) @Max(1000) @JsonPropertyDescription("How many; default 1.")
          Integer instances,
      @Default("1") @Min(1) @Max(64) @JsonPropertyDescription("Cores of each; default 1.")
          Integer cores,
      @Default("1g")
          @Form.Memory
          @JsonPropertyDescription("Heap of each, as Spark writes it; default 1g.")
          String memory) {
    public SparkExecutor {
      instances = instances == null ? 1 : instances;
      cores = cores == null ? 1 : cores;
      memory = memory == null ? "1g" : memory;
    }
  }

  /** Kibana, 8.8 or later. */
  @Union(
      value = {"basicAuth", "apiKey"},
      optional = true)
  @ValidationRule(value = PlatformRules.HTTPS_RULE, message = "url: " + PlatformRules.HTTPS)
  public record Kibana(
      @Required @Form.Url @JsonPropertyDescription("Its base URL, base path included.") String url,
      @Default("default")
          @Form.SpaceId
          @JsonPropertyDescription(
              "Id of the space for dashboards; made if it is not there; default default.")
          String space,
      @JsonPropertyDescription("Who we are to it, as a user.") BasicAuth basicAuth,
      @JsonPropertyDescription("Who we are to it, by an API key.") ApiKey apiKey,
      @JsonPropertyDescription("Whom we trust, where it is no public authority.") Tls tls) {
    public Kibana {
      space = space == null ? "default" : space;
    }

    /** Kibana that asks nobody. */
    public Kibana(String url, String space) {
      this(url, space, null, null, null);
    }
  }

  /** Which backends answer. */
  public record Status(
      @JsonPropertyDescription("The generation of the spec that this is about.")
          Long observedGeneration,
      @JsonPropertyDescription("Ready, ResolvedRefs: as the Kubernetes API conventions have it.")
          List<Condition> conditions,
      @Size(max = 16) @JsonPropertyDescription("Each backend.") List<Backend> backends) {}

  /** A backend, as it was last asked. */
  public record Backend(
      @Required @JsonPropertyDescription("kafka, schemaRegistry, connect, elasticsearch ...")
          String name,
      @JsonPropertyDescription("ready or failed.") String state,
      @JsonPropertyDescription("The version that it says it has.") String version,
      @JsonPropertyDescription("Why, where it is not ready.") String message) {}
}
