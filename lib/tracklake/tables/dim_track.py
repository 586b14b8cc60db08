"""Contract of table dim_track."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

CONTRACT = Contract(
    name="dim_track",
    about=(
        "Tracks as last stated. Tracks that events name and no catalogue holds are inferred members; feedback"
        " without a track points at '(unknown)'."
    ),
    grain="one track",
    owner="marketplace data",
    key=("track_key",),
    columns=(
        Column("track_key", "string", "Key of the track, 32 hex digits of track_id.", nullable=False),
        Column(
            "track_id",
            "string",
            "The track; 'inferred:...' if no catalogue holds it, '(unknown)' for the unknown one.",
            nullable=False,
        ),
        Column("title", "string", "Title of the track."),
        Column(
            "artist_id",
            "string",
            "The track's primary artist.",
            nullable=False,
            refers_to="dim_artist.artist_id",
        ),
        Column(
            "duration_ms", "bigint", "Length of the track in milliseconds; null or 0 if unknown.", minimum=0
        ),
        Column(
            "release_year", "int", "Year of release; null if unknown, never 0.", minimum=1000, maximum=2100
        ),
        Column("is_inferred", "boolean", "True where only events know the track.", nullable=False),
    ),
)
