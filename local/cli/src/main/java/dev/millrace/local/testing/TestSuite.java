package dev.millrace.local.testing;

import java.util.List;

/** All that stands in a directory's {@code tests/}. */
record TestSuite(List<StreamDeclaration> streams, List<PipelineTest> tests) {}
