/** The {@code millrace} command: a pipeline directory on a laptop, with real services. */
package dev.millrace.local;
