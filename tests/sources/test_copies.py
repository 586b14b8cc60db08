"""Copies of a record in sources whose event_id is a hash of it: what they share, and which of them is the event."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.logs import record, write
from tests.sources.conftest import Arrivals, events
from tracklake.sources import SOURCES
from tracklake.transforms.arrivals import good


def listen(**of_track: object) -> str:
    return json.dumps(
        {"listened_at": 1673000000, "user_id": 7, "track_metadata": {"artist_name": "Ada", **of_track}}
    )


def stream(**fields: object) -> dict[str, object]:
    known = {
        "ts": "2024-02-29T10:00:00Z",
        "username": "ada",
        "ms_played": 1000,
        "spotify_track_uri": "spotify:track:x",
    }
    return known | fields


COPIES = {
    "sparkify": (
        "log_data/2018-11-02.json",
        [
            record(1, level="free", sessionId=1.0),
            record(1, level="paid"),
            record(1, userId=7, itemInSession="0", location="Here"),
        ],
    ),
    "spotify_history": (
        "ada/Streaming_History_Audio_2024_1.json",
        [
            json.dumps(
                [stream(), stream(skipped=True), stream(ts="2024-02-29T12:00:00+02:00", conn_country="SE")]
            )
        ],
    ),
    "listenbrainz": (
        "1.listens",
        [
            listen(track_name="Duet (Live)"),
            listen(track_name="Duet"),
            listen(track_name="duet!", release_name="Both"),
        ],
    ),
    "lastfm_1k": (
        "1.tsv",
        [
            "user_1\t2009-05-04T23:08:57Z\ta1\tAda\t\tSolo",
            "user_1\t2009-05-04T23:08:57Z\t\tAda\tt1\tSolo",
            "user_1 \t2009-05-05T01:08:57+02:00\t\tAda\t\tSolo",
        ],
    ),
}
"""By source a file of three records with one event_id that differ in what event_id is not made of."""


def test_there_are_copies_of_every_source_that_hashes_its_records() -> None:
    assert set(COPIES) == {name for name, source in SOURCES.items() if not source.own_ids}


@pytest.mark.parametrize("name", COPIES)
def test_copies_are_neighbours_in_the_order_of_a_session(
    arrivals: Arrivals, tmp_path: Path, name: str
) -> None:
    """So that ``settle`` finds them without a look at other users, sessions and days."""
    write(tmp_path, *COPIES[name])
    found = good(arrivals(name, tmp_path)).collect()
    assert len({tuple(row) for row in found}) == 3
    by_what_settle_goes = ("event_id", "user_id", "session_id", "source", "event_time", "item_in_session")
    assert len({tuple(row[column] for column in by_what_settle_goes) for row in found}) == 1


def test_a_listen_is_at_a_whole_second_as_its_id_is(
    spark: SparkSession, arrivals: Arrivals, tmp_path: Path
) -> None:
    """So its copies are neighbours, though a listen comes between that is of the same second."""
    columns = "listened_at timestamp, user_id int, recording_name string, artist_name string"
    times = [("00.1", "Solo"), ("00.2", "Duet"), ("00.3", "Solo")]
    rows = spark.sql(
        " UNION ALL ".join(
            f"SELECT TIMESTAMP '2023-01-06 10:13:{second}', 7, '{title}', 'Ada'" for second, title in times
        )
    ).toDF(*[column.split()[0] for column in columns.split(", ")])
    rows.write.parquet(str(tmp_path / "dump"))
    found = (
        events(arrivals("listenbrainz", tmp_path)).select("track_name", F.unix_micros("event_time")).collect()
    )
    at = 1_672_999_980_000_000
    assert sorted(tuple(row) for row in found) == [
        ("Duet", at),
        ("Solo", at),
    ]


@pytest.mark.parametrize("name", COPIES)
def test_which_of_a_files_copies_is_the_event_does_not_depend_on_their_order(
    arrivals: Arrivals, tmp_path: Path, name: str
) -> None:
    write(tmp_path, *COPIES[name])
    found = arrivals(name, tmp_path)
    told = [column for column in found.columns if column != "forms"]
    orders = [
        *(
            found.coalesce(1).sortWithinPartitions(*[getattr(F.col(n), way)() for n in told])
            for way in ("asc", "desc")
        ),
        *(
            found.repartition(parts, *by)
            for parts, by in ((2, ["level", "track_name"]), (3, ["extra", "country"]))
        ),
    ]
    kept = {tuple(event) for order in orders for event in events(order).drop("artist_ids").collect()}
    assert len(kept) == 1
