"""Credits of several artists: who is on a track, whatever order its events come in."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from tracklake.local_rows import local_rows
from tracklake.tables import contract
from tracklake.transforms.events import resolve
from tracklake.transforms.members import artists, credits, named, tracks

NAMED = (
    "track_id string, track_name string, artist_id string, artist_ids array<string>,"
    " artist_name string, duration_ms bigint"
)
ALONE = ("t", "Song", "ada", None, "Ada", 200_000)
SHARED = ("t", "Song (Live)", "ada", ["ada", "ben"], "Ada & Ben", 180_000)
NOBODY = ("t", "Tune", None, None, None, None)


def built(spark: SparkSession, *runs: list[tuple]) -> tuple[list[tuple], list[tuple], list[tuple]]:
    """Tracks, credits and artists after some runs, each of which sees its own events and what the last one left."""
    known = {
        name: contract(name).no_rows(spark) for name in ("dim_track", "bridge_track_artist", "dim_artist")
    }
    catalogue = contract("catalogue").no_rows(spark)
    for events in runs:
        names = named(local_rows(spark, events, NAMED))
        members = tracks(names, catalogue, known["dim_track"], known["bridge_track_artist"])
        people = artists(names, catalogue, known["dim_artist"])
        known = {
            "dim_track": merged(known["dim_track"], members.drop("credit"), "track_id"),
            "bridge_track_artist": merged(known["bridge_track_artist"], credits(members), "track_id"),
            "dim_artist": merged(known["dim_artist"], people, "artist_id"),
        }
    return (
        shown(known["dim_track"], "title", "artist_id", "duration_ms"),
        shown(known["bridge_track_artist"], "artist_id", "position", "weight"),
        shown(known["dim_artist"], "artist_id", "artist_name", "is_current"),
    )


def merged(before: DataFrame, frame: DataFrame, member: str) -> DataFrame:
    """A table as it is after a run: the run's members, and the others as they were."""
    now = frame.collect()
    members = {row[member] for row in now}
    others = [row for row in before.select(*frame.columns).collect() if row[member] not in members]
    return local_rows(frame.sparkSession, [*now, *others], frame.schema)


def shown(frame: DataFrame, *columns: str) -> list[tuple]:
    members = [tuple(row) for row in frame.select(*columns).collect()]
    return sorted((row for row in members if "(unknown)" not in row), key=str)


def test_the_longest_credit_counts_in_whatever_order_runs_state_it(spark: SparkSession) -> None:
    first = built(spark, [NOBODY, SHARED, ALONE])
    assert first == (
        [("Song", "ada", 200_000)],
        [("ada", 1, 0.5), ("ben", 2, 0.5)],
        [("ada", "Ada", True), ("ben", None, True)],
    )
    assert built(spark, [SHARED], [ALONE, NOBODY]) == first
    assert built(spark, [ALONE], [NOBODY, SHARED]) == first


def test_an_id_stays_and_the_other_one_is_found_by_name(spark: SparkSession) -> None:
    songs = local_rows(
        spark,
        [("Song", "Ada", "T1", "A1")],
        "title string, artist_name string, track_id string, artist_id string",
    )
    events = local_rows(
        spark,
        [
            (None, "Song", None, "Ada"),
            ("mbid", "Song", None, "Ada"),
            (None, "Song", "mbid", "Ada"),
            (None, None, None, "Ada"),
            (None, "Song", None, None),
            ("mbid", "Song", None, "Ben"),
        ],
        "track_id string, track_name string, artist_id string, artist_name string",
    )
    found = [(row.track_id, (row.artist_id or "")[:9]) for row in resolve(events, songs).collect()]
    assert sorted(found, key=str) == [
        ("T1", "A1"),
        ("T1", "mbid"),
        ("mbid", "A1"),
        ("mbid", "inferred:"),
        (None, ""),
        (None, "A1"),
    ]
