package dev.millrace.planner;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.millrace.model.ManifestReader;
import dev.millrace.model.Pipeline;
import dev.millrace.planner.SchemaCatalog.SqlRequest;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What the SQL analyser is asked while schemas become known one after the other. */
class SqlQuestionTest {
  private static final YAMLMapper YAML = new YAMLMapper();

  private static final String PIPELINE =
      """
      apiVersion: millrace.dev/v1alpha1
      kind: Pipeline
      metadata: { name: shop }
      spec:
        sources:
          - { name: clicks, topic: { name: shop.clicks } }
          - { name: goods, topic: { name: shop.goods, kind: table } }
        transforms:
          - { name: plain, sql: SELECT device FROM clicks, key: [device] }
          - { name: priced, sql: 'SELECT c.device, g.price FROM clicks c JOIN Goods g ON g.item = c.item', key: [device] }
      """;

  private static final String CATALOG =
      """
      streams:
        shop.clicks: { value: { type: record, name: Click, fields: [{ name: device, type: string }, { name: item, type: string }] } }
        shop.goods: { value: { type: record, name: Good, fields: [{ name: item, type: string }, { name: price, type: double }] } }
      """;

  @Test
  void aSchemaThatBecomesKnownIsAQuestionOnlyForTheSqlThatNamesTheStream() throws Exception {
    ObjectNode all = (ObjectNode) YAML.readTree(CATALOG);
    ObjectNode less = all.deepCopy();
    ((ObjectNode) less.path("streams")).remove("shop.goods");
    Map<String, SqlRequest> before = questions(less);
    Map<String, SqlRequest> after = questions(all);

    assertThat(before).containsOnlyKeys("plain", "priced");
    assertThat(after.get("plain")).isEqualTo(before.get("plain"));
    assertThat(after.get("plain").streams()).containsOnlyKeys("clicks");
    assertThat(after.get("plain").pending()).containsExactly("goods");

    assertThat(before.get("priced").streams()).containsOnlyKeys("clicks");
    assertThat(before.get("priced").pending()).contains("goods");
    assertThat(after.get("priced").streams()).containsOnlyKeys("clicks", "goods");
  }

  private static Map<String, SqlRequest> questions(JsonNode known) throws Exception {
    ManifestReader.Read<Pipeline> read = ManifestReader.pipeline(PIPELINE);
    assertThat(read.problems()).isEmpty();
    Map<String, SqlRequest> asked = new TreeMap<>();
    FileCatalog file = new FileCatalog(known);
    SchemaCatalog catalog =
        (SchemaCatalog)
            Proxy.newProxyInstance(
                SchemaCatalog.class.getClassLoader(),
                new Class<?>[] {SchemaCatalog.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("analyse")) {
                    SqlRequest request = (SqlRequest) arguments[0];
                    asked.put(request.transform(), request);
                  }
                  return method.invoke(file, arguments);
                });
    assertThat(Planner.plan(read.resource(), GoldenTest.platform(), catalog).problems()).isEmpty();
    return asked;
  }
}
