package dev.millrace.controller;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import org.junit.jupiter.api.Test;

/** Who may call whom in the operator. */
class HouseRulesTest {
  private static final JavaClasses OURS =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.millrace.controller", "dev.millrace.operator");

  @Test
  void knowsNeitherTheLocalCommandNorSpark() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.millrace.local..",
            "dev.millrace.services..",
            "dev.millrace.spark..",
            "org.apache.spark..",
            "org.apache.kafka..")
        .check(OURS);
  }

  @Test
  void reconcilersCallNoEngine() {
    noClasses()
        .that()
        .implement(Reconciler.class)
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("dev.millrace.engine.Engine")
        .because("a backend that hangs would hold up a thread that all pipelines share")
        .check(OURS);
  }

  @Test
  void whatMakesStatusesIsPure() {
    classes()
        .that()
        .haveSimpleNameEndingWith("Statuses")
        .or()
        .haveSimpleName("Conditions")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "dev.millrace.controller..",
            "dev.millrace.engine..",
            "dev.millrace.model..",
            "io.fabric8.kubernetes.api.model..")
        .check(OURS);
  }
}
