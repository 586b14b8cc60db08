"""Contract of table dim_date."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

CONTRACT = Contract(
    name="dim_date",
    about="The calendar of the lake: every day that a fact may point at.",
    grain="one day",
    owner="marketplace data",
    key=("date_key",),
    columns=(
        Column("date_key", "int", "The day as the number yyyymmdd.", nullable=False),
        Column("date", "date", "The day.", nullable=False),
        Column("year", "int", "Calendar year.", nullable=False, minimum=1970, maximum=9999),
        Column("quarter", "int", "Quarter of the year, 1 to 4.", nullable=False, minimum=1, maximum=4),
        Column("month", "int", "Month of the year, 1 to 12.", nullable=False, minimum=1, maximum=12),
        Column("week", "int", "ISO week of the year, 1 to 53.", nullable=False, minimum=1, maximum=53),
        Column(
            "day_of_week", "int", "Day of the week, 1 (Monday) to 7.", nullable=False, minimum=1, maximum=7
        ),
        Column("is_weekend", "boolean", "True on Saturday and Sunday.", nullable=False),
    ),
)
