/**
 * Real backends that ask who one is, and speak TLS with a certificate of an authority of its own.
 */
package dev.millrace.local.guarded;
