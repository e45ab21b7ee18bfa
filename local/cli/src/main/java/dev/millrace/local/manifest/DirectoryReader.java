package dev.millrace.local.manifest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.millrace.local.manifest.LocalEnvironment.DevPort;
import dev.millrace.local.manifest.LocalEnvironment.DevProcess;
import dev.millrace.local.manifest.LocalEnvironment.DevService;
import dev.millrace.local.manifest.LocalEnvironment.EnvVar;
import dev.millrace.local.manifest.LocalEnvironment.MariaDb;
import dev.millrace.local.manifest.LocalEnvironment.Mqtt;
import dev.millrace.local.manifest.LocalEnvironment.SecretKey;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Reads a pipeline directory: a kustomization of which exactly {@code resources}, {@code
 * configMapGenerator}, {@code secretGenerator} and {@code generatorOptions} are understood (any
 * other field is refused by name, for a file that means something else here than under {@code
 * kubectl apply -k} would be a trap), and {@code local.yaml}. A resource that is a directory is a
 * kustomization too, wherever it lies, with a {@code local.yaml} of its own.
 */
public final class DirectoryReader {
  /** No file of a pipeline directory is larger; what is, was given by mistake. */
  static final long MAX_FILE_BYTES = 4L << 20;

  private static final YAMLMapper YAML =
      new YAMLMapper(
          YAMLFactory.builder()
              .enable(com.fasterxml.jackson.core.StreamReadFeature.STRICT_DUPLICATE_DETECTION)
              .build());
  private static final ObjectMapper WRITER = new YAMLMapper();

  private final List<String> problems = new ArrayList<>();
  private final List<PipelineDirectory.Manifest> manifests = new ArrayList<>();
  private final Map<String, Map<String, String>> configMaps = new LinkedHashMap<>();
  private final Map<String, Map<String, String>> secrets = new LinkedHashMap<>();
  private final List<Path> kustomizations = new ArrayList<>();
  private final Path root;

  private DirectoryReader(Path root) {
    this.root = root;
  }

  /**
   * Reads the directory.
   *
   * @throws ManifestException with every problem found in it
   */
  public static PipelineDirectory read(Path directory) throws ManifestException {
    if (!Files.isDirectory(directory)) {
      throw new ManifestException(
          directory + ": not a directory. Give the folder that holds kustomization.yaml");
    }
    DirectoryReader reader = new DirectoryReader(directory);
    reader.kustomization(directory);
    Optional<LocalEnvironment> environment = reader.environments();
    if (reader.problems.isEmpty()
        && reader.manifests.stream().noneMatch(m -> m.kind().equals("Pipeline"))) {
      reader.problems.add(directory + ": holds no resource of kind Pipeline");
    }
    if (!reader.problems.isEmpty()) {
      throw new ManifestException(reader.problems);
    }
    return new PipelineDirectory(
        directory,
        List.copyOf(reader.manifests),
        Map.copyOf(reader.configMaps),
        Map.copyOf(reader.secrets),
        environment);
  }

  private void kustomization(Path directory) {
    kustomizations.add(directory);
    Path file = directory.resolve("kustomization.yaml");
    if (!Files.exists(file)) {
      problems.add(
          show(directory)
              + ": no kustomization.yaml in it. A minimal one: resources: [pipeline.yaml]");
      return;
    }
    for (JsonNode document : documents(file)) {
      Fields fields = new Fields(show(file), "", document, problems);
      fields.text("apiVersion");
      fields.text("kind");
      boolean hashed = true;
      Optional<Fields> options = fields.mapping("generatorOptions");
      if (options.isPresent()) {
        hashed = !options.get().text("disableNameSuffixHash").orElse("false").equals("true");
        options.get().noMore();
      }
      for (String resource : fields.texts("resources")) {
        Path path = directory.resolve(resource);
        if (kustomizations.stream().anyMatch(k -> whole(k).equals(whole(path)))) {
          fields.problem("resources", "'" + resource + "' is one twice, or of itself");
        } else if (Files.isDirectory(path)) {
          kustomization(path);
        } else if (!inside(path, directory)) {
          fields.problem(
              "resources",
              "'"
                  + resource
                  + "' lies outside the directory"
                  + (Files.exists(path) ? "" : ", and there is no directory of that name"));
        } else {
          resource(path);
        }
      }
      generators(fields, "configMapGenerator", directory, configMaps, hashed);
      generators(fields, "secretGenerator", directory, secrets, hashed);
      fields.noMore();
    }
  }

