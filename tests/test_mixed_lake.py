"""One lake of two sources that log what sparkify does not: credits of several artists, listens of unknown length."""

from __future__ import annotations

import shutil
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from pyspark.sql import DataFrame

from bench import star_schema
from jobs import ingest_events, run_pipeline
from tests.conftest import Job
from tests.sources.conftest import FIXTURES
from tests.sources.test_listenbrainz import ADA, BEN, CLEO, DUET, TRIO, parquet_dump
from tracklake.lake import Lake

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def listens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The JSON dumps of listens, and the Parquet dump."""
    folder = tmp_path_factory.mktemp("logs") / "listenbrainz"
    shutil.copytree(FIXTURES / "listenbrainz", folder)
    parquet_dump(folder / "listenbrainz-spark-dump-14-20230203-000003-full")
    return folder


@pytest.fixture(scope="module")
def said() -> StringIO:
    return StringIO()


@pytest.fixture(scope="module")
def lake(run_job: Job, listens: Path, said: StringIO, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Listens, then Spotify histories: the first as dumps are named, the second by what they are known by.

    The second run builds the marts, of both."""
    folder = tmp_path_factory.mktemp("mixed") / "lake"
    run_job(star_schema, folder, listens, said=said, source="listenbrainz")
    return run_job(run_pipeline, folder, FIXTURES / "spotify_history", said=said, source="auto")


def test_nothing_is_lost_and_the_guess_is_said(lake: Lake, said: StringIO) -> None:
    printed = said.getvalue()
    assert "17 records read = 8 events + 4 duplicates + 5 quarantined" in printed
    assert "22 records read = 14 events + 2 duplicates + 6 quarantined" in printed
    assert "Source: spotify_history, because files are named as Spotify names them" in printed
    assert lake.read("event").count() == 22
    assert lake.read("quarantine").count() == 11


def test_the_artists_of_a_credit_share_its_track(lake: Lake) -> None:
    bridge = lake.read("bridge_track_artist").where(f"track_id IN ('{DUET}', '{TRIO}')")
    found = {(row.track_id, row.position): (row.artist_id, round(row.weight, 4)) for row in bridge.collect()}
    assert found == {
        (DUET, 1): (ADA, 0.5),
        (DUET, 2): (BEN, 0.5),
        (TRIO, 1): (ADA, 0.3333),
        (TRIO, 2): (CLEO, 0.3333),
        (TRIO, 3): (BEN, 0.3333),
    }


def test_every_tracks_weights_sum_to_1_and_its_artists_are_members(lake: Lake) -> None:
    bridge = lake.read("bridge_track_artist")
    sums = bridge.groupBy("track_id").agg({"weight": "sum"}).collect()
    assert {round(row[1], 9) for row in sums} == {1.0}
    artists = {row.artist_id for row in lake.read("dim_artist").collect()}
    assert {row.artist_id for row in bridge.collect()} <= artists
    names = {row.artist_id: row.artist_name for row in lake.read("dim_artist").collect()}
    assert (names[ADA], names[BEN], names[CLEO]) == ("Ada", "Ben", None)  # Cleo is only ever one of three


def test_an_artist_without_an_id_is_an_inferred_one(lake: Lake) -> None:
    track = lake.read("dim_track").where("title = 'Alone'").first()
    (artist,) = {
        row.artist_id for row in lake.read("fact_stream").where(f"track_id = '{track.track_id}'").collect()
    }
    assert track.artist_id == artist
    assert artist.startswith("inferred:")
    member = lake.read("dim_artist").where(f"artist_id = '{artist}'").first()
    assert (member.artist_name, member.is_inferred) == ("Nobody Known", True)


def test_listens_of_unknown_length_are_streams_and_no_skips(lake: Lake) -> None:
    listens = lake.read("fact_stream").where("source = 'listenbrainz'")
    assert {(row.ms_played, row.is_stream, row.is_skip, row.completion) for row in listens.collect()} == {
        (None, True, False, None)
    }


def test_what_spotify_calls_skipped_is_a_skip_and_podcasts_have_no_track(lake: Lake) -> None:
    """29,999 ms are a skip where the history does not say whether it was one."""
    plays = lake.read("fact_stream").where("source = 'spotify_history'")
    assert {row.ms_played for row in plays.where("is_skip").collect()} == {4000, 900, 1500, 29_999}
    events = lake.read("event").where("context_type IS NOT NULL").select("event_id", "context_type")
    spoken = plays.drop("context_type").join(events, "event_id").collect()
    assert {row.context_type for row in spoken} == {"podcast", "audiobook"}
    assert {row.track_id for row in spoken} == {"(unknown)"}


@pytest.mark.usefixtures("unaudited")
def test_dump_by_dump_gives_the_same_members(run_job: Job, lake: Lake, listens: Path, tmp_path: Path) -> None:
    """A title, a name or a credit that a later run states does not depend on which run stated it first."""
    for day in (date(2023, 1, 7), date(2023, 1, 6)):
        again = run_job(star_schema, tmp_path / "lake", listens, day, day, source="listenbrainz")
    for table in ("dim_track", "dim_artist", "bridge_track_artist"):
        mine, theirs = ids_of(again.read(table)), ids_of(lake.read(table))
        assert mine.exceptAll(theirs).count() == 0, table


def ids_of(members: DataFrame) -> DataFrame:
    return members.where("coalesce(artist_id, '') NOT LIKE 'inferred:%'")


def test_a_range_of_dates_picks_events_where_files_have_no_dates(
    run_job: Job, listens: Path, tmp_path: Path
) -> None:
    """Four records have no date that could be told; the one without a track has another day's."""
    said = StringIO()
    day = date(2023, 1, 7)
    run_job(ingest_events, tmp_path / "lake", listens, day, day, said=said, source="listenbrainz")
    assert "5 records read = 1 events + 0 duplicates + 4 quarantined" in said.getvalue()
