package dev.millrace.connect.datagen;

/**
 * SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014): 64
 * bits of state, so that each entity can have its own, and the same numbers on every JVM.
 */
final class Random64 {
  private static final long GAMMA = 0x9E3779B97F4A7C15L;

  private long state;

  Random64(long state) {
    this.state = state;
  }

  /** An independent generator for an item of a seeded set. */
  static Random64 of(long seed, long item) {
    return new Random64(mix(seed) ^ mix(item * GAMMA + 1));
  }

  static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  long nextLong() {
    state += GAMMA;
    return mix(state);
  }

  /** Uniform in [0, 1). */
  double nextDouble() {
    return (nextLong() >>> 11) * 0x1.0p-53;
  }

  /** Uniform in [0, bound). */
  long nextLong(long bound) {
    return Math.floorMod(nextLong() >>> 1, bound);
  }

  int nextInt(int bound) {
    return (int) nextLong(bound);
  }

  /** Normal with mean 0 and deviation 1 (Box and Muller's method). */
  double nextGaussian() {
    double u = 1.0 - nextDouble();
    return StrictMath.sqrt(-2.0 * StrictMath.log(u))
        * StrictMath.cos(2.0 * StrictMath.PI * nextDouble());
  }
}
