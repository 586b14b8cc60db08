"""Source ``spotify_history``: the streaming history that a listener can download from Spotify.

Two forms of the extended history (``Streaming_History_*.json`` and, until 2022, ``endsong*.json`` and
``endvideo*.json``) and the short one of the account data (``StreamingHistory*.json``). Each file is one JSON array.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.sources.allowed import allowed
from tracklake.sources.arrivals import as_arrivals, prefixed
from tracklake.sources.documents import read_documents
from tracklake.sources.files import LogFile
from tracklake.sources.json_records import elements, extra, field, records, said
from tracklake.sources.layout import COMPRESSED, Layout
from tracklake.sources.numbers import moment, truth, whole, within
from tracklake.sources.platforms import family
from tracklake.sources.sample import Sample
from tracklake.sources.source import Bounds, LeftOut, Source
from tracklake.tables import contract
from tracklake.transforms.keys import SEPARATOR, key

_AGAIN = r"(?: ?\(\d+\)|[ _-]\d+| (?:- )?\(?(?:copy|copia|copie|kopia|kopie|kopi)\)?)"
"""What is added to the name of a thing that comes a second time, as a pattern: by browsers, or by who copies it."""

LAYOUT = Layout(
    names=rf"(?:^|/)(?:Streaming_History_[^/]+|(?:end(?:song|video)|StreamingHistory\w*){_AGAIN}*)\.json{COMPRESSED}$",
    shown="Streaming_History_*.json, endsong*.json, endvideo*.json or StreamingHistory*.json",
    dated=False,
)

OWN_FOLDERS = ("Spotify Extended Streaming History", "Spotify Account Data", "MyData", "my_spotify_data")
"""Folders that Spotify's archives bring along; the folder around them is the listener's."""

URIS = ("spotify_track_uri", "spotify_episode_uri", "audiobook_chapter_uri", "audiobook_uri")
"""What a play was of, as Spotify identifies it: the first of them that is stated."""

OWN_NAMES = ("master_metadata_album_artist_name", "master_metadata_track_name")
"""The names of a track in the extended form, where it has no URI."""

SPOKEN_NAMES = ("episode_show_name", "episode_name", "audiobook_title", "audiobook_chapter_title")
"""The names there of what is no track."""

NAMES = ("artistName", "trackName", "podcastName", "episodeName", "authorName", "audiobookName")
"""All of these in the short form, which has no ids."""

MAPPED = (
    "artistName",
    "conn_country",
    "master_metadata_album_album_name",
    "master_metadata_album_artist_name",
    "master_metadata_track_name",
    "msPlayed",
    "ms_played",
    "offline",
    "reason_end",
    "reason_start",
    "shuffle",
    "skipped",
    "spotify_episode_uri",
    "spotify_track_uri",
    "trackName",
    "user_agent_decrypted",
)
"""The fields that have a column of their own; whatever else a record holds goes to extra, ts among it."""

PLACES = {
    "event_time": ("ts", "endTime"),
    "ms_played": ("ms_played", "msPlayed"),
    "track_id": ("spotify_track_uri",),
    "track_name": ("master_metadata_track_name", "trackName"),
    "artist_name": ("master_metadata_album_artist_name", "artistName"),
    "album_name": ("master_metadata_album_album_name",),
    "reason_start": ("reason_start",),
    "reason_end": ("reason_end",),
    "skipped": ("skipped",),
    "shuffle": ("shuffle",),
    "offline": ("offline",),
    "platform": ("platform",),
    "user_agent": ("user_agent_decrypted",),
    "country": ("conn_country",),
}
"""Where in a record the value of a column may stand."""

_OWN = rf"(?i:(?:{'|'.join(map(re.escape, OWN_FOLDERS))})(?:{_AGAIN}|\.zip)*)"
"""Such a folder as a second archive of its name is unpacked, too: ``MyData (1)``, ``my_spotify_data-2.zip``."""

_TRACK = r"^spotify:track:(\w+)$"
_SHORT = re.compile(r"(?:^|/)StreamingHistory[^/]*$", re.IGNORECASE)
_EXTENDED = re.compile(r"(?:^|/)(?:Streaming_History_Audio|endsong)[^/]*$", re.IGNORECASE)
_UNKNOWN_COUNTRY = "ZZ"
_PLATFORMS = {
    "iOS": ("iphone", "ipad", "ios"),
    "Android": ("android",),
    "Windows": ("windows",),
    "macOS": ("os x", "osx", "macos"),
    "Linux": ("linux",),
    "web": ("web_player", "webplayer"),
}


def find(spark: SparkSession, folder: str, start: date | None, end: date | None) -> list[LogFile]:
    """The history files, whatever the dates; InputMissing where there are none.

    The short form states plays of the last year less exactly: beside the extended one it is left out. Files of videos
    alone are not that form: they state no music.
    """
    files = LAYOUT.find(spark, folder, start, end)
    doubled = set(_doubled(files))
    return [file for file in files if file not in doubled]


def short_beside_extended(spark: SparkSession, folder: str) -> list[LogFile]:
    """The files of the short form that are left out; InputMissing where there are no history files."""
    return _doubled(LAYOUT.find(spark, folder, None, None))


def _doubled(files: list[LogFile]) -> list[LogFile]:
    extended = {composed(listener_folder(file.path)) for file in files if _EXTENDED.search(file.path)}
    short = [file for file in files if _SHORT.search(file.path)]
    return [file for file in short if composed(listener_folder(file.path)) in extended]


def listener_folder(path: str) -> str:
    """The folder of the listener whose history a file is: the nearest that Spotify did not name."""
    return re.sub(rf"(?:/{_OWN})*/[^/]*$", "", path)


def composed(text: str) -> str:
    """The text with each letter and its accents as one character: a Mac names a folder with two."""
    return unicodedata.normalize("NFC", text)


def read(spark: SparkSession, files: list[str], bounds: Bounds, id_prefix: str) -> DataFrame:
    """Arrivals, one per element of the files' arrays; a file that is no JSON array is one record."""
    names = {listener_folder(path).rpartition("/")[2] for path in files}
    documents = read_documents(spark, files).withColumn("folder", _folder_name(F.col("source_file"), names))
    return arrivals(documents, bounds, id_prefix)


