"""The marts by the library's transforms, in the steps of jobs/build_marts.py and build_satisfaction.py, from Parquet
facts to Parquet. No model is learned: every period is served by the default.

spark-submit marts_spark.py FACTS FOLDER PART ...
"""

import sys
import time
from collections.abc import Callable, Set
from datetime import date

from pyspark.sql import DataFrame, SparkSession

from tracklake.transforms.artist_groups import artist_groups, loyalty
from tracklake.transforms.artist_performance import artist_performance
from tracklake.transforms.behaviour import session_behaviour, session_history
from tracklake.transforms.comparison import compared
from tracklake.transforms.days import artist_days, track_days
from tracklake.transforms.interplay import effects, interplay
from tracklake.transforms.listening import listening, source_mixes, top_markets
from tracklake.transforms.parts import parts, shared_parts, told_of
from tracklake.transforms.periods import blocks_of, starts_of
from tracklake.transforms.privacy import shown_levels
from tracklake.transforms.reactions import corrected, explained, reactions
from tracklake.transforms.satisfaction import index, user_periods
from tracklake.transforms.totals import audiences, histories, member_days, period_totals
from tracklake.transforms.track_performance import track_performance

K = 5


Given = Callable[[str], DataFrame]
Save = Callable[[str, DataFrame], DataFrame]


def main(facts: str, folder: str, asked: list[str]) -> None:
    """Writes the tables of the parts that are asked for, all periods at once."""
    spark = SparkSession.builder.getOrCreate()
    spark.conf.set("spark.sql.parquet.inferTimestampNTZ.enabled", "false")  # DuckDB's are moments, in UTC

    def given(table: str) -> DataFrame:
        return spark.read.parquet(f"{facts}/{table}.parquet")

    def save(table: str, frame: DataFrame) -> DataFrame:
        started = time.monotonic()
        frame.write.parquet(f"{folder}/{table}")
        print(f"✓ {table} {time.monotonic() - started:.1f} s", flush=True)
        return spark.read.parquet(f"{folder}/{table}")

    held = {row.event_date for row in given("fact_stream").select("event_date").distinct().collect()}
    for part in asked:
        PARTS[part](given, save, held)


def performance(given: Given, save: Save, held: Set[date]) -> None:
    """The days of tracks and artists, how they did in all periods, and who listened."""
    streams, feedback, tracks = given("fact_stream"), given("feedback"), given("dim_track")
    of_tracks = save("fact_track_day", track_days(streams, feedback, tracks))
    of_artists = save("fact_artist_day", artist_days(streams, feedback, given("dim_artist")))
    days = member_days(of_tracks, of_artists)
    known = save("fact_audience", audiences(days))
    totals = save("period_totals", period_totals(days, histories(known, blocks_of(held)), held))
    heard = save("listening", listening(streams, given("dim_user")))
    told = told_of(heard, feedback, tracks, given("dim_artist"))
    shared = save("shared_parts", shared_parts(told, tracks))
    of_parts = parts(totals, shared, tracks)
    levels = save("shown_levels", shown_levels(of_parts, K))
    loyal = save("loyalty", loyalty(heard))
    markets, mixes = top_markets(heard, K), source_mixes(heard, K)
    save("mart_track_performance", track_performance(totals, levels, tracks, markets, mixes, K))
    save("mart_artist", artist_performance(totals, levels, of_parts, loyal, K))
    before = known.limit(0).selectExpr(
        "member_id AS artist_id", "period_start", "'' AS kind", "'' AS group_name", "listeners"
    )
    save("mart_artist_audience", artist_groups(loyal, known, levels, before, K))


def satisfaction(given: Given, save: Save, held: Set[date]) -> None:
    """How satisfied listeners were, by session and period."""
    sessions, streams = given("fact_session"), given("fact_stream")
    around = session_history(sessions, max(held))
    behaviour = save("behaviour", session_behaviour(sessions, around, streams, given("feedback")))
    satisfied = save("session_satisfaction", index(behaviour, given("satisfaction_model")))
    save("mart_user_satisfaction", user_periods(satisfied, starts_of(held)))


def effects_on_sessions(given: Given, save: Save, held: Set[date]) -> None:
    """What tracks and artists do to the sessions that they are in."""
    sessions, feedback, models = given("fact_session"), given("feedback"), given("satisfaction_model")
    received = save("reactions", reactions(given("fact_stream"), sessions, feedback, models))
    usual = save("explained", explained(received, starts_of(held)))
    found = save("effects", effects(compared(corrected(received, usual)), K))
    save("mart_interplay", interplay(found, K))


PARTS = {"performance": performance, "satisfaction": satisfaction, "interplay": effects_on_sessions}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