  private void generators(
      Fields fields,
      String field,
      Path directory,
      Map<String, Map<String, String>> into,
      boolean hashed) {
    for (Fields generator : fields.mappings(field)) {
      String name = generator.required("name");
      Map<String, String> data = new LinkedHashMap<>();
      for (String entry : generator.texts("files")) {
        int equals = entry.indexOf('=');
        Path path = directory.resolve(entry.substring(equals + 1));
        String key = equals < 0 ? path.getFileName().toString() : entry.substring(0, equals);
        if (!inside(path, directory)) {
          generator.problem(generator.at("files"), "'" + entry + "' lies outside the directory");
        } else {
          text(path).ifPresent(t -> data.put(key, t));
        }
      }
      data.putAll(literals(generator));
      generator.noMore();
      put(into, name, data, field, fields);
      if (hashed) {
        fields.problem(
            "generatorOptions.disableNameSuffixHash",
            "must be true: kustomize does not rewrite hashed names inside a Pipeline");
        return;
      }
    }
  }

  private static Map<String, String> literals(Fields fields) {
    Map<String, String> data = new TreeMap<>();
    for (String literal : fields.texts("literals")) {
      int equals = literal.indexOf('=');
      if (equals <= 0) {
        fields.problem(fields.at("literals"), "expected key=value");
      } else {
        data.put(literal.substring(0, equals), literal.substring(equals + 1));
      }
    }
    return data;
  }

  private void put(
      Map<String, Map<String, String>> into,
      String name,
      Map<String, String> data,
      String what,
      Fields fields) {
    if (!name.isEmpty() && into.put(name, Map.copyOf(data)) != null) {
      fields.problem(what, "two of the name '" + name + "'");
    }
  }

  private void resource(Path file) {
    List<JsonNode> documents = documents(file);
    for (int i = 0; i < documents.size(); i++) {
      JsonNode document = documents.get(i);
      if (document.isMissingNode() || document.isNull()) {
        continue;
      }
      String kind = document.path("kind").asText("");
      String apiVersion = document.path("apiVersion").asText("");
      if (apiVersion.startsWith("millrace.dev/")) {
        try {
          manifests.add(
              new PipelineDirectory.Manifest(
                  root.relativize(file), kind, document, WRITER.writeValueAsString(document)));
        } catch (JsonProcessingException e) {
          problems.add(show(file) + ": " + e.getOriginalMessage());
        }
      } else if (apiVersion.equals("v1") && kind.equals("ConfigMap")) {
        coreResource(file, document, configMaps, false);
      } else if (apiVersion.equals("v1") && kind.equals("Secret")) {
        coreResource(file, document, secrets, true);
      } else {
        problems.add(
            show(file)
                + ": document "
                + (i + 1)
                + ": apiVersion '"
                + apiVersion
                + "', kind '"
                + kind
                + "' is not known here. Known: millrace.dev/v1alpha1 resources, v1 ConfigMap, v1 Secret");
      }
    }
  }

