package dev.millrace.demo.tv;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What was seen of ads. A device that saw some of a slot has viewed its ad, once, however often it
 * went away and came back: wholly if nothing of the slot is missing.
 */
final class AdTotals {
  /** One device in one slot. */
  private record View(String device, Plan.Entry slot) {}

  private final Map<String, Integer> userOfDevice;
  private final Plan slots;
  private final Map<View, Long> views = new HashMap<>();

  AdTotals(Map<String, Integer> userOfDevice, Plan slots) {
    this.userOfDevice = userOfDevice;
    this.slots = slots;
  }

  void add(Viewing viewing) {
    for (Plan.Entry slot : slots.during(viewing)) {
      views.merge(new View(viewing.device(), slot), slot.of(viewing), Long::sum);
    }
  }

  /** Microseconds by ad. */
  Map<String, Long> byAd() {
    Map<String, Long> sums = new TreeMap<>();
    views.forEach((view, seen) -> sums.merge(ad(view), seen, Long::sum));
    return sums;
  }

  /** Microseconds by user and ad. */
  Map<String, Long> byUserAndAd() {
    Map<String, Long> sums = new TreeMap<>();
    views.forEach(
        (view, seen) ->
            sums.merge(userOfDevice.get(view.device()) + " " + ad(view), seen, Long::sum));
    return sums;
  }

  /** Number of views by ad and whether they were complete, such as {@code 7 true}. */
  Map<String, Long> counts() {
    Map<String, Long> counts = new TreeMap<>();
    views.forEach(
        (view, seen) -> {
          boolean complete = seen == view.slot().to() - view.slot().from();
          counts.merge(ad(view) + " " + complete, 1L, Long::sum);
        });
    return counts;
  }

  private static String ad(View view) {
    return Integer.toString(view.slot().shown());
  }
}
