"""Facts of a few artists over three months, made up in DuckDB from hashes: small, and the same every time."""

from __future__ import annotations

from datetime import date

import duckdb
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.oracle import MARTS, compute, connect
from tracklake.transforms.artist_groups import artist_groups, loyalty
from tracklake.transforms.artist_performance import artist_performance
from tracklake.transforms.days import artist_days, track_days
from tracklake.transforms.listening import listening, source_mixes, top_markets
from tracklake.transforms.parts import parts, shared_parts, told_of
from tracklake.transforms.periods import blocks_of
from tracklake.transforms.privacy import shown_levels
from tracklake.transforms.totals import audiences, histories, member_days, period_totals
from tracklake.transforms.track_performance import track_performance

UNKNOWN_WEEK = date(2025, 11, 3)
"""First day of the week in which no track's length is known."""

# Artist a of 24 has a % 4 + 1 tracks, and listeners as its number grows; user u lives in place u % 3.
FACTS = """
CREATE MACRO chance(what, a, b, c) AS (hash(what, a, b, c) % 1000000) / 1000000.0;

CREATE TABLE fact_stream AS
WITH play AS (
    SELECT
        user, day, artist, 200000 + artist * 1000 AS length_ms,
        CAST(floor(chance('track', user, day, artist * 10 + nth) * (artist % 4 + 1)) AS INTEGER) AS track,
        nth,
        chance('heard', user, day * 10 + nth, artist) AS heard
    FROM range(60) AS users(user), range(90) AS days(day), range(24) AS artists(artist), range(3) AS n(nth)
    WHERE chance('listens', user, day, 0) < 0.3
        AND chance('likes artist', user, artist, 0) < 0.02 * artist
        AND chance('plays', user, day, artist * 10 + nth) < 0.25
        AND day // 7 <> 8 + artist % 5
)

SELECT
    'e' || user || '-' || day || '-' || artist || '-' || nth AS event_id,
    TIMESTAMP '2025-10-01' + INTERVAL (day) DAY + INTERVAL (user * 10 + nth) MINUTE AS event_time,
    CAST(event_time AS DATE) AS event_date,
    key_of('u' || user) AS user_key,
    CASE WHEN user % 20 < 19 THEN 'u' || user END AS user_id,
    key_of('t' || artist || '.' || track) AS track_key,
    't' || artist || '.' || track AS track_id,
    key_at('a' || artist, TIMESTAMP '1970-01-01') AS artist_key,
    'a' || artist AS artist_id,
    CAST(CASE WHEN day NOT BETWEEN 33 AND 39 THEN length_ms END AS BIGINT) AS duration_ms,
    CAST(CASE WHEN heard < 0.3 THEN heard * 60000 ELSE least(1, heard * 1.5) * length_ms END AS BIGINT) AS ms_played,
    ms_played >= 30000 AS is_stream,
    ms_played < 30000 AS is_skip,
    CAST(NULL AS VARCHAR) AS country,
    CAST(NULL AS VARCHAR) AS context_type,
    CAST(NULL AS INTEGER) AS item_in_session
FROM play;

CREATE TABLE feedback AS
SELECT
    event_id || kind AS event_id, event_time, event_date, user_id, user_key, track_id, track_key, artist_id, artist_key,
    kind AS event_type
FROM fact_stream, (VALUES ('like', 0.05), ('save', 0.03), ('playlist_add', 0.02)) AS kinds(kind, share)
WHERE chance(kind, event_id, 0, 0) < share;

CREATE TABLE dim_track AS SELECT DISTINCT track_key, track_id, artist_id FROM fact_stream;
CREATE TABLE dim_artist AS
SELECT DISTINCT artist_key, artist_id, TIMESTAMP '1970-01-01' AS valid_from FROM fact_stream;
CREATE TABLE dim_user AS
SELECT key_of('u' || range) AS user_key, 'u' || range AS user_id, 'Place ' || (range % 3) AS location FROM range(60);
"""


def facts(k: int, changed: str = "") -> duckdb.DuckDBPyConnection:
    """A connection with the facts, ``changed`` by SQL, and the marts as the oracle computes them for k."""
    con = connect(k)
    con.execute(FACTS + changed)
    compute(con, ("fact_track_day", "fact_artist_day", *MARTS))
    return con


def marts(spark: SparkSession, con: duckdb.DuckDBPyConnection, k: int) -> dict[str, DataFrame]:
    """The marts of the same facts by the library's transforms, all blocks at once."""
    streams, feedback, tracks, artists, users = (
        spark.createDataFrame(con.sql(f"FROM {table}").to_arrow_table())
        for table in ("fact_stream", "feedback", "dim_track", "dim_artist", "dim_user")
    )
    held = {row.event_date for row in streams.select("event_date").distinct().collect()}
    days = member_days(
        track_days(streams, feedback, tracks), artist_days(streams, feedback, artists)
    ).localCheckpoint()
    blocks = blocks_of(held)
    known = audiences(days).localCheckpoint()
    totals = period_totals(days, histories(known, blocks), held).localCheckpoint()
    heard = listening(streams, users).localCheckpoint()
    told = told_of(heard, feedback, tracks, artists)
    of_parts = parts(totals, shared_parts(told, tracks), tracks).localCheckpoint()
    levels = shown_levels(of_parts, k).localCheckpoint()
    loyal = loyalty(heard).localCheckpoint()
    none = spark.createDataFrame(
        [], "artist_id string, period_start date, kind string, group_name string, listeners bigint"
    )
    return {
        "fact_audience": known,
        "mart_track_performance": track_performance(
            totals, levels, tracks, top_markets(heard, k), source_mixes(heard, k), k
        ),
        "mart_artist": artist_performance(totals, levels, of_parts, loyal, k),
        "mart_artist_audience": artist_groups(loyal, known, levels, none, k),
        "levels": levels.withColumn("block", F.col("block")),
    }