def arrivals(documents: DataFrame, bounds: Bounds, id_prefix: str) -> DataFrame:
    """Arrivals, one per element of the documents (``document``, ``folder``, ``source_file``, ``file_size``).

    ts is when a play ended: event_time is ms_played before it. user_id is the key of the username where the record
    states one, else of the name of the listener's folder.
    """
    lines = documents.select(
        "source_file",
        "file_size",
        "folder",
        F.explode(F.coalesce(elements("document"), F.array("document"))).alias("line"),
    ).withColumn("line", F.coalesce("line", F.lit("null")))
    uri = F.coalesce(*map(said, URIS))
    episode = _stated(uri, ("spotify_episode_uri",), ("episodeName", "episode_name"))
    audiobook = _stated(uri, ("audiobook_chapter_uri", "audiobook_uri"), ("audiobookName", "audiobook_title"))
    stated = (
        records(lines)
        .withColumns(
            {
                "ended_at": moment(F.coalesce(field("ts"), field("endTime"))),
                "ms_played": whole(F.coalesce(field("ms_played"), field("msPlayed"))),
                "user": key(F.coalesce(said("username"), F.col("folder"))),
                "track_id": F.nullif(F.regexp_extract(said("spotify_track_uri"), _TRACK, 1), F.lit("")),
                "skipped": truth(field("skipped")),
                "country": F.nullif(said("conn_country"), F.lit(_UNKNOWN_COUNTRY)),
                "context_type": F.when(episode.isNotNull(), "podcast").when(
                    audiobook.isNotNull(), "audiobook"
                ),
                "uri": uri,
            }
        )
        .withColumn("ms_played", allowed(F.col("ms_played"), contract("event").column("ms_played")))
        .withColumn(
            "event_time",
            within(F.timestamp_micros(F.unix_micros("ended_at") - F.col("ms_played") * 1000), bounds),
        )
        .withColumn("reason", _reason())
    )
    is_music = F.col("context_type").isNull()
    track_name = F.coalesce(said("master_metadata_track_name"), said("trackName"))
    artist_name = F.coalesce(said("master_metadata_album_artist_name"), said("artistName"))
    platform = F.lower(said("platform"))
    columns = {
        "event_id": key(F.col("user"), F.unix_micros("ended_at"), F.col("ms_played"), _item()),
        "event_type": F.lit("play"),
        "user_id": prefixed(id_prefix, F.col("user")),
        "track_id": prefixed(id_prefix, F.when(is_music, F.col("track_id"))),
        "track_name": F.when(is_music, track_name),
        "artist_name": F.when(is_music, artist_name),
        "album_name": F.when(is_music, said("master_metadata_album_album_name")),
        "ms_played_inferred": F.lit(False),
        "reason_start": said("reason_start"),
        "reason_end": said("reason_end"),
        "shuffle": truth(field("shuffle")),
        "offline": truth(field("offline")),
        "platform": family(platform, _PLATFORMS),
        "user_agent": said("user_agent_decrypted"),
        "context_id": F.when(~is_music, F.element_at(F.split("uri", ":"), -1)),
        "extra": extra(MAPPED, _differs()),
    }
    return as_arrivals(stated, SOURCE.name, columns, _REASONS, PLACES)


