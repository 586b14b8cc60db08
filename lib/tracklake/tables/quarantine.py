"""Contract of table quarantine."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

CONTRACT = Contract(
    name="quarantine",
    about="Records that could not become events, with the reason, so that nothing read is ever lost.",
    grain="one record that could not become an event, as one run read it",
    owner="marketplace data",
    key=(),
    may_be_empty=True,
    columns=(
        Column(
            "raw_record",
            "string",
            "The record as it was read, without personal fields and NUL bytes; of a long line its start.",
            nullable=False,
        ),
        Column("reason", "string", "Why it could not become an event, one short code.", nullable=False),
        Column("detail", "string", "What exactly was wrong, in words."),
        Column("source", "string", "Name of the source that the record came from.", nullable=False),
        Column("source_file", "string", "File that the record was read from.", nullable=False),
        Column("event_date", "date", "UTC date of the record where it is known."),
        Column("run_id", "string", "Run that read the record.", nullable=False),
        Column("ingested_at", "timestamp", "When the run read the record, UTC.", nullable=False),
    ),
)
