package dev.millrace.planner;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Model and planner are pure: no client, no clock, no I/O. */
class HouseRulesTest {
  private static final JavaClasses OURS =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.millrace.model", "dev.millrace.planner");

  @Test
  void dependOnNothingButTheJdkJacksonAvroAndTheKubernetesModel() {
    classes()
        .that()
        .resideInAnyPackage("dev.millrace.model..", "dev.millrace.planner..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java.lang..",
            "java.util..",
            "java.math..",
            "java.time..",
            "java.nio.charset..",
            "java.security..",
            "java.io..",
            "com.fasterxml.jackson..",
            "org.apache.avro..",
            "io.fabric8.kubernetes.api.model..",
            "io.fabric8.kubernetes.model..",
            // Annotations only.
            "io.fabric8.crd.generator.annotation..",
            "io.fabric8.generator.annotation..",
            "dev.millrace.model..",
            "dev.millrace.planner..")
        .check(OURS);
  }

  @Test
  void readNoClockAndDoNoIo() {
    noClasses()
        .should()
        .callMethodWhere(
            com.tngtech.archunit.core.domain.JavaCall.Predicates.target(
                com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching(
                        "now|currentTimeMillis|nanoTime|systemUTC|getenv|getProperty|exec")
                    .onResultOf(t -> t)))
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.io.File")
        .orShould()
        .dependOnClassesThat()
        .haveNameMatching("java\\.io\\.(File|Random|Socket).*")
        .check(OURS);
  }

  @Test
  void theModelDoesNotKnowThePlanner() {
    noClasses()
        .that()
        .resideInAPackage("dev.millrace.model..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.millrace.planner..")
        .check(OURS);
  }
}
