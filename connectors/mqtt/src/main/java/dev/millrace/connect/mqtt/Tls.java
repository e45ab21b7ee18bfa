package dev.millrace.connect.mqtt;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;
import org.apache.kafka.common.config.ConfigException;

/** Whom to trust and who we are, from PEM files. */
final class Tls {
  private static final String BEGIN = "-----BEGIN PRIVATE KEY-----";
  private static final String END = "-----END PRIVATE KEY-----";

  private Tls() {}

  /** Trusts the authorities of a file. */
  static TrustManagerFactory trust(String key, String file) {
    try {
      KeyStore store = empty();
      int i = 0;
      for (Certificate certificate : certificates(key, file)) {
        store.setCertificateEntry("ca-" + i++, certificate);
      }
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      return factory;
    } catch (GeneralSecurityException | IOException e) {
      throw new ConfigException(key, file, "can not be used: " + e.getMessage());
    }
  }

  /** Shows a certificate, with its chain if the file has it, and proves it with its key. */
  static KeyManagerFactory identity(
      String certificateKey, String certificateFile, String keyKey, String keyFile) {
    Collection<? extends Certificate> chain = certificates(certificateKey, certificateFile);
    PrivateKey privateKey = privateKey(keyKey, keyFile);
    try {
      KeyStore store = empty();
      char[] none = new char[0];
      store.setKeyEntry("client", privateKey, none, chain.toArray(new Certificate[0]));
      KeyManagerFactory factory =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(store, none);
      return factory;
    } catch (GeneralSecurityException | IOException e) {
      throw new ConfigException(
          certificateKey, certificateFile, "can not be used: " + e.getMessage());
    }
  }

  private static KeyStore empty() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  private static Collection<? extends Certificate> certificates(String key, String file) {
    Collection<? extends Certificate> found;
    try (InputStream in = new ByteArrayInputStream(read(key, file))) {
      found = CertificateFactory.getInstance("X.509").generateCertificates(in);
    } catch (GeneralSecurityException | IOException e) {
      throw new ConfigException(key, file, "holds no certificates in PEM");
    }
    if (found.isEmpty()) {
      throw new ConfigException(key, file, "holds no certificates in PEM");
    }
    return found;
  }

  /** Nothing of the key's content is ever part of a message. */
  private static PrivateKey privateKey(String key, String file) {
    String pem = new String(read(key, file), StandardCharsets.ISO_8859_1);
    int begin = pem.indexOf(BEGIN);
    int end = pem.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new ConfigException(
          key,
          file,
          "holds no unencrypted private key in PEM (BEGIN PRIVATE KEY); of another form"
              + " 'openssl pkcs8 -topk8 -nocrypt' makes one");
    }
    byte[] encoded;
    try {
      encoded = Base64.getMimeDecoder().decode(pem.substring(begin + BEGIN.length(), end));
    } catch (IllegalArgumentException e) {
      throw new ConfigException(key, file, "its private key is not Base64");
    }
    for (String algorithm : List.of("RSA", "EC", "EdDSA")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
      } catch (InvalidKeySpecException e) {
        // Of another algorithm.
      } catch (GeneralSecurityException e) {
        throw new ConfigException(key, file, "can not be used: " + e.getMessage());
      }
    }
    throw new ConfigException(key, file, "its private key is none of RSA, EC and EdDSA");
  }

  private static byte[] read(String key, String file) {
    try {
      return Files.readAllBytes(Path.of(file));
    } catch (NoSuchFileException e) {
      throw new ConfigException(key, file, "there is no such file where the connector runs");
    } catch (IOException e) {
      throw new ConfigException(key, file, "can not be read: " + e.getMessage());
    }
  }
}
