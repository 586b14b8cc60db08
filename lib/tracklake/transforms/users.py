"""Users over time: versions by level and location (SCD type 2)."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from tracklake.transforms.events import ORDER
from tracklake.transforms.keys import ALWAYS, ANONYMOUS, version_key

SAID = ("level", "location", "gender", "registered_at")
"""What events say of a user."""


def user_versions(events: DataFrame, before: DataFrame) -> DataFrame:
    """dim_user rows (all versions) of every user in the events.

    ``before`` holds those users' versions that began before the first of the events; versions depend on
    nothing else of the past. An event that does not carry level or location changes neither. Of several events
    at one moment the last in order counts: no version lasts no time at all. Gender and registered_at are type 1: the
    last value in order.
    """
    in_order = Window.partitionBy("user_id").orderBy("_began", *ORDER)
    so_far = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    whole = in_order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    told = events.where(F.col("user_id").isNotNull()).select(
        "user_id", *ORDER, *SAID, F.lit(1).alias("_began")
    )
    users = told.select("user_id").distinct()
    known = before.join(users, on="user_id", how="left_semi").select(
        "user_id",
        F.col("valid_from").alias("event_time"),
        F.lit(None).cast("int").alias("item_in_session"),
        F.lit("").alias("event_id"),
        *SAID,
        F.lit(0).alias("_began"),
    )
    states = (
        told.unionByName(known)
        .withColumns(
            {
                "level": F.last("level", ignorenulls=True).over(so_far),
                "location": F.last("location", ignorenulls=True).over(so_far),
                "gender": F.last("gender", ignorenulls=True).over(whole),
                "registered_at": F.last("registered_at", ignorenulls=True).over(whole),
                "_next_time": F.lead("event_time").over(in_order),
            }
        )
        .where(F.col("_next_time").isNull() | (F.col("_next_time") > F.col("event_time")))
    )
    was = F.lag(F.struct("level", "location")).over(in_order)
    changes = states.withColumn("_was", was).where(~F.col("_was").eqNullSafe(F.struct("level", "location")))
    return changes.withColumn("valid_to", F.lead("event_time").over(in_order)).select(
        version_key(F.col("user_id"), F.col("event_time")).alias("user_key"),
        "user_id",
        "level",
        "gender",
        "location",
        "registered_at",
        F.col("event_time").alias("valid_from"),
        "valid_to",
        F.col("valid_to").isNull().alias("is_current"),
    )


def anonymous_user(spark: SparkSession) -> DataFrame:
    """The one dim_user row to which every anonymous event belongs."""
    nothing = F.lit(None)
    return spark.range(1).select(
        version_key(F.lit(ANONYMOUS), F.lit(ALWAYS)).alias("user_key"),
        F.lit(ANONYMOUS).alias("user_id"),
        nothing.cast("string").alias("level"),
        nothing.cast("string").alias("gender"),
        nothing.cast("string").alias("location"),
        nothing.cast("timestamp").alias("registered_at"),
        F.lit(ALWAYS).alias("valid_from"),
        nothing.cast("timestamp").alias("valid_to"),
        F.lit(True).alias("is_current"),
    )
