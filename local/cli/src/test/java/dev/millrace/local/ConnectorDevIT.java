package dev.millrace.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.services.Distribution;
import dev.millrace.services.KafkaService;
import dev.millrace.services.Supervisor;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code millrace connector dev} as somebody uses it who writes a connector: it is compiled here,
 * and compiled again while it runs. What it has written is read by a plain consumer.
 */
class ConnectorDevIT {
  /** Counts, and says which version counts. */
  private static final String SOURCE =
      """
      package counting;
      import java.util.*;
      import org.apache.kafka.common.config.ConfigDef;
      import org.apache.kafka.connect.connector.Task;
      import org.apache.kafka.connect.data.Schema;
      import org.apache.kafka.connect.source.*;
      import org.slf4j.*;
      public class CountingSourceConnector extends SourceConnector {
        private Map<String, String> config;
        public String version() { return "VERSION"; }
        public void start(Map<String, String> config) { this.config = config; }
        public Class<? extends Task> taskClass() { return Counting.class; }
        public List<Map<String, String>> taskConfigs(int most) { return List.of(config); }
        public void stop() {}
        public ConfigDef config() {
          return new ConfigDef()
              .define("topic", ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, "Where to.")
              .define("every.ms", ConfigDef.Type.INT, 20, ConfigDef.Range.between(1, 1000), ConfigDef.Importance.LOW, "Pause.")
              .define("login", ConfigDef.Type.STRING, "", ConfigDef.Importance.LOW, "A secret.");
        }
        public static class Counting extends SourceTask {
          private static final Logger log = LoggerFactory.getLogger(Counting.class);
          private static final Map<String, String> PARTITION = Map.of("numbers", "all");
          private Map<String, String> config;
          private long next;
          public String version() { return "VERSION"; }
          public void start(Map<String, String> config) {
            this.config = config;
            Map<String, Object> offset = context.offsetStorageReader().offset(PARTITION);
            next = offset == null ? 0 : (Long) offset.get("next");
            log.info("counts from {} as {}", next, config.get("login"));
            START
          }
          public List<SourceRecord> poll() throws InterruptedException {
            Thread.sleep(Long.parseLong(config.getOrDefault("every.ms", "20")));
            String value = "VERSION " + next++;
            return List.of(new SourceRecord(PARTITION, Map.of("next", next), config.get("topic"), null, Schema.STRING_SCHEMA, value));
          }
          public void stop() {}
        }
      }
      """;

  @TempDir static Path temporary;

  private static Supervisor supervisor;
  private static String kafka;

  @BeforeAll
  static void kafka() throws Exception {
    KafkaService service = new KafkaService(Distribution.locate());
    supervisor = new Supervisor(temporary.resolve("kafka"), Clock.systemUTC(), s -> {});
    supervisor.start(service);
    supervisor.awaitReady("kafka", Duration.ofMinutes(2));
    kafka = service.endpoint().orElseThrow();
  }

  @AfterAll
  static void stop() {
    supervisor.close();
  }

