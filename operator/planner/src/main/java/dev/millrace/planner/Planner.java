package dev.millrace.planner;

import dev.millrace.model.Pipeline;
import dev.millrace.model.Platform;

/** Makes plans. */
public final class Planner {
  private Planner() {}

  /** The plan of a pipeline, as far as what is known allows, with every problem found. */
  public static Plan plan(Pipeline pipeline, Platform platform, SchemaCatalog catalog) {
    return new Planning(pipeline, platform.getSpec(), catalog).plan();
  }
}
