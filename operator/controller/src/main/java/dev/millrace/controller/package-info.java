/**
 * The operator: controllers around the engine. Reconcilers decide when the engine is called and say
 * what it has observed; they call no backend themselves and wait for nothing.
 */
package dev.millrace.controller;
