"""Contract of table bridge_track_artist."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

CONTRACT = Contract(
    name="bridge_track_artist",
    about="Which artists are on which track, and the share of the track that each is credited with.",
    grain="one artist on one track",
    owner="marketplace data",
    key=("track_id", "artist_id"),
    columns=(
        Column("track_id", "string", "The track.", nullable=False, refers_to="dim_track.track_id"),
        Column("artist_id", "string", "The artist.", nullable=False, refers_to="dim_artist.artist_id"),
        Column(
            "position",
            "int",
            "Place in the track's credits, 1 for the primary artist.",
            nullable=False,
            minimum=1,
        ),
        Column(
            "weight",
            "double",
            "Share of the track credited to the artist, 0 to 1; sums to 1 per track.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
    ),
)
