"""Contract of table source_file."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

KINDS = ("log", "catalogue")

CONTRACT = Contract(
    name="source_file",
    about="Every file that was read, as it was when it was read last, and what became of its records: a run reads"
    " only files that are new or have changed since.",
    grain="one file of logs or of a catalogue, as it was last read",
    owner="marketplace data",
    key=("path",),
    may_be_empty=True,
    columns=(
        Column("path", "string", "Where the file is.", nullable=False),
        Column("kind", "string", "What it holds.", nullable=False, values=KINDS),
        Column("source", "string", "Name of the source that read it.", nullable=False),
        Column("id_prefix", "string", "What ids of that source began with; empty: nothing.", nullable=False),
        Column("size", "bigint", "Bytes of the file, compressed or not.", nullable=False, minimum=0),
        Column("modified_at", "timestamp", "When the file was last changed, UTC.", nullable=False),
        Column(
            "first_date",
            "date",
            "First event_date taken from a file whose path says no date; null: from the beginning.",
        ),
        Column("last_date", "date", "Last event_date taken from such a file; null: to the end."),
        Column("records", "bigint", "Records in it, blank lines aside.", nullable=False, minimum=0),
        Column("events", "bigint", "Events of the lake that were read from it.", nullable=False, minimum=0),
        Column(
            "duplicates",
            "bigint",
            "Records whose event stands earlier in it, or was read from another file.",
            nullable=False,
            minimum=0,
        ),
        Column("quarantined", "bigint", "Records that could not be read.", nullable=False, minimum=0),
        Column(
            "outside_range",
            "bigint",
            "Records of a file whose path says no date that are not of the dates asked for.",
            nullable=False,
            minimum=0,
        ),
        Column("run_id", "string", "Run that read it.", nullable=False),
        Column("read_at", "timestamp", "When that run began, UTC.", nullable=False),
    ),
)
