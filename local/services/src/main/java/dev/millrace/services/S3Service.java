package dev.millrace.services;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** An S3 server (S3Proxy) whose objects are files: for development and tests. */
public final class S3Service implements DevelopmentService {
  private static final String IDENTITY = "millrace";

  private final Distribution distribution;
  private final String name;
  private final List<String> buckets;
  private final List<Path> seed;
  private volatile Room room;
  private volatile int port;

  /** A server that has these buckets from its first start on. */
  public S3Service(Distribution distribution, String... buckets) {
    this(distribution, "s3", List.of(buckets), List.of());
  }

  /**
   * A server of a name.
   *
   * @param seed files, and folders whose content is meant, that are put into each bucket which does
   *     not have them yet
   */
  public S3Service(Distribution distribution, String name, List<String> buckets, List<Path> seed) {
    this.distribution = distribution;
    this.name = name;
    this.buckets = List.copyOf(buckets);
    this.seed = List.copyOf(seed);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Launch prepare(Room given) throws IOException {
    room = given;
    port = room.port("http");
    for (String bucket : buckets) {
      seed(Files.createDirectories(room.folder("data").resolve(bucket)));
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

  private void seed(Path bucket) throws IOException {
    for (Path from : seed) {
      if (!Files.exists(from)) {
        throw new IOException("the seed " + from + " of " + name + " is not there");
      }
      Path root = Files.isDirectory(from) ? from : from.toAbsolutePath().getParent();
      try (Stream<Path> files = Files.walk(from.toAbsolutePath())) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Path object = bucket.resolve(root.toAbsolutePath().relativize(file).toString());
          if (!Files.exists(object)) {
            Files.createDirectories(object.getParent());
            Files.copy(file, object);
          }
        }
      }
    }
  }

  @Override
  public boolean ready() throws InterruptedException {
    return Probe.port(port);
  }

  @Override
  public Optional<String> endpoint() {
    return port == 0 ? Optional.empty() : Optional.of("http://127.0.0.1:" + port);
  }

  /** What a client needs: endpoint, bucket (the first), accessKeyId, secretAccessKey. */
  @Override
  public Map<String, String> credentials() throws IOException {
    return Map.of(
        "endpoint", endpoint().orElseThrow(),
        "bucket", buckets.get(0),
        "accessKeyId", IDENTITY,
        "secretAccessKey", room.password("s3"));
  }

  /** The folder whose files are the objects of a bucket. */
  public Path folder(String bucket) throws IOException {
    return room.folder("data").resolve(bucket);
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
