"""Generated logs: repeatable, counted exactly, and shaped like real ones. All are read by plain Python."""

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import StringIO
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from jobs import quickstart
from tests.by_hand import FIRST, NO_SPARK, open_lake, release
from tracklake.config import Conf
from tracklake.errors import WrongUsage
from tracklake.generator import Manifest, generate_logs, is_generated, words, write
from tracklake.generator.catalogue import Catalogue
from tracklake.generator.chance import Chance
from tracklake.generator.dirt import FAR_TS
from tracklake.generator.records import ABOUT_A_TRACK
from tracklake.progress import Steps

DAYS, USERS, SEED = 14, 150, 11
START = date(2025, 10, 1)
FIELDS = (
    "artist auth firstName gender itemInSession lastName length level location method page registration "
    "sessionId song status ts userAgent userId"
).split()

Lines = list[tuple[date, str]]
Record = dict[str, object]


def lines_of(logs: Path) -> Lines:
    """Every line with the day of its folder."""
    lines = []
    for path in sorted((logs / "log_data").glob("date=*/part-*.json.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
            day = date.fromisoformat(path.parent.name.removeprefix("date="))
            lines += [(day, line.rstrip("\n")) for line in file]
    return lines


def day_of(record: Record) -> date:
    return datetime.fromtimestamp(record["ts"] / 1000, UTC).date()


@pytest.fixture(scope="module")
def clean(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    logs = tmp_path_factory.mktemp("clean")
    return logs, generate_logs(spark, str(logs), days=DAYS, users=USERS, seed=SEED, start=START)


@pytest.fixture(scope="module")
def dirty(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    logs = tmp_path_factory.mktemp("dirty")
    return logs, generate_logs(spark, str(logs), days=DAYS, users=USERS, seed=SEED, start=START, dirt=2)


@pytest.fixture(scope="module")
def records(clean: tuple[Path, Manifest]) -> list[Record]:
    return [json.loads(line) for _, line in lines_of(clean[0])]


@pytest.fixture(scope="module")
def sessions(records: list[Record]) -> list[list[Record]]:
    """Records of each source session in the order of items."""
    by_id = defaultdict(list)
    for record in records:
        by_id[record["sessionId"]].append(record)
    return [sorted(events, key=lambda record: record["itemInSession"]) for events in by_id.values()]


@pytest.fixture(scope="module")
def by_listener(records: list[Record]) -> list[list[Record]]:
    by_id = defaultdict(list)
    for record in sorted(records, key=lambda record: (record["ts"], record["itemInSession"])):
        if record["userId"]:
            by_id[record["userId"]].append(record)
    return list(by_id.values())


@pytest.fixture(scope="module")
def plays(records: list[Record]) -> list[Record]:
    return [record for record in records if record["page"] == "NextSong"]


def test_the_same_seed_gives_the_same_lines_whatever_the_partitions(
    spark: SparkSession, clean: tuple[Path, Manifest], tmp_path: Path
) -> None:
    partitions = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", "5")
    try:
        again = generate_logs(spark, str(tmp_path), days=DAYS, users=USERS, seed=SEED, start=START)
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", partitions)
    assert again == clean[1]
    assert sorted(lines_of(tmp_path)) == sorted(lines_of(clean[0]))


def test_every_seed_and_purpose_has_chances_of_its_own(spark: SparkSession) -> None:
    draws = [Chance(seed).uniform(purpose, F.col("id")) for seed in (1, 2) for purpose in ("skip", "pause")]
    drawn = spark.range(500).select(F.explode(F.array(*draws)).alias("u"))
    low, high, mean, different = drawn.agg(F.min("u"), F.max("u"), F.avg("u"), F.count_distinct("u")).first()
    assert different == 2_000
    assert 0 <= low < 0.01
    assert 0.99 < high < 1
    assert 0.47 < mean < 0.53


def test_the_manifest_counts_what_is_in_the_files(
    clean: tuple[Path, Manifest], records: list[Record], sessions: list[list[Record]]
) -> None:
    logs, manifest = clean
    pages = Counter(record["page"] for record in records)
    assert manifest.pages == {page: pages[page] for page in manifest.pages}
    assert set(pages) <= set(manifest.pages)
    assert (manifest.events, manifest.lines) == (len(records), len(records))
    assert manifest.sessions == len(sessions)
    assert manifest.anonymous == sum(record["userId"] == "" for record in records)
    assert not any(manifest.dirt.values())
    assert json.loads((logs / "manifest.json").read_text(encoding="utf-8")) == json.loads(manifest.as_json())


def test_records_have_the_fields_of_the_real_logs_in_their_day_s_folder(clean: tuple[Path, Manifest]) -> None:
    for day, line in lines_of(clean[0]):
        record = json.loads(line)
        assert list(record) == FIELDS
        assert day_of(record) == day
        assert record["registration"] is None or '"registration":1' in line
    days = {day for day, _ in lines_of(clean[0])}
    assert len(days) == DAYS
    assert min(days) == START


def test_songs_hold_most_but_not_all_played_tracks(clean: tuple[Path, Manifest], plays: list[Record]) -> None:
    logs, manifest = clean
    songs = [
        json.loads(line)
        for path in (logs / "song_data").glob("part-*.json")
        for line in path.read_text(encoding="utf-8").split("\n")
        if line
    ]
    assert len(songs) == manifest.songs
    assert len({song["song_id"] for song in songs}) == len(songs)
    assert len({(song["title"], song["artist_name"]) for song in songs}) == len(songs)
    known = {(song["title"], song["artist_name"]): song["duration"] for song in songs}
    played = {(play["song"], play["artist"]): play["length"] for play in plays}
    assert 0.8 < len(played.keys() & known.keys()) / len(played) < 0.9
    assert all(known[track] == length for track, length in played.items() if track in known)


def test_no_two_artists_have_the_same_name(spark: SparkSession) -> None:
    catalogue = Catalogue(Chance(SEED), artists=40_000)
    names = spark.range(40_000).select(catalogue.artist_name(F.col("id")).alias("name"))
    assert names.distinct().count() == 40_000


def test_few_artists_have_most_of_the_plays(plays: list[Record]) -> None:
    artists = Counter(play["artist"] for play in plays).most_common()
    tenth = len(artists) // 10
    assert sum(count for _, count in artists[:tenth]) > 0.45 * len(plays)
    assert sum(count < 10 for _, count in artists) > len(artists) / 4


def test_listeners_have_tastes_of_their_own(by_listener: list[list[Record]]) -> None:
    heavy = [events for events in by_listener if len(events) > 200]
    favourites = Counter()
    for events in heavy:
        artists = Counter(record["artist"] for record in events if record["page"] == "NextSong")
        favourite, count = artists.most_common(1)[0]
        assert count > 0.08 * artists.total()
        favourites[favourite] += 1
    assert len(favourites) > len(heavy) / 3


def test_evenings_are_busier_than_mornings_where_the_listener_lives(plays: list[Record]) -> None:
    ahead = dict(words.METROS)
    hours = Counter(
        datetime.fromtimestamp(play["ts"] / 1000 + ahead[play["location"]] * 3600, UTC).hour for play in plays
    )
    evening, small_hours = (
        sum(hours[hour] for hour in range(18, 23)),
        sum(hours[hour] for hour in range(2, 7)),
    )
    assert evening > 4 * small_hours


def test_items_count_from_0_in_time_order(sessions: list[list[Record]]) -> None:
    for events in sessions:
        assert [record["itemInSession"] for record in events] == list(range(len(events)))
        assert all(before["ts"] <= after["ts"] for before, after in pairwise(events))
        assert len({record["userId"] for record in events} - {""}) <= 1


def test_a_play_takes_its_length_or_is_skipped(sessions: list[list[Record]]) -> None:
    heard, skipped, within_30_s = 0, 0, 0
    for play, after in (pair for events in sessions for pair in pairwise(events)):
        if play["page"] == "NextSong":
            listened, length = after["ts"] - play["ts"], round(play["length"] * 1000)
            assert listened > 0
            heard += listened >= length - 1
            skipped += listened < length - 1
            within_30_s += listened < min(length - 1, 30_500)
    assert 0.15 < skipped / (heard + skipped) < 0.40
    assert 0.6 < within_30_s / skipped < 0.85


def test_a_listener_is_in_one_session_at_a_time(by_listener: list[list[Record]]) -> None:
    for events in by_listener:
        runs = [
            after["sessionId"]
            for before, after in pairwise(events)
            if before["sessionId"] != after["sessionId"]
        ]
        assert len(runs) == len(set(runs))


def test_level_changes_after_a_submitted_change_and_only_then(by_listener: list[list[Record]]) -> None:
    changes = 0
    for events in by_listener:
        for before, after in pairwise(events):
            submitted = {"Submit Upgrade": "paid", "Submit Downgrade": "free"}.get(before["page"])
            assert after["level"] == (submitted or before["level"])
            changes += bool(submitted)
    assert changes > 3


def test_visitors_who_log_in_share_the_session_of_the_listener(sessions: list[list[Record]]) -> None:
    logins = 0
    for events in sessions:
        for before, after in pairwise(events):
            if before["page"] == "Login":
                logins += 1
                assert (before["userId"], before["auth"], before["firstName"]) == ("", "Logged Out", None)
                assert (after["page"], after["auth"]) == ("Home", "Logged In")
    assert logins > 10


def test_only_what_is_about_a_track_names_one(records: list[Record]) -> None:
    for record in records:
        named = [record[field] is not None for field in ("artist", "song", "length")]
        assert named == [record["page"] in ABOUT_A_TRACK] * 3


def test_listeners_join_and_leave(by_listener: list[list[Record]]) -> None:
    assert all(events[0]["registration"] <= events[0]["ts"] for events in by_listener)
    first, last = zip(*[(day_of(events[0]), day_of(events[-1])) for events in by_listener], strict=True)
    assert max(first) > date(2025, 10, 8)
    assert min(last) < date(2025, 10, 7)


def corrupt_kind(line: str) -> str | None:
    try:
        value = json.loads(line)
    except ValueError:
        return "corrupt_truncated" if line.startswith("{") else "corrupt_garbage"
    if isinstance(value, list):
        return "corrupt_array"
    if "ts" not in value:
        return "corrupt_without_ts"
    return {"yesterday": "corrupt_text_ts", FAR_TS: "corrupt_far_ts"}.get(value["ts"])


def undo(text: str) -> str:
    return text.encode("latin-1").decode("utf-8")


def mojibake_kind(artist: str | None) -> str | None:
    for times, kind in ((2, "mojibake_twice"), (1, "mojibake_once")):
        repaired = artist or ""
        try:
            for _ in range(times):
                repaired = undo(repaired)
        except UnicodeError:
            continue
        if repaired != artist and artist and (times == 1 or undo(artist) != repaired):
            return kind
    return None


def test_dirt_is_exactly_what_the_manifest_says(
    clean: tuple[Path, Manifest], dirty: tuple[Path, Manifest]
) -> None:
    logs, manifest = dirty
    seen, good = Counter(), []
    for day, line in lines_of(logs):
        kind = corrupt_kind(line)
        seen[kind] += kind is not None
        if kind is None:
            good.append((day, line))
    copies = defaultdict(list)
    for day, line in good:
        copies[line].append(day)
    repaired = set()
    for line, days in copies.items():
        record = json.loads(line)
        own_day = day_of(record)
        if len(days) == 2:
            seen["duplicate_same_day" if len(set(days)) == 1 else "duplicate_later_day"] += 1
        elif days != [own_day]:
            seen["late"] += 1
        seen[mojibake_kind(record["artist"])] += 1
        repaired.add(json.dumps(record | {"artist": mended(record["artist"])}))
        assert min(days) >= own_day
    assert {kind: seen[kind] for kind in manifest.dirt} == manifest.dirt
    assert all(manifest.dirt.values())
    assert manifest.lines == len(lines_of(logs))
    assert repaired == {json.dumps(json.loads(line)) for _, line in lines_of(clean[0])}


def mended(artist: str | None) -> str | None:
    return {"mojibake_once": undo, "mojibake_twice": lambda text: undo(undo(text))}.get(
        mojibake_kind(artist), lambda text: text
    )(artist)


@pytest.mark.parametrize(
    ("at", "make", "words"),
    [
        (".", lambda path: path.write_text("old"), "logs is a file; give --output"),
        ("below", lambda path: path.write_text("old"), "logs is a file; give --output"),
        (".", lambda path: (path / "old").mkdir(parents=True), "is not empty: nothing was written"),
    ],
)
def test_an_output_that_is_not_empty_is_refused(
    spark: SparkSession, tmp_path: Path, at: str, make: Callable[[Path], object], words: str
) -> None:
    make(tmp_path / "logs")
    logs = tmp_path / "logs" / at
    with pytest.raises(WrongUsage, match=words):
        generate_logs(spark, str(logs), days=1, users=1, seed=1)


@pytest.fixture
def interrupted(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder beside a lake in which generating was interrupted."""
    logs = tmp_path / "lake-logs"

    def write_half(_: object, folder: str) -> None:
        half = Path(folder, "date=2025-10-01", "part-half.json.gz")
        half.parent.mkdir(parents=True)
        half.write_text("half of it")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(write, "_write_lines", write_half)
        with pytest.raises(KeyboardInterrupt):
            generate_logs(spark, str(logs), days=1, users=5, seed=1)
    return logs


def test_what_was_interrupted_is_generated_anew(spark: SparkSession, interrupted: Path) -> None:
    assert not is_generated(str(interrupted))
    manifest = generate_logs(spark, str(interrupted), days=1, users=5, seed=1)
    assert len(lines_of(interrupted)) == manifest.lines
    assert sorted(entry.name for entry in interrupted.iterdir()) == ["log_data", "manifest.json", "song_data"]
    with pytest.raises(WrongUsage, match="is not empty"):
        generate_logs(spark, str(interrupted), days=1, users=5, seed=1)


def test_a_quickstart_that_was_interrupted_starts_again_and_uses_its_logs_from_then_on(
    spark: SparkSession, conf: Conf, interrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quickstart.run_pipeline, "main", lambda run: None)
    said = StringIO()
    read: list[tuple[str, str]] = []
    run = SimpleNamespace(
        spark=spark,
        conf=conf,
        steps=Steps(Console(file=said, width=160)),
        lake=open_lake(Path(str(interrupted).removesuffix("-logs"))),
        read_logs=lambda source, folder: read.append((source, folder)),
        afterwards=[],
    )
    for _ in range(2):
        quickstart.main(run, days=1, users=5)
    assert said.getvalue().count("Generated logs") == 1
    assert "The logs of an earlier quickstart are in" in said.getvalue()
    assert read == [("sparkify", str(interrupted))] * 2


def test_a_quickstart_adds_no_invented_listeners_to_a_lake_that_another_job_began(tmp_path: Path) -> None:
    lake = open_lake(tmp_path / "lake")
    release(lake, FIRST)
    with pytest.raises(
        WrongUsage, match="holds a lake already, which by_hand began: give --lake a new folder"
    ):
        quickstart.main(SimpleNamespace(lake=lake, job="quickstart"))
    assert not (tmp_path / "lake-logs").exists()


def test_the_report_of_a_quickstart_is_a_local_file_wherever_the_lake_is() -> None:
    assert quickstart.beside("/data/lake") == Path("/data/lake-report.html")
    assert quickstart.beside("gs://bucket/lake") == Path.cwd() / "lake-report.html"


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": 0},
        {"days": 36_501},
        {"users": 0},
        {"users": 2**63},
        {"seed": 2**63},
        {"dirt": -1.0},
        {"dirt": 11.0},
        {"start": date(9999, 12, 30), "days": 5},
        {"start": date.min},
    ],
)
def test_numbers_out_of_bounds_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(WrongUsage, match="must"):
        generate_logs(NO_SPARK, str(tmp_path), **({"days": 1, "users": 1, "seed": 1} | wrong))
    assert not list(tmp_path.iterdir())


def test_word_lists_that_make_names_have_24_different_words() -> None:
    lists = (
        words.ADJECTIVES, words.NOUNS, words.GIVEN, words.FAMILY, words.FAR_FIRST,
        words.FAR_SECOND, words.PLACES, words.MOODS, words.THINGS,
    )  # fmt: skip
    assert [len(set(each)) for each in lists] == [24] * len(lists)
