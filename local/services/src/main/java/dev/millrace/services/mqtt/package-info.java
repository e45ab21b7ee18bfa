/** What runs in the MQTT broker's own process, with the broker's class path. */
package dev.millrace.services.mqtt;
