package dev.millrace.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * How somebody outside of a cluster has the operator plan: a dry run of the Pipeline's server-side
 * apply, with {@link #ASK} among its annotations. The operator's admission webhook puts {@link
 * #PLANNED} beside it in what the API server answers and does not keep. So nothing is written, and
 * who may not apply the Pipeline does not learn what it would do.
 */
public final class PlanExchange {
  /** The ConfigMaps of the directory, which may have been edited too. */
  public static final String ASK = "millrace.dev/plan-with";

  /** A {@link DirectoryPlan} of this Pipeline, or why there is none. */
  public static final String PLANNED = "millrace.dev/planned";

  /** Agrees to the plan of this hash. */
  public static final String CONSENT = "millrace.dev/consent";

  /** All annotations of an object together, as Kubernetes limits them (validation.go). */
  private static final int MOST_BYTES = 256 * 1024;

  private static final int MOST_PLAIN = 16 * 1024 * 1024;
  private static final ObjectMapper JSON = new ObjectMapper();

  private PlanExchange() {}

  /**
   * The value of {@link #ASK}.
   *
   * @throws IOException if it is too long for an annotation
   */
  public static String ask(Map<String, Map<String, String>> configMaps) throws IOException {
    return pack(JSON.valueToTree(Map.of("configMaps", configMaps)));
  }

  /** The ConfigMaps in a value of {@link #ASK}. */
  public static Map<String, Map<String, String>> asked(String value) throws IOException {
    Map<String, Map<String, String>> configMaps = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> one : unpack(value).path("configMaps").properties()) {
      Map<String, String> keys = new LinkedHashMap<>();
      one.getValue().properties().forEach(e -> keys.put(e.getKey(), e.getValue().asText()));
      configMaps.put(one.getKey(), keys);
    }
    return configMaps;
  }

  /** The value of {@link #PLANNED}. */
  public static String planned(DirectoryPlan plan) throws IOException {
    return pack(plan.json());
  }

  /** The value of {@link #PLANNED} where there is no plan. */
  public static String failed(String why) throws IOException {
    return pack(JSON.createObjectNode().put("error", why));
  }

  /**
   * The plan in a value of {@link #PLANNED}.
   *
   * @throws IOException with the operator's words, if it could not plan
   */
  public static DirectoryPlan plan(String value) throws IOException {
    JsonNode answer = unpack(value);
    if (answer.has("error")) {
      throw new IOException(answer.path("error").asText());
    }
    return DirectoryPlan.parse(answer);
  }

  private static String pack(ObjectNode document) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream zip = new GZIPOutputStream(bytes)) {
      zip.write(JSON.writeValueAsBytes(document));
    }
    String packed = Base64.getEncoder().encodeToString(bytes.toByteArray());
    if (packed.length() > MOST_BYTES) {
      throw new IOException(
          "a plan and its ConfigMaps may have 256 KiB when packed, as annotations may; this has "
              + packed.length() / 1024
              + " KiB");
    }
    return packed;
  }

  private static JsonNode unpack(String packed) throws IOException {
    try (InputStream zip =
        new GZIPInputStream(new ByteArrayInputStream(Base64.getDecoder().decode(packed)))) {
      // Somebody may send a bomb.
      byte[] plain = zip.readNBytes(MOST_PLAIN + 1);
      if (plain.length > MOST_PLAIN) {
        throw new IOException("more than 16 MiB when unpacked");
      }
      return JSON.readTree(plain);
    } catch (IllegalArgumentException e) {
      throw new IOException("not base64: " + e.getMessage(), e);
    }
  }
}
