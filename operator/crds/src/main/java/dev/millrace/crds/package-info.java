/**
 * What is generated from the model: CRDs, JSON Schemas for editors, reference pages. The files are
 * checked in; a test compares them with what the model says now.
 */
package dev.millrace.crds;
