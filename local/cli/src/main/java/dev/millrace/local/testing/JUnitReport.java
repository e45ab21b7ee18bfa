package dev.millrace.local.testing;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** Results as the XML that CI servers know from Surefire: a suite, its cases, their failures. */
final class JUnitReport {
  private JUnitReport() {}

  static void write(Path file, String suite, List<TestResult> results) throws IOException {
    if (file.toAbsolutePath().getParent() != null) {
      Files.createDirectories(file.toAbsolutePath().getParent());
    }
    try (BufferedWriter text = Files.newBufferedWriter(file)) {
      XMLStreamWriter xml = XMLOutputFactory.newInstance().createXMLStreamWriter(text);
      xml.writeStartDocument("UTF-8", "1.0");
      xml.writeCharacters("\n");
      xml.writeStartElement("testsuite");
      xml.writeAttribute("name", suite);
      xml.writeAttribute("tests", Integer.toString(results.size()));
      xml.writeAttribute(
          "failures",
          Long.toString(results.stream().filter(r -> !r.differences().isEmpty()).count()));
      xml.writeAttribute(
          "errors", Long.toString(results.stream().filter(r -> !r.error().isEmpty()).count()));
      xml.writeAttribute("skipped", "0");
      xml.writeAttribute("time", seconds(results.stream().mapToDouble(TestResult::seconds).sum()));
      for (TestResult result : results) {
        testCase(xml, suite, result);
      }
      xml.writeCharacters("\n");
      xml.writeEndElement();
      xml.writeCharacters("\n");
      xml.writeEndDocument();
      xml.close();
    } catch (XMLStreamException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  private static void testCase(XMLStreamWriter xml, String suite, TestResult result)
      throws XMLStreamException {
    xml.writeCharacters("\n  ");
    xml.writeStartElement("testcase");
    xml.writeAttribute("classname", suite);
    xml.writeAttribute("name", clean(result.test().name()));
    xml.writeAttribute("time", seconds(result.seconds()));
    if (!result.passed()) {
      boolean error = !result.error().isEmpty();
      xml.writeCharacters("\n    ");
      xml.writeStartElement(error ? "error" : "failure");
      xml.writeAttribute("message", clean(result.lines().get(0)));
      xml.writeAttribute("type", error ? "error" : "difference");
      xml.writeCharacters(clean(result.test().file() + "\n" + String.join("\n", result.lines())));
      xml.writeEndElement();
      xml.writeCharacters("\n  ");
    }
    xml.writeEndElement();
  }

  private static String seconds(double seconds) {
    return String.format(Locale.ROOT, "%.3f", seconds);
  }

  /** Without the characters that XML has no way to write. */
  private static String clean(String text) {
    return text.replaceAll("[^\\t\\n\\r\\x20-\\uD7FF\\uE000-\\uFFFD\\x{10000}-\\x{10FFFF}]", "?");
  }
}
