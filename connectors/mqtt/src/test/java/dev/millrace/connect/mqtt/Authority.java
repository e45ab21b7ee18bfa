package dev.millrace.connect.mqtt;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An authority of our own that signs certificates: with the JDK's keytool, in PEM. */
record Authority(Path folder) {
  private static final String PASSWORD = "changeit";

  static Authority create(Path folder) throws Exception {
    Authority authority = new Authority(Files.createDirectories(folder));
    authority.pair("ca", "CN=Test authority", "bc:c");
    authority.certificate("ca");
    return authority;
  }

  /** The authority's certificate. */
  Path ca() {
    return folder.resolve("ca.pem");
  }

  /** Makes {@code NAME.pem} and {@code NAME.key}. */
  Authority sign(String name, String alternativeName) throws Exception {
    pair(name, "CN=" + name, alternativeName);
    keytool(name, "-certreq", "-alias", name, "-file", folder.resolve(name + ".csr").toString());
    keytool(
        "ca",
        "-gencert",
        "-rfc",
        "-alias",
        "ca",
        "-ext",
        alternativeName,
        "-infile",
        folder.resolve(name + ".csr").toString(),
        "-outfile",
        folder.resolve(name + ".pem").toString());
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(folder.resolve(name + ".p12"))) {
      store.load(in, PASSWORD.toCharArray());
    }
    byte[] key = store.getKey(name, PASSWORD.toCharArray()).getEncoded();
    Files.writeString(
        folder.resolve(name + ".key"),
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key)
            + "\n-----END PRIVATE KEY-----\n");
    return this;
  }

  private void pair(String name, String subject, String extension) throws Exception {
    keytool(
        name,
        "-genkeypair",
        "-alias",
        name,
        "-keyalg",
        "EC",
        "-groupname",
        "secp256r1",
        "-validity",
        "2",
        "-dname",
        subject,
        "-ext",
        extension);
  }

  private void certificate(String name) throws Exception {
    keytool(
        name,
        "-exportcert",
        "-rfc",
        "-alias",
        name,
        "-file",
        folder.resolve(name + ".pem").toString());
  }

  private void keytool(String store, String... args) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(args));
    command.addAll(
        List.of(
            "-keystore",
            folder.resolve(store + ".p12").toString(),
            "-storetype",
            "PKCS12",
            "-storepass",
            PASSWORD));
    Path log = folder.resolve("keytool.log");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IOException(Files.readString(log));
    }
  }
}
