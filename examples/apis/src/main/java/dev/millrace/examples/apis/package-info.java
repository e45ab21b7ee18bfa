/** Stands in for public REST services, for examples and tests, and fails as they do. */
package dev.millrace.examples.apis;
