/**
 * What a pipeline directory says: the same files that {@code kubectl apply -k} reads, and {@code
 * local.yaml}, which only a laptop needs. Reading only; nothing here starts anything.
 */
package dev.millrace.local.manifest;
