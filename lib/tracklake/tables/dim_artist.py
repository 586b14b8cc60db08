"""Contract of table dim_artist."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

CONTRACT = Contract(
    name="dim_artist",
    about=(
        "Artists over time: a new version whenever name or location changes (SCD type 2). Artists that events"
        " name and no catalogue holds are inferred members; what has no artist points at '(unknown)'."
    ),
    grain="one version of one artist",
    owner="marketplace data",
    key=("artist_key",),
    columns=(
        Column(
            "artist_key",
            "string",
            "Key of the version, 32 hex digits of artist_id and valid_from.",
            nullable=False,
        ),
        Column(
            "artist_id",
            "string",
            "The artist; 'inferred:...' if no catalogue holds it, '(unknown)' for the unknown one.",
            nullable=False,
        ),
        Column("artist_name", "string", "Name of the artist during the version."),
        Column("location", "string", "The artist's place during the version; null if unknown."),
        Column("latitude", "double", "Latitude of that place in degrees.", minimum=-90, maximum=90),
        Column("longitude", "double", "Longitude of that place in degrees.", minimum=-180, maximum=180),
        Column("is_inferred", "boolean", "True where only events know the artist.", nullable=False),
        Column("valid_from", "timestamp", "First moment of the version, UTC.", nullable=False),
        Column("valid_to", "timestamp", "First moment of the next version, UTC; null while open."),
        Column("is_current", "boolean", "True for the artist's open version.", nullable=False),
    ),
)