  /** A rebuild takes over where the version before has stopped; so does a start after a stop. */
  @Test
  void reloadsWhatIsBuiltAndGoesOnFromItsOffsets() throws Exception {
    Path directory = Files.createDirectory(temporary.resolve("reloads"));
    Path jar =
        Files.createDirectories(directory.resolve("module/target")).resolve("counting-1.jar");
    Files.writeString(directory.resolve("module/pom.xml"), "<project/>");
    build("A", "", jar);
    Path config =
        write(
            directory,
            "numbers.yaml",
            "topic: numbers\nevery.ms: 5\nlogin: ${secrets:counter:login}\n");
    Path secret = Files.writeString(directory.resolve("counter.env"), "login=opensesame\n");
    String[] command = {
      "connector",
      "dev",
      directory.resolve("module").toString(),
      "--config",
      config.toString(),
      "--kafka",
      kafka,
      "--secret",
      "counter=" + secret,
      "--show",
      "2",
      "--keep"
    };
    try (Session session = new Session(directory, command)) {
      session.await("record", "\"A 0\"");
      session.await("record", "\"A 1\"");
      session.await("log", "counts from 0 as ***");
      build("B", "", jar);
      session.await("record", "\"B ");
      Files.writeString(config, Files.readString(config).replace("every.ms: 5", "every.ms: 5000"));
      session.await("wrong", "numbers.yaml: every.ms: '5000': ", "no more than 1000");
      Files.writeString(config, Files.readString(config).replace("every.ms: 5000", "every.ms: 6"));
      session.await("config", "has changed");
      assertThat(session.end()).isEqualTo(143);
      assertThat(session.text())
          .contains("the next start goes on from here")
          .doesNotContain("opensesame");
    }
    assertThat(leftOf("numbers")).hasSize(3);

    // Without --keep nothing is left of it but what it has written.
    List<String> again = Stream.of(command).map(a -> a.equals("--keep") ? "--once" : a).toList();
    Installation.Result result = new Installation(directory).run(90, again.toArray(String[]::new));
    assertThat(result.exitCode()).as(result.output()).isZero();
    assertThat(result.output()).contains("record ").contains("offsets are forgotten");
    assertThat(leftOf("numbers")).isEmpty();
    List<String> values = values("numbers");
    List<Long> numbers = values.stream().map(v -> Long.parseLong(v.substring(2))).toList();
    assertThat(numbers)
        .containsExactlyElementsOf(Stream.iterate(0L, n -> n + 1).limit(values.size()).toList());
    assertThat(values.stream().map(v -> v.substring(0, 1)).distinct()).containsExactly("A", "B");
    try (Stream<Path> files = Files.walk(directory)) {
      assertThat(files).noneMatch(f -> f.endsWith("login"));
    }
  }

  @Test
  void saysWhatIsWrongAndTakesTheNextBuild() throws Exception {
    Path directory = Files.createDirectory(temporary.resolve("wrong"));
    Path plugin = Files.createDirectory(directory.resolve("plugin"));
    Path jar = plugin.resolve("counting.jar");
    Path config = write(directory, "wrong.yaml", "topic: wrong\nevry.ms: 5\n");
    Files.writeString(jar, "PK no, this is no zip");
    try (Session session =
        new Session(
            directory,
            "connector",
            "dev",
            plugin.toString(),
            "--config",
            config.toString(),
            "--kafka",
            kafka,
            "--show",
            "1")) {
      session.await("wrong", "counting.jar: is no jar, or a part of one (21 bytes");
      build("A", "if (next == 0) throw new IllegalStateException(\"no numbers today\");", jar);
      session.await("note", "evry.ms", "did you mean 'every.ms'");
      session.await("failed", "task 0: java.lang.IllegalStateException: no numbers today");
      session.await("at counting.CountingSourceConnector$Counting.start");
      build("A", "new Missing().toString();", jar);
      session.await("failed", "java.lang.NoClassDefFoundError: counting/Missing");
      session.await("(a class that is not in the plugin");
      build("C", "", jar);
      session.await("record", "\"C 0\"");
      write(directory, "wrong.yaml", "topic: wrong\n", "CountingSorceConnector");
      session.await(
          "wrong",
          "connector.class: 'counting.CountingSorceConnector': no connector of this name in the plugin",
          "did you mean 'counting.CountingSourceConnector'?");
      session.end();
    }
    Installation millrace = new Installation(directory);
    write(directory, "wrong.yaml", "login: ${secrets:counter:login}\n");
    assertThat(
            millrace
                .run(90, "connector", "dev", plugin.toString(), "-c", config.toString())
                .output())
        .contains(
            "login: ${secrets:counter:login}: no Secret 'counter': --secret counter=FILE names its file");
    write(directory, "wrong.yaml", "topic: [a]\n");
    assertThat(
            millrace
                .run(90, "connector", "dev", plugin.toString(), "-c", config.toString())
                .output())
        .contains("wrong.yaml: topic: expected a text, a number or a boolean");
    assertThat(millrace.run(90, "connector", "dev", "nowhere", "-c", config.toString()).exitCode())
        .isEqualTo(2);
    assertThat(leftOf("wrong")).isEmpty();
  }

