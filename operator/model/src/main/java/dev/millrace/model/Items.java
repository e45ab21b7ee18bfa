package dev.millrace.model;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** On an annotation of a list of texts: what its items look like. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.ANNOTATION_TYPE)
public @interface Items {
  String pattern();

  int maxLength();

  /** The form in words, for a message that begins "expected". */
  String expected();
}
