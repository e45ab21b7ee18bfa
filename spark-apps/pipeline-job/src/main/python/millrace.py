"""Streams of a Millrace pipeline, for a transform that is a PySpark program.

    from millrace import Streams

    streams = Streams()
    streams.write(streams.read("orders").where("quantity > 5"))

Millrace starts the program, beside a JVM that knows where the streams are; all that is here is its
`dev.millrace.spark.job.Streams` in the words of PySpark.
"""

from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import DataFrame, SparkSession


class Streams:
    """The streams that a transform reads, and the one that it writes."""

    def __init__(self):
        gateway = launch_gateway()
        self._streams = gateway.jvm.dev.millrace.spark.job.Streams.open()
        session = self._streams.spark()
        context = gateway.jvm.JavaSparkContext(session.sparkContext())
        conf = SparkConf(_jconf=context.getConf())
        self.spark = SparkSession(SparkContext(gateway=gateway, jsc=context, conf=conf), session)

    def read(self, stream):
        """Rows of an append stream as they come."""
        return DataFrame(self._streams.read(stream), self.spark)

    def table(self, stream):
        """The latest row of each key of a table, as it is at each micro-batch."""
        return DataFrame(self._streams.table(stream), self.spark)

    def write(self, rows):
        """Writes the rows, each once, until the transform is stopped: it does not return."""
        self._streams.write(rows._jdf)
