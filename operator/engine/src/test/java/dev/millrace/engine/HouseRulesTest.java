package dev.millrace.engine;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The engine does not know who drives it, and holds no Spark. */
class HouseRulesTest {
  private static final JavaClasses OURS =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.millrace.engine");

  @Test
  void knowsNeitherItsDriversNorSpark() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.millrace.local..",
            "dev.millrace.services..",
            "dev.millrace.controller..",
            "dev.millrace.spark..",
            "org.apache.spark..",
            "io.javaoperatorsdk..",
            "io.fabric8.kubernetes.client..")
        .check(OURS);
  }
}
