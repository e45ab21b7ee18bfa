package dev.millrace.controller;

import dev.millrace.planner.Hashes;
import java.util.Locale;
import java.util.Optional;

/**
 * What a Spark job is called in Kubernetes.
 *
 * @param transform whose application it is; none is the job of all other transforms
 */
record SparkJobName(String pipeline, Optional<String> transform) {
  /** Pods, Services and labels are named after it, with something behind it: at most 63 letters. */
  private static final int LONGEST = 40;

  /** A job's name is the platform's prefix, the pipeline's, and behind a dot a transform's. */
  static SparkJobName of(String job, String prefix) {
    String name = job.substring(prefix.length());
    int dot = name.indexOf('.');
    return dot < 0
        ? new SparkJobName(name, Optional.empty())
        : new SparkJobName(name.substring(0, dot), Optional.of(name.substring(dot + 1)));
  }

  /** Of the application, and what is made for it. No pipeline is called as an application is. */
  String name() {
    if (transform.isEmpty()) {
      return pipeline;
    }
    String whole = pipeline + "." + transform.get();
    String readable = whole.toLowerCase(Locale.ROOT).replaceAll("[._]", "-");
    return readable.substring(0, Math.min(LONGEST, readable.length())).replaceAll("-+$", "")
        + "-"
        + Hashes.of(whole).substring(0, 6);
  }
}
