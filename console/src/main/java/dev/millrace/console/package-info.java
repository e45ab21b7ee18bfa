/**
 * The web page: what runs, the streams with their rates, and the dashboards, drawn in the browser
 * from the very saved objects that Kibana gets.
 */
package dev.millrace.console;
