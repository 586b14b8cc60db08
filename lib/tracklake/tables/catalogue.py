"""Contract of table catalogue."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

CONTRACT = Contract(
    name="catalogue",
    about="Songs and their artists as the sources' own catalogues state them.",
    grain="one song as one source's catalogue states it",
    owner="marketplace data",
    key=("source", "track_id"),
    may_be_empty=True,
    columns=(
        Column("source", "string", "Name of the source whose catalogue it is.", nullable=False),
        Column("track_id", "string", "The catalogue's id of the song.", nullable=False),
        Column("title", "string", "Title of the song, mojibake repaired."),
        Column("artist_id", "string", "The catalogue's id of the song's primary artist.", nullable=False),
        Column("artist_name", "string", "Name of the artist, mojibake repaired."),
        Column("artist_location", "string", "The artist's place in words; null if not stated."),
        Column("artist_latitude", "double", "Latitude of that place in degrees.", minimum=-90, maximum=90),
        Column(
            "artist_longitude", "double", "Longitude of that place in degrees.", minimum=-180, maximum=180
        ),
        Column(
            "duration_ms", "bigint", "Length of the song in milliseconds; null or 0 if unknown.", minimum=0
        ),
        Column(
            "release_year", "int", "Year of release; null if unknown, never 0.", minimum=1000, maximum=2100
        ),
        Column("stated_at", "timestamp", "Modification time of the catalogue file, UTC.", nullable=False),
        Column("source_file", "string", "File that the song was read from.", nullable=False),
        Column("run_id", "string", "Run that read the song.", nullable=False),
    ),
)
