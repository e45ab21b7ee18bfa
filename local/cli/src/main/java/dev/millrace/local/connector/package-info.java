/**
 * A connector that is worked on: its files as a build leaves them, its configuration, a Connect
 * worker of its own, and what is to be seen of it. Knows no Pipeline.
 */
package dev.millrace.local.connector;
