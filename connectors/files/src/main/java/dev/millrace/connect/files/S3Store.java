package dev.millrace.connect.files;

import dev.millrace.connect.files.StorageException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Objects of S3 or what speaks its protocol. An object is read by its entity tag: one that is
 * replaced meanwhile is refused by the server and not mixed with the one before.
 */
final class S3Store implements FileStore {
  private final S3Client client;
  private final String bucket;
  private final String prefix;
  private final Names names;

  /**
   * Access to a bucket.
   *
   * @param endpoint empty: Amazon's own
   * @param accessKeyId empty: as the environment has it (variables, a pod's identity ...)
   */
  record Access(
      String bucket,
      String prefix,
      String endpoint,
      String region,
      boolean pathStyle,
      String accessKeyId,
      String secretAccessKey) {
    @Override
    public String toString() {
      return "s3://" + bucket + "/" + prefix;
    }
  }

  S3Store(Access access, Names names) {
    this.bucket = access.bucket();
    this.prefix = access.prefix();
    this.names = names;
    S3ClientBuilder builder =
        S3Client.builder()
            .httpClientBuilder(
                UrlConnectionHttpClient.builder()
                    .connectionTimeout(Duration.ofSeconds(5))
                    .socketTimeout(Duration.ofSeconds(20)))
            .region(Region.of(access.region()))
            .forcePathStyle(access.pathStyle())
            // Other servers than Amazon's know nothing of the newer checksums.
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .credentialsProvider(
                access.accessKeyId().isEmpty()
                    ? DefaultCredentialsProvider.builder().build()
                    : StaticCredentialsProvider.create(
                        AwsBasicCredentials.create(
                            access.accessKeyId(), access.secretAccessKey())));
    if (!access.endpoint().isEmpty()) {
      builder.endpointOverride(URI.create(access.endpoint()));
    }
    this.client = builder.build();
  }

  @Override
  public String describe() {
    return "s3://" + bucket + "/" + prefix;
  }

  @Override
  public List<StoredFile> list() throws StorageException {
    List<StoredFile> files = new ArrayList<>();
    try {
      for (S3Object object :
          client
              .listObjectsV2Paginator(
                  r -> {
                    r.bucket(bucket).prefix(prefix);
                    if (!names.deep()) {
                      r.delimiter("/");
                    }
                  })
              .contents()) {
        String name = object.key().substring(prefix.length());
        if (!name.endsWith("/") && names.match(name)) {
          Instant modified = object.lastModified();
          // A store whose objects were put there as files knows no tag of them.
          String tag = object.eTag() == null ? "" : object.eTag();
          files.add(new StoredFile(name, object.size(), modified.toEpochMilli(), tag));
        }
      }
    } catch (SdkException e) {
      throw failed(describe(), e);
    }
    return files;
  }

  @Override
  public InputStream open(StoredFile file, long position) throws StorageException {
    if (position >= file.size()) {
      return InputStream.nullInputStream();
    }
    return new Reopening(file, position);
  }

  private ResponseInputStream<GetObjectResponse> get(StoredFile file, long from)
      throws StorageException {
    try {
      return client.getObject(
          r -> {
            r.bucket(bucket).key(prefix + file.name());
            if (!file.version().isEmpty()) {
              r.ifMatch(file.version());
            }
            if (from > 0) {
              r.range("bytes=" + from + "-");
            }
          });
    } catch (SdkException e) {
      throw failed(file.name(), e);
    }
  }

  /** One request for as long as it is read in order. */
  private final class Reopening extends InputStream {
    private final StoredFile file;
    private ResponseInputStream<GetObjectResponse> stream;
    private long at;

    Reopening(StoredFile file, long position) throws StorageException {
      this.file = file;
      this.at = position;
      this.stream = get(file, position);
    }

    void seek(long position) throws StorageException {
      if (position != at || stream == null) {
        close();
        at = position;
        stream = get(file, position);
      }
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      if (at >= file.size()) {
        return -1;
      }
      try {
        int n = stream.read(into, offset, length);
        if (n < 0) {
          throw new IOException("the connection ended after " + at + " of " + file.size());
        }
        at += n;
        return n;
      } catch (IOException | SdkException e) {
        throw new StorageException(Kind.TRANSIENT, file.name() + ": " + e.getMessage(), e);
      }
    }

    @Override
    public void close() {
      if (stream != null) {
        // Not close(): it would read what is left, for the sake of the connection.
        stream.abort();
        stream = null;
      }
    }
  }

  @Override
  public RandomAccess openRandom(StoredFile file) throws StorageException {
    Reopening stream = new Reopening(file, 0);
    return new RandomAccess() {
      @Override
      public long length() {
        return file.size();
      }

      @Override
      public int read(long position, byte[] into, int offset, int length) throws IOException {
        if (position >= file.size()) {
          return -1;
        }
        stream.seek(position);
        return stream.read(into, offset, length);
      }

      @Override
      public void close() {
        stream.close();
      }
    };
  }

  private StorageException failed(String name, SdkException e) {
    int status = e instanceof S3Exception s3 ? s3.statusCode() : 0;
    return switch (status) {
      case 404 -> new StorageException(Kind.GONE, name + " is not there", e);
      case 412 -> new StorageException(Kind.GONE, name + " was replaced", e);
      case 401, 403 ->
          new StorageException(
              Kind.DENIED, name + ": access denied by " + bucket + " (HTTP " + status + ")", e);
      default -> new StorageException(Kind.TRANSIENT, name + ": " + e.getMessage(), e);
    };
  }

  @Override
  public void close() {
    client.close();
  }
}
