package dev.millrace.crds;

/** What the kinds are, in a sentence. */
final class Descriptions {
  private Descriptions() {}

  static String of(Crds.Kind kind) {
    return switch (kind) {
      case PIPELINE ->
          "What flows: where data comes from, how it is enriched, where it goes, and what shows it.";
      case PLATFORM ->
          "Where pipelines run: endpoints, defaults, and what the names in the backends begin with.";
      case PIPELINE_RUN ->
          "Once: a run of a pipeline, a backfill of a span of time, a replay from a time on.";
    };
  }
}
