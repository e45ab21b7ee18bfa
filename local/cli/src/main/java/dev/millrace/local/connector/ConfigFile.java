package dev.millrace.local.connector;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** Says when a file is another one than at the last look, and has been so for two looks. */
final class ConfigFile {
  private final Path file;
  private String taken;
  private String last;

  ConfigFile(Path file) {
    this.file = file;
    this.taken = stamp();
    this.last = taken;
  }

  boolean changed() {
    String now = stamp();
    boolean still = now.equals(last);
    last = now;
    if (!still || now.equals(taken) || now.isEmpty()) {
      return false;
    }
    taken = now;
    return true;
  }

  private String stamp() {
    try {
      BasicFileAttributes seen = Files.readAttributes(file, BasicFileAttributes.class);
      return seen.size() + " " + seen.lastModifiedTime();
    } catch (IOException e) {
      return "";
    }
  }
}
