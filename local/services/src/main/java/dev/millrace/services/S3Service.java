package dev.millrace.services;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** An S3 server (S3Proxy) whose objects are files: for development and tests. */
public final class S3Service implements Service {
  private static final String IDENTITY = "millrace";

  private final Distribution distribution;
  private final List<String> buckets;
  private volatile Room room;
  private volatile int port;

  /** A server that has these buckets from its first start on. */
  public S3Service(Distribution distribution, String... buckets) {
    this.distribution = distribution;
    this.buckets = List.of(buckets);
  }

  @Override
  public String name() {
    return "s3";
  }

  @Override
  public Launch prepare(Room given) throws IOException {
    room = given;
    port = room.port("http");
    for (String bucket : buckets) {
      Files.createDirectories(room.folder("data").resolve(bucket));
    }
    Path properties =
        room.writeSecret(
            "s3proxy.properties",
            """
            s3proxy.endpoint=http://127.0.0.1:%d
            s3proxy.authorization=aws-v2-or-v4
            s3proxy.identity=%s
            s3proxy.credential=%s
            jclouds.provider=filesystem-nio2
            jclouds.filesystem.basedir=%s
            """
                .formatted(port, IDENTITY, room.password("s3"), room.folder("data")));
    return new Launch(
        new JavaCommand(128)
            .options("-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=" + room.folder("tmp"))
            .main(
                List.of(distribution.root().resolve("s3/s3proxy.jar").toString()),
                "org.gaul.s3proxy.Main",
                "--properties",
                properties.toString())
            .build(),
        Map.of(),
        room.path());
  }

  @Override
  public boolean ready() throws InterruptedException {
    return Probe.port(port);
  }

  @Override
  public Optional<String> endpoint() {
    return port == 0 ? Optional.empty() : Optional.of("http://127.0.0.1:" + port);
  }

  /** What a client needs: endpoint, accessKeyId, secretAccessKey. */
  public Map<String, String> credentials() throws IOException {
    return Map.of(
        "endpoint", endpoint().orElseThrow(),
        "accessKeyId", IDENTITY,
        "secretAccessKey", room.password("s3"));
  }

  /** Keys of the objects of a bucket, as its files have them. */
  public List<String> objects(String bucket) throws IOException {
    Path folder = room.folder("data").resolve(bucket);
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .map(f -> folder.relativize(f).toString())
          .sorted()
          .toList();
    }
  }
}
