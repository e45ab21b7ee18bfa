package dev.millrace.model;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The fields of a type of which exactly one must be set, or, where none need be, at most one. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Union {
  String[] value();

  /** Whether none of them need be set. */
  boolean optional() default false;
}
