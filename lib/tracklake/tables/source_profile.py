"""Contract of table source_profile."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

STATUSES = ("known", "new", "gone", "changed")

CONTRACT = Contract(
    name="source_profile",
    about="Which fields the events of a source have on a day, how often, and what differs from its day before.",
    grain="one field of one source on one day",
    owner="marketplace data",
    key=("source", "event_date", "field"),
    partition_by="event_date",
    may_be_empty=True,
    columns=(
        Column("source", "string", "Name of the source.", nullable=False),
        Column("event_date", "date", "UTC date of the events.", nullable=False),
        Column(
            "field", "string", "A column of event, or 'extra.' and a field that event lacks.", nullable=False
        ),
        Column("records", "bigint", "Events of the source on the day.", nullable=False, minimum=1),
        Column(
            "null_share",
            "double",
            "Share of these events without a value; an estimate for extra fields of more than 200,000 events.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "types",
            "string",
            "Forms in which records have the values: array, boolean, number, object, text, in alphabetical order;"
            " the column's type where no record says; null if the field is gone.",
        ),
        Column(
            "status",
            "string",
            "Against the source's day before: new, changed (other types), gone (1 % of its events had it), or known.",
            nullable=False,
            values=STATUSES,
        ),
    ),
)
