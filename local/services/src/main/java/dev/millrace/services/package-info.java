/**
 * Real services as supervised child processes, from Maven artifacts: no Docker, no root. The {@code
 * millrace} command runs them, and so do the tests of every room.
 */
package dev.millrace.services;
