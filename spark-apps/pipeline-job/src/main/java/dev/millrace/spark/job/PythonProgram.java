package dev.millrace.spark.job;

import org.apache.spark.SparkUserAppException;
import org.apache.spark.deploy.PythonRunner;

/**
 * Runs a program in Python beside this JVM, as {@code spark-submit} does, and ends as it has ended:
 * what the program said last is the last word. Arguments: the program, an empty one, and the
 * program's own.
 */
public final class PythonProgram {
  private PythonProgram() {}

  public static void main(String[] args) throws Exception {
    try {
      PythonRunner.main(args);
    } catch (Exception e) {
      // Scala throws it without saying so.
      if (e instanceof SparkUserAppException failed) {
        System.exit(failed.exitCode());
      }
      throw e;
    }
  }
}
