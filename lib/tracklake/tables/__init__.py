"""The tables of a lake: one contract each, in the order in which they are built."""

from __future__ import annotations

from tracklake.errors import WrongUsage, did_you_mean
from tracklake.tables import (
    audit_result,
    bridge_track_artist,
    catalogue,
    dim_artist,
    dim_date,
    dim_track,
    dim_user,
    event,
    fact_artist_day,
    fact_audience,
    fact_feedback,
    fact_listening,
    fact_session,
    fact_stream,
    fact_track_day,
    mart_artist,
    mart_artist_audience,
    mart_interplay,
    mart_track_performance,
    mart_user_satisfaction,
    quarantine,
    satisfaction_model,
    session_satisfaction,
    source_file,
    source_profile,
)
from tracklake.tables.contract import Column, Contract, Reference

__all__ = ["CONTRACTS", "Column", "Contract", "Reference", "contract"]

CONTRACTS: dict[str, Contract] = {
    module.CONTRACT.name: module.CONTRACT
    for module in (
        event,
        source_file,
        source_profile,
        quarantine,
        catalogue,
        dim_date,
        dim_user,
        dim_artist,
        dim_track,
        bridge_track_artist,
        fact_session,
        fact_stream,
        fact_feedback,
        fact_track_day,
        fact_artist_day,
        satisfaction_model,
        session_satisfaction,
        mart_user_satisfaction,
        mart_interplay,
        fact_listening,
        fact_audience,
        mart_track_performance,
        mart_artist,
        mart_artist_audience,
        audit_result,
    )
}
"""Every contract by table name; a table comes after all tables that it refers to."""


def contract(name: str) -> Contract:
    """The contract of a table; WrongUsage naming the closest tables if there is none of that name."""
    if name in CONTRACTS:
        return CONTRACTS[name]
    known = f": there are {', '.join(CONTRACTS)}."
    raise WrongUsage(f'There is no table "{name}"{did_you_mean(name, CONTRACTS) or known}')
