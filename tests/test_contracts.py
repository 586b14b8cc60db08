"""What every table's contract must itself keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import types as T

from tracklake import packing, resources
from tracklake.errors import WrongUsage
from tracklake.resources import CHECKOUT
from tracklake.tables import CONTRACTS, Contract, contract
from tracklake.tables import __main__ as pages
from tracklake.tables.__main__ import generated

DESIGN = {
    "event": "event_id event_type event_time event_date user_id session_id item_in_session track_id"
    " track_name artist_id artist_ids artist_name ids_by_name album_name duration_ms ms_played ms_played_inferred"
    " reason_start reason_end skipped shuffle offline level gender registered_at platform"
    " user_agent location country context_type context_id source source_file ingested_at run_id"
    " extra",
    "quarantine": "raw_record reason detail source source_file event_date run_id ingested_at",
    "source_file": "path kind source id_prefix size modified_at first_date last_date records events duplicates"
    " quarantined outside_range run_id read_at",
    "source_profile": "source event_date field records null_share types status",
    "catalogue": "source track_id title artist_id artist_name artist_location artist_latitude"
    " artist_longitude duration_ms release_year stated_at source_file run_id",
    "dim_date": "date_key date year quarter month week day_of_week is_weekend",
    "dim_user": "user_key user_id level gender location registered_at valid_from valid_to is_current",
    "dim_artist": "artist_key artist_id artist_name location latitude longitude is_inferred valid_from"
    " valid_to is_current",
    "dim_track": "track_key track_id title artist_id duration_ms release_year is_inferred",
    "bridge_track_artist": "track_id artist_id position weight",
    "fact_session": "session_key user_key user_id started_at ended_at session_date events plays streams skips"
    " tracks artists listening_ms",
    "fact_stream": "event_id event_time event_date user_key user_id track_key track_id artist_key artist_id"
    " session_key ms_played duration_ms completion is_stream is_skip level platform country source"
    " context_type item_in_session",
    "fact_feedback": "event_id event_time event_date user_key user_id track_key artist_key event_type",
    "fact_track_day": "track_key track_id event_date plays streams skips listeners listening_ms likes"
    " playlist_adds early_skips replays heard_ms length_ms measured_plays saves listeners_sketch",
    "fact_artist_day": "artist_key artist_id event_date plays streams skips listeners listening_ms likes"
    " playlist_adds early_skips replays heard_ms length_ms measured_plays saves listeners_sketch",
    "fact_listening": "event_date track_id artist_id user_key user_id market place context_type plays streams",
    "fact_audience": "member member_id period_start first_played_on listeners listeners_sketch",
    "mart_track_performance": "track_key track_id artist_id period period_start days is_suppressed plays streams"
    " listeners new_listeners listening_ms completion_rate completion_low completion_high"
    " completion_shrunk skip_rate skip_low skip_high skip_shrunk early_skip_rate early_skip_low"
    " early_skip_high early_skip_shrunk replay_rate replay_low replay_high replay_shrunk"
    " save_rate save_low save_high save_shrunk like_rate like_low like_high like_shrunk"
    " source_mix momentum rank top_market rank_in_top_market age_days cohort percentile k",
    "mart_artist": "artist_id period period_start days is_suppressed plays streams listeners"
    " streams_per_listener listening_ms new_listeners returning_listeners reactivated_listeners"
    " lapsed_listeners momentum rank skip_rate skip_low skip_high tracks top_1_percent_share"
    " reach conversion retention satisfaction catalogue peers reach_percentile"
    " conversion_percentile retention_percentile satisfaction_percentile catalogue_percentile"
    " needs needs_value needs_peer_median k",
    "mart_artist_audience": "artist_id period_start kind group_name listeners share streams previous_listeners k",
    "satisfaction_model": "period_start is_default sessions returns intercept habit_weight brier calibration_error auc"
    " completion_weight completion_mean completion_sd skip_share_weight skip_share_mean"
    " skip_share_sd skip_run_share_weight skip_run_share_mean skip_run_share_sd praise_rate_weight"
    " praise_rate_mean praise_rate_sd dislike_rate_weight dislike_rate_mean dislike_rate_sd"
    " length_weight length_mean length_sd discovery_weight discovery_mean discovery_sd"
    " artist_discovery_weight artist_discovery_mean artist_discovery_sd artist_entropy_weight"
    " artist_entropy_mean artist_entropy_sd artist_concentration_weight artist_concentration_mean"
    " artist_concentration_sd",
    "session_satisfaction": "session_key user_id started_at session_date plays listening_ms satisfaction completion"
    " skip_share skip_run_share praise_rate dislike_rate length discovery artist_discovery"
    " artist_entropy artist_concentration recent_sessions returned_1d returned_7d",
    "mart_user_satisfaction": "user_id period period_start sessions plays listening_ms satisfaction completion"
    " skip_share skip_run_share praise_rate dislike_rate discovery artist_discovery artist_entropy"
    " artist_concentration returned_1d returned_7d",
    "mart_interplay": "item_type item_id period period_start listeners compared_listeners k effect effect_low"
    " effect_high standard_error shrunk_effect shrunk_low shrunk_high quadrant",
    "audit_result": "result_key run_id table_name event_date metric value lower upper earlier severity status"
    " counts measured_at",
}

every_contract = pytest.mark.parametrize("table", CONTRACTS.values(), ids=CONTRACTS)


def test_the_tables_and_columns_are_those_that_others_depend_on() -> None:
    assert {name: " ".join(table.names) for name, table in CONTRACTS.items()} == DESIGN


@every_contract
def test_every_column_is_explained_in_one_line(table: Contract) -> None:
    for text in (table.about, table.grain, table.owner, *(column.about for column in table.columns)):
        assert text.strip()
        assert "\n" not in text


@every_contract
def test_key_and_partition_are_columns_that_are_never_null(table: Contract) -> None:
    for name in (*table.key, *([table.partition_by] if table.partition_by else [])):
        assert not table.column(name).nullable


@every_contract
def test_a_table_refers_to_columns_of_the_same_type_in_tables_before_it(table: Contract) -> None:
    before = list(CONTRACTS)[: list(CONTRACTS).index(table.name)]
    for reference in table.references:
        assert reference.table in before
        assert contract(reference.table).column(reference.target).type == table.column(reference.column).type


@pytest.mark.parametrize("table", [one for one in CONTRACTS.values() if one.name.startswith("fact_")])
def test_a_fact_points_at_members_and_never_at_null(table: Contract) -> None:
    nullable = [one.name for one in table.columns if one.name.endswith("_key") and one.nullable]
    assert nullable == (["session_key"] if table.name == "fact_stream" else [])


def test_a_contract_is_the_schema_of_its_table_with_comments() -> None:
    field = contract("fact_stream").schema()["ms_played"]
    assert (field.dataType, field.nullable) == (T.LongType(), True)
    assert field.metadata == {"comment": "Milliseconds heard; null if unknown."}


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(KeyError, match="Table bridge_track_artist has no column share; it has track_id"):
        contract("bridge_track_artist").column("share")


def test_an_unknown_table_is_refused_with_the_closest_names() -> None:
    with pytest.raises(WrongUsage) as refused:
        contract("fact_streams")
    assert str(refused.value) == ('There is no table "fact_streams"; did you mean "fact_stream"?')


def test_the_committed_page_and_suites_are_what_the_contracts_say() -> None:
    stale = [path.name for path, text in generated(CHECKOUT).items() if path.read_text("utf-8") != text]
    assert stale == [], "run python -m tracklake.tables and commit what it writes"


@pytest.mark.parametrize(
    ("write", "error", "words"),
    [
        (pages.main, SystemExit, "There is no checkout of tracklake here"),
        (packing.pack, WrongUsage, "packed in a checkout"),
    ],
)
def test_where_the_library_is_installed_nothing_is_written_beside_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[], object],
    error: type[BaseException],
    words: str,
) -> None:
    for module in (resources, pages, packing):
        monkeypatch.setattr(module, "CHECKOUT", tmp_path)
    with pytest.raises(error, match=words):
        write()
    assert list(tmp_path.iterdir()) == []
