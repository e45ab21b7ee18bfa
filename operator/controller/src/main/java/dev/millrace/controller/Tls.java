package dev.millrace.controller;

import io.fabric8.kubernetes.client.internal.CertUtils;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** What the operator's servers prove themselves with. */
final class Tls {
  private Tls() {}

  /**
   * A certificate and its key.
   *
   * @param certificates folder with {@code tls.crt} and {@code tls.key}, as a Secret of type {@code
   *     kubernetes.io/tls} is mounted
   */
  static SSLContext of(Path certificates) throws IOException, GeneralSecurityException {
    char[] none = new char[0];
    KeyStore keys =
        CertUtils.createKeyStore(
            null,
            certificates.resolve("tls.crt").toString(),
            null,
            certificates.resolve("tls.key").toString(),
            "RSA",
            "",
            null,
            "");
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, none);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return context;
  }
}
