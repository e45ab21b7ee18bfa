package dev.millrace.controller;

import dev.millrace.model.Platform;
import io.fabric8.kubernetes.api.model.OwnerReference;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Spark applications as resources of some Spark operator. What differs between Kubeflow's operator
 * and Apache's is behind this; plan, Service and everything that is decided is not.
 */
interface SparkApplications {

  /**
   * An application that is wanted.
   *
   * @param name of the application
   * @param labels of the application and of its pods
   * @param hash of what it runs: another one is another run
   * @param configMap that holds the plan under {@code plan.json}
   * @param environment of the driver
   * @param image of driver and executors
   * @param program that is run
   * @param secrets keys of Secrets that driver and executors find as files, by Secret
   */
  record Wanted(
      String namespace,
      String name,
      Map<String, String> labels,
      Optional<OwnerReference> owner,
      String hash,
      String configMap,
      Map<String, String> environment,
      String image,
      Program program,
      Map<String, Set<String>> secrets,
      Platform.Spark spark) {}

  /**
   * A program for Spark.
   *
   * @param type {@code Java} or {@code Python}
   * @param mainClass none of a program in Python
   * @param file of the image
   */
  record Program(String type, Optional<String> mainClass, String file, List<String> arguments) {}

  /** How far an application is. */
  enum Phase {
    /** It has been asked for, and nothing has failed yet. */
    STARTING,
    /** Its driver runs. */
    RUNNING,
    /** Its driver failed, and is being started again by the Spark operator. */
    RESTARTING,
    /** It has ended, and nobody starts it again. */
    ENDED,
    /** It is being deleted. */
    GOING
  }

  /**
   * An application as it was seen.
   *
   * @param hash of what it was asked to run
   * @param configMap that holds its plan
   * @param driver name of the driver's pod; empty if there is none
   * @param message what the Spark operator says of a failure; may be empty
   */
  record Seen(String hash, String configMap, Phase phase, String driver, String message) {}

  /** The application of a name; asks the API server. */
  Optional<Seen> find(String namespace, String name);

  /** Has the application be as wanted, by server-side apply. */
  void apply(Wanted wanted);

  /** Deletes the application; nothing happens if there is none. */
  void delete(String namespace, String name);
}
