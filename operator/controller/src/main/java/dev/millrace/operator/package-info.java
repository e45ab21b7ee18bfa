/** The operator as a process. */
package dev.millrace.operator;
