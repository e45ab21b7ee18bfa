package dev.millrace.services;

import dev.millrace.services.ServiceState.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts services as child processes, each after those it needs, watches them, starts again what
 * dies, and leaves nothing behind: neither when it is stopped nor, at the next start, after it was
 * killed itself.
 */
public final class Supervisor implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Supervisor.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(20);
  private static final Duration STEADY = Duration.ofSeconds(60);
  private static final Duration KILLED_WITHIN = Duration.ofSeconds(3);
  private static final long PROBE_EVERY_MS = 100;
  private static final List<String> INHERITED =
      List.of("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER");

  private final Path stateDirectory;
  private final Clock clock;
  private final Consumer<ServiceState> listener;
  private final Map<String, Keeper> keepers = new LinkedHashMap<>();
  private volatile boolean stopping;

  /**
   * A supervisor with nothing to do yet.
   *
   * @param stateDirectory holds a room for each service
   * @param listener told of every change, from the service's own thread; must not block
   */
  public Supervisor(Path stateDirectory, Clock clock, Consumer<ServiceState> listener) {
    this.stateDirectory = stateDirectory.toAbsolutePath();
    this.clock = clock;
    this.listener = listener;
  }

  /** Begins to keep a service running. One of the same name is stopped first. */
  public synchronized void start(Service service) throws IOException {
    if (stopping) {
      throw new IllegalStateException("the supervisor is stopping");
    }
    stop(service.name());
    Keeper keeper =
        new Keeper(service, new Room(stateDirectory.resolve("services").resolve(service.name())));
    keepers.put(service.name(), keeper);
    keeper.thread.start();
  }

  /** Stops one service and forgets it; nothing happens if there is none of the name. */
  public void stop(String name) {
    Keeper keeper;
    synchronized (this) {
      keeper = keepers.remove(name);
    }
    if (keeper != null) {
      keeper.stop();
    }
  }

  /** What was observed last of each, in the order they were started. */
  public synchronized List<ServiceState> states() {
    return keepers.values().stream().map(k -> k.state).toList();
  }

  /** What was observed last of one. */
  public synchronized Optional<ServiceState> state(String name) {
    return Optional.ofNullable(keepers.get(name)).map(k -> k.state);
  }

  /**
   * Waits until a service is ready.
   *
   * @throws TimeoutException with its last message and the end of its log
   */
  public ServiceState awaitReady(String name, Duration atMost)
      throws InterruptedException, TimeoutException {
    Instant deadline = clock.instant().plus(atMost);
    while (true) {
      ServiceState state = state(name).orElseThrow();
      if (state.phase() == Phase.READY) {
        return state;
      }
      if (clock.instant().isAfter(deadline)) {
        throw new TimeoutException(
            name + " is not ready after " + atMost.toSeconds() + " s: " + state.message());
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  /** The log of a service. */
  public Path log(String name) {
    return stateDirectory.resolve("services").resolve(name).resolve("log");
  }

  /** Stops all: first what depends on others, then those. */
  @Override
  public void close() {
    List<Keeper> all;
    synchronized (this) {
      stopping = true;
      all = new ArrayList<>(keepers.values());
    }
    all.forEach(Keeper::announceStop);
    while (!all.isEmpty()) {
      List<Keeper> leaves = new ArrayList<>();
      for (Keeper keeper : all) {
        boolean needed =
            all.stream()
                .anyMatch(o -> o != keeper && o.service.after().contains(keeper.service.name()));
        if (!needed) {
          leaves.add(keeper);
        }
      }
      leaves.forEach(Keeper::terminate);
      leaves.forEach(Keeper::stop);
      all.removeAll(leaves);
    }
  }

  private synchronized boolean ready(List<String> names) {
    return names.stream()
        .allMatch(n -> keepers.containsKey(n) && keepers.get(n).state.phase() == Phase.READY);
  }

  /** Keeps one service running, in a thread of its own. */
  private final class Keeper {
    private final Service service;
    private final Room room;
    private final Thread thread;
    private volatile boolean stop;
    private volatile Process process;
    private volatile ServiceState state;
    private int restarts;

    Keeper(Service service, Room room) {
      this.service = service;
      this.room = room;
      this.state =
          new ServiceState(
              service.name(),
              Phase.WAITING,
              Optional.empty(),
              0,
              0,
              clock.instant(),
              Duration.ZERO,
              "");
      this.thread = new Thread(this::keep, "keeper-" + service.name());
      this.thread.setDaemon(true);
    }

    private void keep() {
      Duration pause = FIRST_PAUSE;
      try {
        killLeftover();
        while (!stop) {
          Instant began = clock.instant();
          String why = runOnce();
          if (stop || why == null) {
            return;
          }
          change(Phase.FAILED, began, why);
          if (Duration.between(began, clock.instant()).compareTo(STEADY) > 0) {
            pause = FIRST_PAUSE;
          }
          TimeUnit.MILLISECONDS.sleep(pause.toMillis());
          pause = min(pause.multipliedBy(2), LONGEST_PAUSE);
          restarts++;
        }
      } catch (InterruptedException e) {
        log.debug("{}: stopped", service.name());
      } catch (IOException | RuntimeException e) {
        log.error("{}: no longer supervised", service.name(), e);
        change(Phase.FAILED, clock.instant(), e.toString());
      }
    }

    /** One life of the process; why it ended, or null when it is done. */
    private String runOnce() throws InterruptedException {
      while (!ready(service.after())) {
        TimeUnit.MILLISECONDS.sleep(20);
      }
      Instant began = clock.instant();
      change(Phase.STARTING, began, "");
      Process child;
      try {
        child = launch();
      } catch (IOException | RuntimeException e) {
        return e.getMessage() == null ? e.toString() : e.getMessage();
      }
      try {
        String failure = awaitReady(child, began);
        if (failure != null) {
          return failure;
        }
        // Killed, a launcher leaves its server, which would keep port and lock from the next one.
        List<ProcessHandle> family = child.descendants().toList();
        change(Phase.READY, began, "");
        int code = child.waitFor();
        kill(family);
        if (code == 0 && service.mayEnd()) {
          change(Phase.ENDED, began, "");
          return null;
        }
        return died(code);
      } finally {
        end(child);
        process = null;
      }
    }

    private Process launch() throws IOException, InterruptedException {
      Service.Launch launch = service.prepare(room);
      if (Files.exists(room.log())) {
        Files.move(
            room.log(),
            room.log().resolveSibling("log.1"),
            StandardCopyOption.REPLACE_EXISTING,
            StandardCopyOption.ATOMIC_MOVE);
      }
      List<String> command = new ArrayList<>();
      if (SETSID) {
        // A session of its own: Ctrl-C at the terminal reaches the supervisor only.
        command.add("setsid");
      }
      command.addAll(launch.command());
      ProcessBuilder builder = new ProcessBuilder(command);
      Map<String, String> env = new HashMap<>();
      for (String name : INHERITED) {
        String value = System.getenv(name);
        if (value != null) {
          env.put(name, value);
        }
      }
      env.putAll(launch.env());
      builder.environment().clear();
      builder.environment().putAll(env);
      builder.directory(launch.workingDirectory().toFile());
      builder.redirectErrorStream(true);
      builder.redirectOutput(room.log().toFile());
      builder.redirectInput(ProcessBuilder.Redirect.from(DEV_NULL.toFile()));
      Process child = builder.start();
      process = child;
      Room.write(
          room.path().resolve("pid"), child.pid() + " " + startOf(child.toHandle()) + "\n", false);
      return child;
    }

    private String awaitReady(Process child, Instant began) throws InterruptedException {
      Instant deadline = began.plus(service.startDeadline());
      String last = "";
      while (clock.instant().isBefore(deadline)) {
        if (!child.isAlive()) {
          return service.mayEnd() && child.exitValue() == 0 ? null : died(child.exitValue());
        }
        try {
          if (service.ready()) {
            return null;
          }
        } catch (InterruptedException e) {
          throw e;
        } catch (Exception e) {
          last = e.getMessage() == null ? e.toString() : e.getMessage();
        }
        TimeUnit.MILLISECONDS.sleep(PROBE_EVERY_MS);
      }
      return "not ready after "
          + service.startDeadline().toSeconds()
          + " s"
          + (last.isEmpty() ? "" : ": " + last)
          + "\n"
          + Logging.tail(room.log(), 5);
    }

    private String died(int code) {
      String how = code > 128 ? "killed by signal " + (code - 128) : "ended with code " + code;
      return how + "\n" + Logging.reason(room.log());
    }

    private void change(Phase phase, Instant began, String message) {
      Process now = process;
      Instant at = clock.instant();
      state =
          new ServiceState(
              service.name(),
              phase,
              service.endpoint(),
              now == null ? 0 : now.pid(),
              restarts,
              at,
              Duration.between(began, at),
              message);
      listener.accept(state);
    }

    /** A process that an earlier supervisor, killed itself, could not stop. */
    private void killLeftover() throws IOException, InterruptedException {
      Path file = room.path().resolve("pid");
      if (!Files.exists(file)) {
        return;
      }
      String[] parts = Files.readString(file).trim().split(" ");
      Optional<ProcessHandle> left = ProcessHandle.of(Long.parseLong(parts[0]));
      if (left.isPresent() && startOf(left.get()).equals(parts[1])) {
        log.info("{}: stopping process {} of an earlier run", service.name(), parts[0]);
        end(left.get());
      }
      Files.delete(file);
    }

    void announceStop() {
      stop = true;
    }

    void terminate() {
      stop = true;
      Process now = process;
      if (now != null) {
        service.askToStop(now.toHandle());
      }
    }

    void stop() {
      terminate();
      try {
        Process now = process;
        if (now != null) {
          end(now);
        }
        thread.interrupt();
        thread.join(TimeUnit.SECONDS.toMillis(5));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      change(Phase.STOPPED, clock.instant(), "");
      try {
        Files.deleteIfExists(room.path().resolve("pid"));
      } catch (IOException e) {
        log.warn("{}: {}", service.name(), e.getMessage());
      }
    }

    private void end(Process child) throws InterruptedException {
      end(child.toHandle());
    }

    private void end(ProcessHandle child) throws InterruptedException {
      List<ProcessHandle> family = new ArrayList<>(child.descendants().toList());
      family.add(child);
      try {
        service.askToStop(child);
        child.onExit().get(service.stopDeadline().toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException | ExecutionException e) {
        log.warn("{}: does not stop by itself, killed", service.name());
      } finally {
        kill(family);
      }
    }

    private void kill(List<ProcessHandle> family) throws InterruptedException {
      List<ProcessHandle> left = family.stream().filter(ProcessHandle::isAlive).toList();
      left.forEach(ProcessHandle::destroyForcibly);
      try {
        CompletableFuture.allOf(
                left.stream().map(ProcessHandle::onExit).toArray(CompletableFuture[]::new))
            .get(KILLED_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException | ExecutionException e) {
        log.warn("{}: killed, and still there", service.name());
      }
    }
  }

  private static final Path DEV_NULL = Path.of("/dev/null");

  private static final boolean SETSID =
      Files.isExecutable(Path.of("/usr/bin/setsid")) || Files.isExecutable(Path.of("/bin/setsid"));

  private static String startOf(ProcessHandle handle) {
    return handle.info().startInstant().map(i -> Long.toString(i.toEpochMilli())).orElse("?");
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }
}
