"""Where a track is streamed, and from what: markets and mixes of contexts."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tracklake.local_rows import local_rows
from tracklake.transforms.keys import UNKNOWN
from tracklake.transforms.listening import source_mixes, top_markets

MONDAY = date(2025, 9, 29)
HEARD = (
    "event_date date, track_id string, user_id string, market string, context_type string, plays bigint,"
    " streams bigint"
)


def test_a_track_is_ranked_in_the_market_where_it_is_streamed_most(spark: SparkSession) -> None:
    heard = local_rows(
        spark,
        [
            (MONDAY, "one", "u1", "SE", None, 9, 9),
            (MONDAY, "one", "u2", "SE", None, 1, 1),
            (MONDAY, "one", "u3", "NO", None, 3, 3),
            (MONDAY, "two", "u1", "SE", None, 20, 20),
            (MONDAY, "two", "u3", "SE", None, 1, 1),
            (MONDAY, "three", "u4", "NO", None, 50, 50),
        ],
        HEARD,
    )
    found = top_markets(heard, 2).where("period = 'week'").orderBy("track_id").collect()
    assert [(row.track_id, row.top_market, row.rank_in_top_market) for row in found] == [
        ("one", "SE", 2),
        ("three", None, None),  # one listener only
        ("two", "SE", 1),
    ]


def test_a_mix_of_sources_is_shown_where_each_has_enough_listeners(spark: SparkSession) -> None:
    heard = local_rows(
        spark,
        [
            (MONDAY, "one", "u1", "SE", "playlist", 2, 2),
            (MONDAY, "one", "u2", "SE", "playlist", 1, 1),
            (MONDAY, "one", "u1", "SE", "album", 1, 1),
            (MONDAY, "one", "u3", "SE", "album", 0, 0),
            (MONDAY, "one", "u2", "SE", UNKNOWN, 9, 9),
            (MONDAY, "one", "u3", "SE", UNKNOWN, 9, 9),
            (MONDAY, "two", "u1", "SE", "album", 1, 1),
            (MONDAY, "three", "u1", "SE", UNKNOWN, 1, 1),
        ],
        HEARD,
    )
    found = source_mixes(heard, 2).where("period = 'day'").orderBy("track_id").collect()
    assert [(row.track_id, row.source_mix) for row in found] == [
        ("one", '{"album":0.25,"playlist":0.75}'),
        ("two", None),
    ]


def test_a_mix_does_not_tell_how_many_plays_have_no_context(spark: SparkSession) -> None:
    heard = [
        *[(MONDAY, "one", f"u{n}", "SE", "album", 1, 1) for n in range(5)],
        *[(MONDAY, "one", f"u{n}", "SE", "playlist", 1, 1) for n in range(6)],
    ]
    without = (MONDAY, "one", "u9", "SE", UNKNOWN, 1, 1)
    next_day = (MONDAY + timedelta(days=1), "one", "u9", "SE", UNKNOWN, 1, 1)
    for more, shown in (([], True), ([without], False), ([next_day], False)):
        mixes = source_mixes(local_rows(spark, [*heard, *more], HEARD), 5)
        [[mix]] = mixes.where(F.col("period") == "day").select("source_mix").collect()
        # 0.4545 and 0.5455 are 5/11 and 6/11: of 12 plays one has no context
        assert mix == ('{"album":0.4545,"playlist":0.5455}' if shown else None)
