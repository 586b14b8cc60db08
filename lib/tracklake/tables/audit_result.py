"""Contract of table audit_result."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

SEVERITIES = ("critical", "warning", "info")
STATUSES = ("passed", "failed", "no_history")

CONTRACT = Contract(
    name="audit_result",
    about=(
        "What was measured of the staged rows beyond their contracts: volume, missing values, distributions,"
        " agreement between tables. Limits come from the results of earlier days. Rows are only ever added."
    ),
    grain="one metric of one table, and of one date where the table has slices, in one run",
    owner="marketplace data",
    key=("result_key",),
    columns=(
        Column(
            "result_key",
            "string",
            "Key of the result, 32 hex digits of run_id, table_name, event_date and metric.",
            nullable=False,
        ),
        Column("run_id", "string", "Run that staged the rows.", nullable=False),
        Column("table_name", "string", "Table that was measured.", nullable=False),
        Column("event_date", "date", "Slice that was measured; null where it was the whole table."),
        Column(
            "metric",
            "string",
            "What was measured, for example rows, null_share.user_id or drift.ms_played; see docs/audits.md.",
            nullable=False,
        ),
        Column("value", "double", "What was found, in the metric's unit.", nullable=False),
        Column("lower", "double", "Least value that passes; null where any small one does."),
        Column("upper", "double", "Greatest value that passes; null where any great one does."),
        Column(
            "earlier",
            "int",
            "Number of earlier values that the limits were made from; 0 where they do not come from any.",
            nullable=False,
            minimum=0,
        ),
        Column(
            "severity",
            "string",
            "Great Expectations' word for what a failure means: critical stops the run.",
            nullable=False,
            values=SEVERITIES,
        ),
        Column(
            "status",
            "string",
            "Whether the value is within the limits; no_history while too few earlier values are known.",
            nullable=False,
            values=STATUSES,
        ),
        Column(
            "counts", "string", "JSON object of rows by bin, where a distribution was measured; else null."
        ),
        Column("measured_at", "timestamp", "When the run began, UTC.", nullable=False),
    ),
)
