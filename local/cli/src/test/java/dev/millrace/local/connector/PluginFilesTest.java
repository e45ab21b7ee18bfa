package dev.millrace.local.connector;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PluginFilesTest {
  private static final Instant BUILT = Instant.parse("2026-03-01T10:00:00Z");

  @TempDir Path directory;

  /** Time that passes when it is told to. */
  private static final class Watch extends Clock {
    private Instant now = BUILT;

    void pass(long millis) {
      now = now.plusMillis(millis);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      throw new UnsupportedOperationException();
    }
  }

  private Path jar(String name, String entry) throws IOException {
    Path jar = directory.resolve(name);
    Files.createDirectories(jar.getParent());
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
      out.putNextEntry(new JarEntry(entry));
    }
    return Files.setLastModifiedTime(jar, FileTime.from(BUILT));
  }

  private List<String> found(String given) {
    return PluginFiles.look(List.of(directory.resolve(given))).files().values().stream()
        .map(s -> directory.relativize(s.file()).toString())
        .toList();
  }

  @Test
  void ofAModuleWhatItsBuildLeaves() throws Exception {
    Files.createDirectories(directory.resolve("maven"));
    Files.writeString(directory.resolve("maven/pom.xml"), "<project/>");
    jar("maven/target/my-1.jar", "A.class");
    jar("maven/target/my-1-sources.jar", "A.java");
    jar("maven/target/original-my-1.jar", "A.class");
    jar("maven/target/lib/helper.jar", "B.class");
    jar("maven/target/plugins/my/other.jar", "C.class");
    jar("maven/elsewhere.jar", "D.class");
    assertThat(found("maven"))
        .containsExactlyInAnyOrder(
            "maven/target/my-1.jar",
            "maven/target/lib/helper.jar",
            "maven/target/plugins/my/other.jar");
    jar("gradle/build/libs/my.jar", "A.class");
    Files.writeString(directory.resolve("gradle/build.gradle.kts"), "");
    assertThat(found("gradle")).containsExactly("gradle/build/libs/my.jar");
    Files.createDirectories(directory.resolve("classes/org"));
    Files.writeString(directory.resolve("classes/org/A.class"), "");
    assertThat(found("classes")).containsExactly("classes/org/A.class");
    assertThat(found("maven/target/my-1.jar")).containsExactly("maven/target/my-1.jar");
  }

  @Test
  void whetherAServiceLoaderFindsIt() throws Exception {
    jar("plugin/a.jar", "A.class");
    List<Path> given = List.of(directory.resolve("plugin"));
    assertThat(PluginFiles.look(given).named()).isFalse();
    jar("plugin/b.jar", "META-INF/services/org.apache.kafka.connect.sink.SinkConnector");
    assertThat(PluginFiles.look(given).named()).isTrue();
  }

  /** What a build does to its jars on the way is not taken for its result. */
  @Test
  void waitsUntilABuildIsThrough() throws Exception {
    jar("plugin/a.jar", "A.class");
    Path b = jar("plugin/b.jar", "B.class");
    Watch watch = new Watch();
    Settling settling = new Settling(List.of(directory.resolve("plugin")), watch);
    assertThat(settling.next()).isEmpty();
    watch.pass(1000);
    PluginFiles first = settling.next().orElseThrow();
    assertThat(first.problems(List.of(directory.resolve("plugin")))).isEmpty();
    watch.pass(60_000);
    assertThat(settling.next()).as("nothing has changed").isEmpty();

    // One is gone, and comes back in two parts.
    byte[] whole = Files.readAllBytes(b);
    Files.delete(b);
    assertThat(settling.next()).isEmpty();
    watch.pass(2000);
    assertThat(settling.next()).as("one is missing").isEmpty();
    Files.write(b, java.util.Arrays.copyOf(whole, whole.length / 2));
    assertThat(settling.next()).isEmpty();
    watch.pass(2000);
    assertThat(settling.next()).as("a part of one").isEmpty();
    Files.write(b, whole);
    assertThat(settling.next()).isEmpty();
    watch.pass(900);
    assertThat(settling.next()).isEmpty();
    watch.pass(100);
    assertThat(settling.next().orElseThrow().files()).hasSize(2);

    // What stays broken is handed out too: somebody has to be told.
    Files.write(b, java.util.Arrays.copyOf(whole, whole.length / 2));
    assertThat(settling.next()).isEmpty();
    watch.pass(Duration.ofSeconds(5).toMillis());
    assertThat(settling.next().orElseThrow().problems(List.of(directory.resolve("plugin"))))
        .singleElement()
        .asString()
        .contains("plugin/b.jar: is no jar, or a part of one (" + whole.length / 2 + " bytes");
  }
}