  private void coreResource(
      Path file, JsonNode document, Map<String, Map<String, String>> into, boolean secret) {
    Fields fields = new Fields(show(file), "", document, problems);
    String name = document.at("/metadata/name").asText("");
    if (name.isEmpty()) {
      fields.problem("metadata.name", "is missing");
      return;
    }
    Map<String, String> data = new LinkedHashMap<>();
    document
        .path("data")
        .properties()
        .forEach(
            e -> {
              String value = e.getValue().asText();
              try {
                data.put(
                    e.getKey(),
                    secret
                        ? new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8)
                        : value);
              } catch (IllegalArgumentException notBase64) {
                fields.problem("data." + e.getKey(), "is not base64 (stringData takes plain text)");
              }
            });
    if (secret) {
      document
          .path("stringData")
          .properties()
          .forEach(e -> data.put(e.getKey(), e.getValue().asText()));
    }
    put(into, name, data, "metadata.name", fields);
  }

  /** Those of all kustomizations as one: what is to be there for any of them is there for all. */
  private Optional<LocalEnvironment> environments() {
    List<DevService> services = new ArrayList<>();
    List<DevProcess> processes = new ArrayList<>();
    boolean any = false;
    for (Path directory : kustomizations) {
      Optional<LocalEnvironment> one = environment(directory);
      any |= one.isPresent();
      one.ifPresent(
          e -> {
            services.addAll(e.services());
            processes.addAll(e.processes());
          });
    }
    List<String> names = new ArrayList<>();
    services.forEach(s -> names.add(s.name()));
    processes.forEach(p -> names.add(p.name()));
    for (String name : names) {
      if (names.indexOf(name) != names.lastIndexOf(name)) {
        String problem = "local.yaml: two services or processes of the name '" + name + "'";
        if (!problems.contains(problem)) {
          problems.add(problem);
        }
      }
    }
    return any
        ? Optional.of(new LocalEnvironment(List.copyOf(services), List.copyOf(processes)))
        : Optional.empty();
  }

  private Optional<LocalEnvironment> environment(Path directory) {
    Path file = directory.resolve("local.yaml");
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    List<JsonNode> documents = documents(file);
    if (documents.size() != 1) {
      if (problems.isEmpty()) {
        problems.add(show(file) + ": expected one document, found " + documents.size());
      }
      return Optional.empty();
    }
    Fields fields = new Fields(show(file), "", documents.get(0), problems);
    expect(fields, "apiVersion", "millrace.dev/v1alpha1");
    expect(fields, "kind", "LocalEnvironment");
    List<DevService> services = new ArrayList<>();
    for (Fields service : fields.mappings("services")) {
      service(service, directory).ifPresent(services::add);
      service.noMore();
    }
    List<DevProcess> processes = new ArrayList<>();
    for (Fields process : fields.mappings("processes")) {
      String name = process.required("name");
      Optional<Fields> java = process.mapping("java");
      List<EnvVar> env = new ArrayList<>();
      for (Fields variable : process.mappings("env")) {
        String variableName = variable.required("name");
        Optional<String> value = variable.text("value");
        Optional<String> secret = variable.text("secret");
        Optional<String> key = variable.text("key");
        if (value.isPresent() == secret.isPresent()) {
          variable.problem(variable.at("value"), "exactly one of value, secret must be set");
        }
        env.add(
            new EnvVar(variableName, value, secret.map(s -> new SecretKey(s, key.orElse("url")))));
        variable.noMore();
      }
      Optional<DevPort> port =
          process
              .mapping("port")
              .map(
                  given -> {
                    DevPort read =
                        new DevPort(
                            given.required("env"), given.required("secret"), literals(given));
                    given.noMore();
                    return read;
                  });
      if (java.isEmpty()) {
        process.problem(process.at("java"), "is missing: exactly one of java must be set");
      } else {
        processes.add(
            new DevProcess(
                name,
                fromRoot(directory, java.get().texts("classPath")),
                java.get().required("mainClass"),
                java.get().texts("args"),
                env,
                port));
        java.get().noMore();
      }
      process.noMore();
    }
    fields.noMore();
    return Optional.of(new LocalEnvironment(List.copyOf(services), List.copyOf(processes)));
  }

  /** Paths in a kustomization's {@code local.yaml} as they are from the root. */
  private List<String> fromRoot(Path directory, List<String> paths) {
    if (directory.equals(root)) {
      return paths;
    }
    Path way = whole(root).relativize(whole(directory));
    return paths.stream().map(path -> way + "/" + path).toList();
  }

  private Optional<DevService> service(Fields service, Path directory) {
    String name = service.required("name");
    String secret = service.text("secret").orElse(name);
    Optional<Fields> mariadb = service.mapping("mariadb");
    Optional<Fields> postgres = service.mapping("postgres");
    Optional<Fields> mqtt = service.mapping("mqtt");
    Optional<Fields> s3 = service.mapping("s3");
    List<String> set =
        Stream.of("mariadb", "postgres", "mqtt", "s3")
            .filter(k -> service.mapping(k).isPresent())
            .toList();
    if (set.size() != 1) {
      service.problem(
          service.at("mariadb"),
          (set.isEmpty()
                  ? "is missing"
                  : "does not go together: " + String.join(" and ", set) + " are set")
              + ": exactly one of mariadb, postgres, mqtt, s3 must be set");
      return Optional.empty();
    }
    if (mqtt.isPresent()) {
      mqtt.get().noMore();
      return Optional.of(new DevService(name, new Mqtt(), secret));
    }
    if (mariadb.isPresent()) {
      String database = mariadb.get().required("database");
      List<String> seed = seed(mariadb.get(), directory, false);
      mariadb.get().noMore();
      return Optional.of(new DevService(name, new MariaDb(database, seed), secret));
    }
    if (postgres.isPresent()) {
      String database = postgres.get().required("database");
      List<String> seed = seed(postgres.get(), directory, false);
      postgres.get().noMore();
      return Optional.of(
          new DevService(name, new LocalEnvironment.Postgres(database, seed), secret));
    }
    String bucket = s3.get().required("bucket");
    if (!bucket.isEmpty() && !bucket.matches("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")) {
      s3.get()
          .problem(
              s3.get().at("bucket"),
              "'" + bucket + "': expected 3 to 63 lower case letters, digits, '-' and '.'");
    }
    List<String> seed = seed(s3.get(), directory, true);
    s3.get().noMore();
    return Optional.of(new DevService(name, new LocalEnvironment.S3(bucket, seed), secret));
  }

  private List<String> seed(Fields of, Path directory, boolean folders) {
    List<String> seed = fromRoot(directory, of.texts("seed"));
    for (String path : seed) {
      Path file = root.resolve(path);
      if (!inside(file, directory)) {
        of.problem(of.at("seed"), "'" + path + "' lies outside the directory");
      } else if (!Files.isRegularFile(file) && !(folders && Files.isDirectory(file))) {
        of.problem(of.at("seed"), "no file " + (folders ? "or folder " : "") + "'" + path + "'");
      }
    }
    return seed;
  }

  private static void expect(Fields fields, String field, String value) {
    String found = fields.required(field);
    if (!found.isEmpty() && !found.equals(value)) {
      fields.problem(field, "expected '" + value + "', found '" + found + "'");
    }
  }

  private List<JsonNode> documents(Path file) {
    Optional<String> text = text(file);
    if (text.isEmpty()) {
      return List.of();
    }
    try (MappingIterator<JsonNode> documents =
        YAML.readerFor(JsonNode.class).readValues(text.get())) {
      return documents.readAll();
    } catch (JsonProcessingException e) {
      problems.add(
          show(file)
              + ": "
              + (e.getLocation() == null ? "" : "line " + e.getLocation().getLineNr() + ": ")
              + "not YAML: "
              + e.getOriginalMessage().lines().findFirst().orElse(""));
    } catch (IOException | RuntimeException e) {
      problems.add(show(file) + ": not YAML: " + e.getMessage().lines().findFirst().orElse(""));
    }
    return List.of();
  }

  private Optional<String> text(Path file) {
    try {
      if (!Files.isRegularFile(file)) {
        problems.add(show(file) + ": no such file");
        return Optional.empty();
      }
      long size = Files.size(file);
      if (size > MAX_FILE_BYTES) {
        problems.add(show(file) + ": " + size + " bytes; at most " + MAX_FILE_BYTES + " are read");
        return Optional.empty();
      }
      return Optional.of(Files.readString(file));
    } catch (CharacterCodingException e) {
      problems.add(show(file) + ": is not UTF-8");
    } catch (IOException e) {
      problems.add(show(file) + ": cannot be read: " + e.getMessage());
    }
    return Optional.empty();
  }

  /** Comparable: nothing lies below {@code .} as it is written. */
  private static Path whole(Path path) {
    return path.toAbsolutePath().normalize();
  }

  /** As kustomize has it: files are taken from below their kustomization only, directories not. */
  private boolean inside(Path path, Path directory) {
    return whole(path).startsWith(whole(root)) || whole(path).startsWith(whole(directory));
  }

  private String show(Path file) {
    return file.startsWith(root) && !file.equals(root)
        ? root.relativize(file).toString()
        : file.toString();
  }
}
