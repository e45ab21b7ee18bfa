package dev.millrace.services;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** How services log, and the end of what they logged. */
final class Logging {
  private static final List<String> FRAMEWORK =
      List.of("org.apache.kafka", "org.eclipse.jetty", "org.glassfish", "org.reflections");

  private Logging() {}

  /** Configuration of log4j 2 for a service whose standard output is its log. */
  static Path log4j2(Room room) throws IOException {
    return room.write(
        "log4j2.properties",
        """
        status = warn
        appender.console.type = Console
        appender.console.name = STDOUT
        appender.console.layout.type = PatternLayout
        appender.console.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5p [%t] %c{1}: %m%n
        rootLogger.level = info
        rootLogger.appenderRef.console.ref = STDOUT
        logger.config.name = org.apache.kafka.common.config.AbstractConfig
        logger.config.level = warn
        logger.producer.name = org.apache.kafka.clients.producer.ProducerConfig
        logger.producer.level = warn
        logger.consumer.name = org.apache.kafka.clients.consumer.ConsumerConfig
        logger.consumer.level = warn
        logger.admin.name = org.apache.kafka.clients.admin.AdminClientConfig
        logger.admin.level = warn
        logger.metrics.name = org.apache.kafka.common.metrics
        logger.metrics.level = warn
        """);
  }

  /**
   * The same for a Connect worker whose plugins are worked on: lines say of which connector and
   * task they are, and by whole names whose they are.
   *
   * @param level at which plugins log
   */
  static Path plugins(Room room, String level) throws IOException {
    StringBuilder text = new StringBuilder(Files.readString(log4j2(room)));
    text.append("appender.console.layout.pattern =")
        .append(" %d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5p %X{connector.context}%c: %m%n\n")
        .append("rootLogger.level = ")
        .append(level)
        .append('\n');
    int i = 0;
    for (String framework : FRAMEWORK) {
      String logger = "logger.framework" + i++;
      text.append(logger).append(".name = ").append(framework).append('\n');
      text.append(logger).append(".level = info\n");
    }
    return room.write("log4j2.properties", text.toString());
  }

  /** The last line of a log that names an error, or else its last line; empty if there is none. */
  static String reason(Path log) {
    List<String> lines = tail(log, 200).lines().filter(l -> !l.startsWith("\t")).toList();
    for (int i = lines.size() - 1; i >= 0; i--) {
      if (lines.get(i).contains("Exception") || lines.get(i).contains("ERROR")) {
        return lines.get(i);
      }
    }
    return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
  }

  /** The last lines of a log, in one line each; empty if it can not be read. */
  static String tail(Path log, int lines) {
    try {
      byte[] bytes = Files.readAllBytes(log);
      String end =
          new String(
              bytes,
              Math.max(0, bytes.length - 8192),
              Math.min(8192, bytes.length),
              StandardCharsets.UTF_8);
      List<String> all = end.lines().filter(l -> !l.isBlank()).toList();
      return String.join("\n", all.subList(Math.max(0, all.size() - lines), all.size()));
    } catch (IOException e) {
      return "";
    }
  }
}
