"""Credits of several artists: who is on a track, whatever order its events come in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.staged_rows import frame
from tracklake.local_rows import local_rows
from tracklake.tables import contract
from tracklake.transforms.events import resolve
from tracklake.transforms.members import artists, credits, named, songs_by, songs_named, tracks
from tracklake.transforms.songs import newest

NAMED = (
    "track_id string, track_name string, artist_id string, artist_ids array<string>,"
    " artist_name string, duration_ms bigint"
)
ALONE = ("t", "Song", "ada", None, "Ada", 200_000)
SHARED = ("t", "Song (Live)", "ada", ["ada", "ben"], "Ada & Ben", 180_000)
LISTED = (
    "track_id string, title string, artist_id string, artist_name string, source string, stated_at timestamp"
)
NOON = datetime(2018, 11, 1, 12)
NOBODY = ("t", "Tune", None, None, None, None)


def built(
    spark: SparkSession, *runs: list[tuple], songs: Sequence[list[tuple]] = ()
) -> tuple[list[tuple], list[tuple], list[tuple]]:
    """Tracks, credits and artists after some runs, each of which sees its own events and what the last one left, and
    its own catalogue, where ``songs`` has one for it (track_id, title, artist_id, artist_name)."""
    known = {
        name: contract(name).no_rows(spark) for name in ("dim_track", "bridge_track_artist", "dim_artist")
    }
    none = contract("catalogue").no_rows(spark)
    for events, listed in zip_longest(runs, songs, fillvalue=[]):
        catalogue = none.unionByName(
            local_rows(spark, [(*song, "sparkify", NOON) for song in listed], LISTED),
            allowMissingColumns=True,
        )
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


@pytest.mark.parametrize("artist", ["A2", "sparkify:A2"])
@pytest.mark.parametrize("track", ["inferred:else", "own"])
def test_an_artist_whom_the_catalogue_comes_to_know_takes_the_place_of_the_inferred_one(
    spark: SparkSession, artist: str, track: str
) -> None:
    """Whichever of their ids comes first in the alphabet."""
    before, after = ((track, "Else", id_, None, "Sole", 200_000) for id_ in ("inferred:sole", artist))
    song = ("S2", "Late", artist, "Sole")
    tracks_, credits_, artists_ = built(spark, [before], [after], songs=[[], [song]])
    assert ("Else", artist, 200_000) in tracks_
    assert {credit[0] for credit in credits_} == {artist}
    assert (artist, "Sole", True) in artists_


def test_what_was_inferred_of_an_artist_is_no_version_of_a_listed_one(spark: SparkSession) -> None:
    played = ("t", "Song", "ada", None, "Ada (live)", 200_000)
    _, _, people = built(spark, [played], [played], songs=[[], [("S1", "Song", "ada", "Ada")]])
    assert people == [("ada", "Ada", True)]


def test_an_artist_whom_the_catalogue_renames_has_two_versions(spark: SparkSession) -> None:
    songs = [[("S1", "Song", "ada", "Ada")], [("S1", "Song", "ada", "Ada Bell")]]
    _, _, people = built(spark, [], [], songs=songs)
    assert set(people) == {("ada", "Ada", False), ("ada", "Ada Bell", True)}


def test_a_version_of_an_artist_begins_with_the_newest_file_that_states_it(spark: SparkSession) -> None:
    """Of two songs one was stated on the 1st and stays as it was, the other says on the 3rd that the artist moved."""

    def song(number: int, day: int, place: str) -> dict[str, object]:
        known = {"source": "sparkify", "track_id": f"S{number}", "artist_id": "A", "artist_name": "N"}
        return known | {"artist_location": place, "stated_at": datetime(2018, 11, day)}

    def told(known: DataFrame, *songs: dict[str, object]) -> DataFrame:
        return artists(contract("event").no_rows(spark), frame(spark, "catalogue", *songs), known)

    first = told(contract("dim_artist").no_rows(spark), song(1, 1, "Ghent"), song(2, 1, "Ghent"))
    known = local_rows(spark, first.collect(), first.schema)
    (lund,) = told(known, song(1, 3, "Lund"), song(2, 1, "Ghent")).where("location = 'Lund'").collect()
    assert lund.valid_from == datetime(2018, 11, 3)


def test_of_a_catalogue_that_is_as_it_was_the_songs_that_events_name_are_enough(spark: SparkSession) -> None:
    """Track S2 stands in two catalogues, under two artists; of Ben, whom an event credits, S1 says the name."""

    def song(track: str, artist: str, name: str, source: str) -> dict[str, object]:
        return {"track_id": track, "artist_id": artist, "artist_name": name, "source": source}

    catalogue = frame(
        spark,
        "catalogue",
        song("S1", "ben", "Ben Bell", "sparkify"),
        song("S2", "ben", "Ben", "sparkify"),
        song("S2", "ada", "Ada", "native"),
        song("S3", "cyd", "Cyd", "sparkify"),
    )
    nobody = contract("dim_artist").no_rows(spark)
    known = [contract(name).no_rows(spark) for name in ("dim_track", "bridge_track_artist")]
    names = named(local_rows(spark, [("S2", "Song", "ben", None, "Ben", 180_000)], NAMED))
    some = shown(artists(names, songs_by(names, catalogue), nobody), "artist_id", "artist_name")
    assert some == [("ben", "Ben Bell")]
    assert set(some) < set(shown(artists(names, catalogue, nobody), "artist_id", "artist_name"))
    some = shown(tracks(names, songs_named(names, catalogue), *known), "track_id", "artist_id")
    assert some == [("S2", "ada")]
    assert set(some) < set(shown(tracks(names, catalogue, *known), "track_id", "artist_id"))


def test_of_two_files_the_newer_one_says_what_a_song_is_called_as_it_is_now(spark: SparkSession) -> None:
    def song(file: str, day: int, title: str) -> dict[str, object]:
        known = {"source": "sparkify", "track_id": "S1", "title": title}
        return known | {"source_file": file, "stated_at": datetime(2018, 11, day)}

    stated = frame(spark, "catalogue", song("b.json", 1, "Old"), song("a.json", 2, "New"))
    assert [row.title for row in newest(stated, contract("catalogue").no_rows(spark)).collect()] == ["New"]
    put_back = frame(spark, "catalogue", song("a.json", 1, "Older"))
    assert [row.title for row in newest(put_back, stated.where("title = 'New'")).collect()] == ["Older"]
    other = frame(spark, "catalogue", song("c.json", 1, "Older"))
    assert [row.title for row in newest(other, stated.where("title = 'New'")).collect()] == ["New"]


def test_the_artist_is_that_of_the_track_that_is_found(spark: SparkSession) -> None:
    songs = local_rows(
        spark,
        [("T", "N", "S1", "A9"), ("T", "N", "S2", "A1")],
        "title string, artist_name string, track_id string, artist_id string",
    )
    events = local_rows(
        spark,
        [(None, "T", None, "N", None)],
        "track_id string, track_name string, artist_id string, artist_name string, ids_by_name array<string>",
    )
    assert [(row.track_id, row.artist_id) for row in resolve(events, songs).collect()] == [("S1", "A9")]


def test_an_id_stays_and_the_other_one_is_found_by_name(spark: SparkSession) -> None:
    songs = local_rows(
        spark,
        [("Song", "Ada", "T1", "A1")],
        "title string, artist_name string, track_id string, artist_id string",
    )
    events = local_rows(
        spark,
        [
            (None, "Song", None, "Ada", None),
            ("mbid", "Song", None, "Ada", None),
            (None, "Song", "mbid", "Ada", None),
            (None, None, None, "Ada", None),
            (None, "Song", None, None, None),
            ("mbid", "Song", None, "Ben", None),
            ("T0", "Song", "A0", "Ada", ["track_id"]),
        ],
        "track_id string, track_name string, artist_id string, artist_name string, ids_by_name array<string>",
    )
    found = [
        (row.track_id, (row.artist_id or "")[:9], row.ids_by_name) for row in resolve(events, songs).collect()
    ]
    assert sorted(found, key=str) == [
        ("T0", "A0", ["track_id"]),
        ("T1", "A1", ["track_id", "artist_id"]),
        ("T1", "mbid", ["track_id"]),
        ("mbid", "A1", ["artist_id"]),
        ("mbid", "inferred:", ["artist_id"]),
        (None, "", None),
        (None, "A1", ["artist_id"]),
    ]
