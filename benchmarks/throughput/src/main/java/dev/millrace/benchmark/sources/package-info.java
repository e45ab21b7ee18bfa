/** How fast sources are, each beside what bounds it, in one run. */
package dev.millrace.benchmark.sources;