def _folder_name(source_file: Column, names: Iterable[str]) -> Column:
    """The name of the listener's folder, composed, from a path as Spark writes it (with %20 for a space).

    ``names`` are those of all folders: Spark itself does not compose.
    """
    path = F.try_url_decode(F.replace(source_file, F.lit("+"), F.lit("%2B")))
    name = F.regexp_extract(path, rf"([^/]+)(?:/{_OWN})*/[^/]*$", 1)
    otherwise = [F.lit(text) for one in names if one != composed(one) for text in (one, composed(one))]
    return F.coalesce(F.try_element_at(F.create_map(*otherwise), name), name) if otherwise else name


def _stated(uri: Column, uris: Sequence[str], names: Sequence[str]) -> Column:
    """The first of the URIs that is stated; in a record without any URI the first of the names."""
    return F.coalesce(*map(said, uris), F.when(uri.isNull(), F.coalesce(*map(said, names))))


def _item() -> Column:
    """What a play was of: its URI, without one the names that its form of the history has."""
    told = [
        F.when(F.coalesce(*map(said, names)).isNotNull(), _joined(names))
        for names in (OWN_NAMES, SPOKEN_NAMES)
    ]
    return F.coalesce("uri", *told, _joined(NAMES))


def _joined(names: Sequence[str]) -> Column:
    return F.concat_ws(SEPARATOR, *[F.coalesce(said(name), F.lit("")) for name in names])


_REASONS = {
    "not_json": "The file is not one JSON array of objects, or this element of it is not an object.",
    "no_time": "The record has neither ts nor endTime.",
    "bad_time": "The time of the end (ts, endTime) is not an ISO date and time.",
    "no_ms_played": "The record has neither ms_played nor msPlayed: it cannot be told when the play started.",
    "bad_ms_played": "ms_played is not a number of milliseconds from 0 to 86,400,000.",
    "time_out_of_bounds": "The play started before the earliest or after the latest time that conf allows.",
}


def _reason() -> Column:
    return (
        F.when(F.col("m").isNull(), "not_json")
        .when(field("ts").isNull() & field("endTime").isNull(), "no_time")
        .when(F.col("ended_at").isNull(), "bad_time")
        .when(field("ms_played").isNull() & field("msPlayed").isNull(), "no_ms_played")
        .when(F.col("ms_played").isNull(), "bad_ms_played")
        .when(F.col("event_time").isNull(), "time_out_of_bounds")
    )


def _differs() -> dict[str, Column]:
    """Whether the column of a field does not hold what was sent."""
    return {
        "spotify_track_uri": F.col("track_id").isNull() & said("spotify_track_uri").isNotNull(),
        "skipped": F.col("skipped").isNull() & said("skipped").isNotNull(),
        "conn_country": F.col("country").isNull() & said("conn_country").isNotNull(),
    }


def recognise(sample: Sample) -> str:
    """The history's own names of files, with a field in them that only it has."""
    named = [path for path in sample.paths if LAYOUT.names_a_log(path)]
    fields = {name for record in sample.objects() for name in record}
    telling = sorted(fields & {"ms_played", "msPlayed"})
    if not named or not telling:
        return ""
    return (
        f"files are named as Spotify names them ({named[0].rpartition('/')[2]}) and records have {telling[0]}"
    )


SOURCE = Source(
    name="spotify_history",
    find=find,
    read=read,
    names_a_log=LAYOUT.names_a_log,
    recognise=recognise,
    left_out=LeftOut(
        short_beside_extended,
        "the short form beside the extended one of the same listener; plays of later than that are missing until a "
        "newer extended history comes",
    ),
)