  private static Path write(Path directory, String name, String lines) throws IOException {
    return write(directory, name, lines, "CountingSourceConnector");
  }

  private static Path write(Path directory, String name, String lines, String type)
      throws IOException {
    return Files.writeString(
        directory.resolve(name),
        "connector.class: counting."
            + type
            + "\nvalue.converter: org.apache.kafka.connect.storage.StringConverter\n"
            + lines);
  }

  /** Compiles a version, and packs it where the jar of the one before lies. */
  private static void build(String version, String start, Path jar) throws IOException {
    Path sources = Files.createTempDirectory(temporary, "sources");
    Path source = sources.resolve("CountingSourceConnector.java");
    Files.writeString(
        source, SOURCE.replace("VERSION", version).replace("START", start) + "class Missing {}\n");
    Path classes = Files.createDirectory(sources.resolve("classes"));
    String kafkaJars;
    try (Stream<Path> jars = Files.list(Distribution.locate().root().resolve("kafka"))) {
      kafkaJars = jars.map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }
    int result =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-proc:none",
                "-cp",
                kafkaJars,
                "-d",
                classes.toString(),
                source.toString());
    assertThat(result).isZero();
    Path made = sources.resolve("made.jar");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(made));
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (!file.endsWith("Missing.class")) {
          out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
          out.write(Files.readAllBytes(file));
        }
      }
      out.putNextEntry(
          new JarEntry("META-INF/services/org.apache.kafka.connect.source.SourceConnector"));
      out.write("counting.CountingSourceConnector".getBytes(StandardCharsets.UTF_8));
    }
    Files.copy(made, jar, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Every value of a topic of one partition, as it was committed. */
  private static List<String> values(String topic) {
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", kafka, "isolation.level", "read_committed"),
            new StringDeserializer(),
            new StringDeserializer())) {
      List<TopicPartition> all = List.of(new TopicPartition(topic, 0));
      assertThat(consumer.partitionsFor(topic)).hasSize(1);
      consumer.assign(all);
      consumer.seekToBeginning(all);
      long end = consumer.endOffsets(all).get(all.get(0));
      List<String> values = new ArrayList<>();
      while (consumer.position(all.get(0)) < end) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
          values.add(record.value());
        }
      }
      return values;
    }
  }

  private static Set<String> leftOf(String connector) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka))) {
      Set<String> left = new java.util.TreeSet<>(admin.listTopics().names().get());
      left.removeIf(t -> !t.startsWith("millrace-dev-" + connector + "-"));
      return left;
    }
  }

  /** The command while it runs. */
  private static final class Session implements AutoCloseable {
    private final Path output;
    private final Process process;

    Session(Path directory, String... args) throws IOException {
      output = Files.createTempFile(directory, "session", ".out");
      process = new Installation(directory).command(args).redirectOutput(output.toFile()).start();
    }

    String text() throws IOException {
      return Files.readString(output);
    }

    /** Waits for a line that has all of this in it. */
    void await(String... parts) {
      try {
        Awaitility.await()
            .atMost(Duration.ofSeconds(90))
            .failFast(() -> !process.isAlive())
            .until(
                () -> text().lines().anyMatch(line -> Stream.of(parts).allMatch(line::contains)));
      } catch (RuntimeException e) {
        throw new AssertionError(List.of(parts) + " is not in " + read(), e);
      }
    }

    private String read() {
      try {
        return text();
      } catch (IOException e) {
        return e.toString();
      }
    }

    /** Asks it to end, as a terminal that is closed does. */
    int end() throws InterruptedException {
      process.destroy();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(read()).isTrue();
      System.out.println(read());
      return process.exitValue();
    }

    /** Killed, it could not end its worker. */
    @Override
    public void close() throws InterruptedException {
      process.destroy();
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    }
  }
}
