package dev.millrace.controller;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Answers what is asked below one path, by TLS, in a few threads of its own. */
final class TlsEndpoint implements AutoCloseable {
  private static final int BACKLOG = 16;

  private final HttpsServer server;
  private final ExecutorService threads;

  /**
   * Listens from now on.
   *
   * @param certificates as {@link Tls#of} takes them
   * @param threads how many requests are answered at a time
   */
  TlsEndpoint(
      InetSocketAddress address, Path certificates, String path, int threads, HttpHandler handler)
      throws IOException, GeneralSecurityException {
    this.threads = Executors.newFixedThreadPool(threads, task -> thread(task, path.substring(1)));
    this.server = HttpsServer.create(address, BACKLOG);
    server.setHttpsConfigurator(new HttpsConfigurator(Tls.of(certificates)));
    server.setExecutor(this.threads);
    server.createContext(path, handler);
    server.start();
  }

  private static Thread thread(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  /** The port it listens on. */
  int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
