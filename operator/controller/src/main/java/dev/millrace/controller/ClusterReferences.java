package dev.millrace.controller;

import dev.millrace.controller.ReferencedObjects.Key;
import dev.millrace.controller.ReferencedObjects.State;
import dev.millrace.engine.References;
import dev.millrace.planner.Known;
import java.util.Map;

/**
 * Secrets and ConfigMaps of one namespace, as they are watched. What is not there is waited for:
 * somebody may create it later, and nothing is wrong with the Pipeline meanwhile. There is no way
 * to ask for another namespace.
 */
final class ClusterReferences implements References {
  private final String namespace;
  private final ReferencedObjects objects;

  ClusterReferences(String namespace, ReferencedObjects objects) {
    this.namespace = namespace;
    this.objects = objects;
  }

  @Override
  public Known<Map<String, String>> secret(String name) {
    return known(Key.secret(namespace, name));
  }

  @Override
  public Known<Map<String, String>> configMap(String name) {
    return known(Key.configMap(namespace, name));
  }

  private Known<Map<String, String>> known(Key key) {
    State state = objects.state(key);
    if (state instanceof State.Present present) {
      return new Known.Yes<>(present.data());
    }
    if (state instanceof State.Unknown unknown) {
      return new Known.Waiting<>(
          key.kind()
              + " '"
              + key.name()
              + "' "
              + (unknown.why().isEmpty() ? "is being read" : unknown.why()));
    }
    return new Known.Waiting<>(missing(key));
  }

  /** How an absent object is spoken of. */
  static String missing(Key key) {
    return "no " + key.kind() + " '" + key.name() + "' in namespace '" + key.namespace() + "'";
  }
}
