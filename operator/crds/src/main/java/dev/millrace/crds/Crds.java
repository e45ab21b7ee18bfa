package dev.millrace.crds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.millrace.model.Pipeline;
import dev.millrace.model.PipelineRun;
import dev.millrace.model.Platform;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crdv2.generator.CRDGenerationInfo;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** Generates the CustomResourceDefinitions ({@code apiextensions.k8s.io/v1}) of the model. */
public final class Crds {
  static final YAMLMapper YAML =
      YAMLMapper.builder()
          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
          .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
          .disable(YAMLGenerator.Feature.SPLIT_LINES)
          .build();

  /** A kind and the records of its spec and status. */
  enum Kind {
    PIPELINE(Pipeline.class, Pipeline.Spec.class, Pipeline.Status.class),
    PLATFORM(Platform.class, Platform.Spec.class, Platform.Status.class),
    PIPELINE_RUN(PipelineRun.class, PipelineRun.Spec.class, PipelineRun.Status.class);

    final Class<? extends HasMetadata> type;
    final Class<? extends Record> spec;
    final Class<? extends Record> status;

    Kind(
        Class<? extends HasMetadata> type,
        Class<? extends Record> spec,
        Class<? extends Record> status) {
      this.type = type;
      this.spec = spec;
      this.status = status;
    }

    /** {@code Pipeline}. */
    String kind() {
      return type.getSimpleName();
    }

    /** {@code pipelines.millrace.dev}. */
    String crdName() {
      return HasMetadata.getFullResourceName(type);
    }
  }

  private Crds() {}

  /** The CRDs by kind. */
  static Map<Kind, ObjectNode> generate() {
    Path folder = null;
    try {
      folder = Files.createTempDirectory("crds");
      CRDGenerator generator = new CRDGenerator().forCRDVersions("v1").inOutputDir(folder.toFile());
      for (Kind kind : Kind.values()) {
        generator.customResourceClasses(kind.type);
      }
      CRDGenerationInfo info = generator.detailedGenerate();
      Map<Kind, ObjectNode> crds = new LinkedHashMap<>();
      for (Kind kind : Kind.values()) {
        File file = new File(info.getCRDInfos(kind.crdName()).get("v1").getFilePath());
        crds.put(kind, finished(kind, (ObjectNode) YAML.readTree(file)));
      }
      return crds;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      delete(folder);
    }
  }

  /** What the generator can not be told by annotations. */
  private static ObjectNode finished(Kind kind, ObjectNode crd) {
    JsonNode version = crd.at("/spec/versions/0");
    ((ObjectNode) version).putObject("subresources").putObject("status");
    ArrayNode columns = ((ObjectNode) version).putArray("additionalPrinterColumns");
    for (var column : kind.type.getAnnotationsByType(AdditionalPrinterColumn.class)) {
      columns
          .addObject()
          .put("name", column.name())
          .put("type", column.type().name().toLowerCase(Locale.ROOT))
          .put("jsonPath", column.jsonPath());
    }
    ObjectNode schema = (ObjectNode) version.at("/schema/openAPIV3Schema");
    schema.put("description", Descriptions.of(kind));
    Schemas.refine(kind.spec, (ObjectNode) schema.at("/properties/spec"));
    Schemas.refine(kind.status, (ObjectNode) schema.at("/properties/status"));
    return crd;
  }

  private static void delete(Path folder) {
    if (folder == null) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
