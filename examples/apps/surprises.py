"""How surprising an amount's first digit is (Benford's law): made-up amounts are, on the whole."""

from math import log2, log10

from millrace import Streams
from pyspark.sql.functions import col, udf

streams = Streams()


@udf("double")
def bits(amount):
    first = int(str(amount)[0])
    return -log2(log10(1 + 1 / first))


amount = col("quantity") * col("cents")
streams.write(
    streams.read("orders").select(
        "order_id", "ordered_at", amount.alias("amount"), bits(amount).alias("bits")))
