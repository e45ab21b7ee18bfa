package dev.millrace.local.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.SchemaFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;

class JUnitReportTest {
  @TempDir Path temporary;

  private static PipelineTest test(String name) {
    return new PipelineTest("tests/a.yaml", name, Optional.empty(), Map.of(), List.of());
  }

  @Test
  void isWhatCiServersRead() throws Exception {
    Path file = temporary.resolve("reports/tests.xml");
    JUnitReport.write(
        file,
        "demo-tv",
        List.of(
            new TestResult(test("passes"), 0.25, List.of(), ""),
            new TestResult(
                test("differs <&\" \u0001"), 1, List.of("out: 1 row differs", "  ]]> x"), ""),
            new TestResult(test("fails"), 0.5, List.of(), "out failed: n is 0")));
    SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI)
        .newSchema(getClass().getResource("/junit.xsd"))
        .newValidator()
        .validate(new StreamSource(file.toFile()));
    Element suite =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(file.toFile())
            .getDocumentElement();
    assertThat(suite.getAttribute("tests")).isEqualTo("3");
    assertThat(suite.getAttribute("failures")).isEqualTo("1");
    assertThat(suite.getAttribute("errors")).isEqualTo("1");
    assertThat(suite.getAttribute("time")).isEqualTo("1.750");
    Element failure = (Element) suite.getElementsByTagName("failure").item(0);
    assertThat(failure.getAttribute("message")).isEqualTo("out: 1 row differs");
    assertThat(failure.getTextContent()).isEqualTo("tests/a.yaml\nout: 1 row differs\n  ]]> x");
    assertThat(((Element) suite.getElementsByTagName("testcase").item(1)).getAttribute("name"))
        .isEqualTo("differs <&\" ?");
    assertThat(Files.readString(file)).startsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
  }
}
