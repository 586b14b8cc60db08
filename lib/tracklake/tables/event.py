"""Contract of table event."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

EVENT_TYPES = (
    "play",
    "page_view",
    "auth",
    "like",
    "dislike",
    "save",
    "playlist_add",
    "follow",
    "search",
    "subscription",
    "impression",
    "exposure",
)
LEVELS = ("free", "paid")

LONGEST_MS = 24 * 3_600_000
"""No track is longer than a day. So a late event changes plays of the day before it at most."""

CONTRACT = Contract(
    name="event",
    about="Every event of every source in one canonical form; the facts and dimensions are built from it.",
    grain="one event, as its source recorded it",
    owner="marketplace data",
    key=("event_id",),
    partition_by="event_date",
    may_be_empty=True,
    columns=(
        Column(
            "event_id",
            "string",
            "The source's own id of the event, else a hash of the fields that identify the record.",
            nullable=False,
        ),
        Column("event_type", "string", "What happened.", nullable=False, values=EVENT_TYPES),
        Column("event_time", "timestamp", "When it happened, UTC.", nullable=False),
        Column("event_date", "date", "UTC date of event_time.", nullable=False),
        Column("user_id", "string", "The source's id of the user; null when anonymous."),
        Column("session_id", "string", "The source's own id of the session; null where it has none."),
        Column(
            "item_in_session", "int", "Number of the event within the source's session, from 0.", minimum=0
        ),
        Column("track_id", "string", "Id of the track; null where the event has none."),
        Column("track_name", "string", "Title of the track as the event states it, mojibake repaired."),
        Column("artist_id", "string", "Id of the track's primary artist; null where the event has none."),
        Column(
            "artist_ids",
            "array<string>",
            "Ids of all artists whom the track is credited to, the primary one first; null where it is only one.",
        ),
        Column("artist_name", "string", "Name of the artist as the event states it, mojibake repaired."),
        Column(
            "ids_by_name",
            "array<string>",
            "Which of track_id and artist_id the event does not state and were found by its names; null where neither.",
        ),
        Column("album_name", "string", "Name of the album as the event states it."),
        Column(
            "duration_ms",
            "bigint",
            "Length of the track in milliseconds; null or 0 if unknown.",
            minimum=0,
            maximum=LONGEST_MS,
        ),
        Column(
            "ms_played",
            "bigint",
            "Milliseconds heard; null if unknown or not a play.",
            minimum=0,
            maximum=LONGEST_MS,
        ),
        Column(
            "ms_played_inferred",
            "boolean",
            "True where ms_played was worked out from the next event, false where the source logged it.",
        ),
        Column("reason_start", "string", "Why the play started, in the source's words."),
        Column("reason_end", "string", "Why the play ended, in the source's words."),
        Column(
            "skipped", "boolean", "Whether the source calls the play skipped; null where it does not say."
        ),
        Column("shuffle", "boolean", "Whether shuffle was on; null where the source does not say."),
        Column("offline", "boolean", "Whether the play was offline; null where the source does not say."),
        Column("level", "string", "The user's subscription level at the event.", values=LEVELS),
        Column("gender", "string", "The user's gender in the source's code; null if not stated."),
        Column("registered_at", "timestamp", "When the user registered, UTC; null if not stated."),
        Column("platform", "string", "Device or operating system family."),
        Column("user_agent", "string", "The client's user agent as logged."),
        Column("location", "string", "The user's place as logged."),
        Column("country", "string", "Country code as logged or derived from location; null if unknown."),
        Column("context_type", "string", "What the track was played from, for example playlist or album."),
        Column("context_id", "string", "Id of what the track was played from."),
        Column("source", "string", "Name of the source that the event came from.", nullable=False),
        Column("source_file", "string", "File that the event was read from.", nullable=False),
        Column("ingested_at", "timestamp", "When the run read the event, UTC.", nullable=False),
        Column("run_id", "string", "Run that read the event.", nullable=False),
        Column("extra", "string", "JSON object of what the source sent and this list lacks."),
    ),
)

PRODUCED = tuple(
    name
    for name in CONTRACT.names
    if name not in ("event_date", "ids_by_name", "source", "source_file", "ingested_at", "run_id")
)
"""The columns that a producer of canonical events writes; the others are the lake's own."""
