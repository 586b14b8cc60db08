"""The Data Docs as a person meets them: in a browser, without a network."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from selenium import webdriver
from selenium.webdriver.common.by import By

from tests.staged_rows import PLAY, frame
from tracklake import data_docs, resources
from tracklake.data_docs import DataDocs
from tracklake.quality import Auditor
from tracklake.suite_files import load_suite
from tracklake.tables import contract

EVENT = {
    "event_id": "e1",
    "event_type": "page_view",
    "event_time": datetime(2018, 11, 1, 12),
    "event_date": datetime(2018, 11, 1).date(),
    "user_id": "101",
    "source": "sparkify",
    "source_file": "log-1.json",
    "ingested_at": datetime(2018, 11, 2),
    "run_id": "run-1",
    "user_agent": "Mozilla/5.0 (Macintosh)",
    "location": "Waterloo-Cedar Falls, IA",
}
NAMED = EVENT | {"event_id": "e2", "extra": '{"firstName": "Lily", "lastName": "Koch", "ip": "10.1.2.3"}'}

CARELESS = (
    '"meta": {"columns": ["source"]}, "description": "extra holds',
    '"meta": {"columns": ["extra", "user_agent", "location"]}, "description": "extra holds',
)
"""What makes a rule ask for samples of columns that may say who somebody is."""

COMMON = {"type": "expect_column_most_common_value_to_be_in_set", "severity": "warning"}
"""An expectation of a column as a whole, which tells values of it."""
EVIL = '<svg onload="document.title=1"><img src=//evil.example/p.png><!--'
"""What a log may send for a text."""

Browser = webdriver.Chrome


@pytest.fixture(scope="module")
def site(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The docs of a lake with two runs: a green one, and one with a level that is none and a person's name."""
    docs, suites = tmp_path_factory.mktemp("lake") / "_docs", tmp_path_factory.mktemp("suites")
    for table in ("event", "fact_stream"):
        of_texts = load_suite(table)
        of_texts["expectations"] += [
            COMMON | {"kwargs": {"column": column, "value_set": ["free"]}}
            for column in ("level", "location")
            if column in contract(table).names
        ]
        suite = json.dumps(of_texts)
        (suites / f"{table}.json").write_text(suite.replace(*CARELESS))
    against = {
        "dim_date": spark.sql("SELECT DATE '2018-11-01' AS date"),
        "dim_user": spark.sql("SELECT 'u1' AS user_key"),
        "dim_track": spark.sql("SELECT 't1' AS track_key, 'SO1' AS track_id"),
        "dim_artist": spark.sql("SELECT 'a1' AS artist_key, 'AR1' AS artist_id"),
        "fact_session": spark.sql("SELECT 's1' AS session_key"),
    }
    runs: dict[str, dict[str, list[dict[str, Any]]]] = {
        "green-run": {"fact_stream": [PLAY]},
        "red-run": {
            "fact_stream": [PLAY | {"level": "gold"}, PLAY | {"event_id": "e2", "level": EVIL}],
            "event": [EVENT, NAMED],
        },
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "suites", lambda: suites)
        for run, tables in runs.items():
            auditor = Auditor(spark, str(docs), run)
            for table, rows in tables.items():
                auditor.audit(table, frame(spark, table, *rows), against, in_one_task=True)
            auditor.build_docs()
    return docs / "site"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Headless Chromium that can reach no server at all."""
    driver = shutil.which("chromedriver")
    if not driver:
        assert "CI" not in os.environ, "There is no chromedriver: apt-get install chromium chromium-driver."
        pytest.skip("There is no chromedriver here: apt-get install chromium chromium-driver.")
    options = webdriver.ChromeOptions()
    for flag in (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
        " --disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1400,1000"
    ).split():
        options.add_argument(flag)
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('browser')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as opened:
        yield opened


@pytest.mark.slow
def test_a_failed_expectation_is_found_by_clicks(site: Path, browser: Browser) -> None:
    browser.get((site / "index.html").as_uri())
    runs = [row.text for row in browser.find_elements(By.CSS_SELECTOR, "tbody tr")]
    assert [(text.split()[0], "failed" in text) for text in runs] == [("red-run", True), ("green-run", False)]

    browser.find_element(By.CSS_SELECTOR, "tbody tr a.bad[href*=fact_stream]").click()
    browser.find_element(By.XPATH, "//label[contains(., 'Failed Only')]").click()
    shown = browser.find_element(By.TAG_NAME, "body").text
    assert "gold" in shown
    assert (shown.count(EVIL), browser.title) == (2, "Data documentation compiled by Great Expectations")
    assert "level is one of free, paid." in shown
    assert "completion is ms_played / duration_ms" not in shown

    browser.find_element(By.LINK_TEXT, "All runs").click()
    assert browser.current_url == (site / "index.html").as_uri()
    assert [entry["message"] for entry in browser.get_log("browser")] == []


@pytest.mark.slow
def test_what_is_folded_unfolds_and_a_suite_has_its_page(site: Path, browser: Browser) -> None:
    browser.get((site / "index.html").as_uri())
    browser.find_element(By.CSS_SELECTOR, "a.good[href*=fact_stream]").click()
    assert "Great Expectations Version" not in browser.find_element(By.TAG_NAME, "body").text
    browser.find_element(By.PARTIAL_LINK_TEXT, "Show more info").click()
    assert "Great Expectations Version" in browser.find_element(By.TAG_NAME, "body").text

    browser.get((site / "index.html").as_uri())
    browser.find_element(By.LINK_TEXT, "event").click()
    browser.get((site / "index.html").as_uri())
    browser.find_element(By.XPATH, "//h2[.='Suites']/following::a[.='fact_stream']").click()
    assert "No two rows have the same event_id." in browser.find_element(By.TAG_NAME, "body").text
    assert [entry["message"] for entry in browser.get_log("browser")] == []


def test_no_page_asks_another_server_for_anything(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert not re.findall(
            r"""(?:src|href)=["']https?:[^"']*|@import|url\(["']?https?:""", page.read_text()
        )


def test_texts_of_rows_are_no_html_and_no_page_may_load_anything(site: Path) -> None:
    pages = {page: page.read_text() for page in site.rglob("*.html")}
    assert not [page for page, text in pages.items() if "<svg onload" in text or "<img src=//" in text]
    (red,) = (site / "validations" / "fact_stream" / "red-run").rglob("*.html")
    assert pages[red].count("&lt;svg onload=&quot;document.title=1&quot;&gt;&lt;img src=") == 2
    policy = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; """
    assert [text.index(policy) < 100 for text in pages.values()] == [True] * len(pages)


def test_no_page_says_who_somebody_is(site: Path) -> None:
    """Sample rows hold the pseudonymous user_id, which finds the row; names, places and addresses are withheld."""
    (page,) = (site / "validations" / "event").rglob("*.html")
    assert "event_id e2, user_agent (withheld), location (withheld), extra (withheld)" in page.read_text()
    every = "".join(page.read_text() for page in site.parent.rglob("*") if page.suffix in (".html", ".json"))
    for told in ("Lily", "Koch", "10.1.2.3", "Waterloo", "Macintosh"):
        assert told not in every


def audited(lake: Path, number: int, **passed: bool) -> DataDocs:
    """The docs of a lake once its run of that number has audited these tables, and before it builds the pages."""
    docs = DataDocs(str(lake), f"run-{number}")
    from great_expectations.core import ExpectationSuiteValidationResult, RunIdentifier

    docs._run = RunIdentifier(f"run-{number}", datetime(2026, 1, number, 12, tzinfo=UTC))
    for table, success in passed.items():
        statistics = {"evaluated_expectations": 0, "successful_expectations": 0}
        statistics |= {"unsuccessful_expectations": 0, "success_percent": None}
        result = ExpectationSuiteValidationResult(
            success, [], table, statistics=statistics, meta={}, batch_id=f"tracklake-{table}"
        )
        docs.add({**load_suite(table), "expectations": []}, result)
    return docs


def listed(index: str) -> list[tuple[str, str, list[str]]]:
    """The runs of an index: name, verdict, and tables."""
    rows = re.findall(r"<tr>\n<td class=\"nowrap\">(.*?)</tr>", Path(index).read_text(), re.DOTALL)
    return [
        (row.partition("<")[0], re.findall(r">(passed|failed)<", row)[0], re.findall(r"html\">(\w+)<", row))
        for row in rows
    ]


def test_the_index_lists_no_run_of_which_it_would_not_list_all_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_docs, "MOST_LISTED", 4)
    for number in (1, 2, 3):
        index = audited(tmp_path, number, dim_date=True, event=False).build()
    assert listed(index) == [(f"run-{number}", "failed", ["event", "dim_date"]) for number in (3, 2)]
    index = audited(tmp_path, 4, dim_date=True).build()
    assert listed(index) == [("run-4", "passed", ["dim_date"]), ("run-3", "failed", ["event", "dim_date"])]
    index = audited(tmp_path, 5, dim_date=True, event=True).build()
    assert listed(index) == [("run-5", "passed", ["dim_date", "event"]), ("run-4", "passed", ["dim_date"])]
    assert len([*(tmp_path / "site" / "validations").rglob("*.html")]) == 9


def test_runs_that_the_index_no_longer_lists_go_once_they_are_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_docs, "MOST_LISTED", 3)
    for number in (1, 2, 3):
        audited(tmp_path, number, dim_date=True, event=False).build()
    assert data_docs.outlived(str(tmp_path), datetime.now(UTC) - timedelta(days=1)) == {}
    gone = data_docs.outlived(str(tmp_path), datetime.now(UTC) + timedelta(days=1))
    assert {(folder, len(files)) for folder, files in gone.items()} == {
        (f"{place}/{table}/run-1", 1)
        for place in ("results", "site/validations")
        for table in ("dim_date", "event")
    }


def test_the_index_lists_no_run_that_died_before_all_its_pages_were_made(tmp_path: Path) -> None:
    audited(tmp_path, 1, dim_date=True, event=False).build()
    (page,) = (tmp_path / "site" / "validations" / "event").rglob("*.html")
    page.unlink()
    audited(tmp_path, 2, dim_date=True)
    assert listed(audited(tmp_path, 3, dim_date=True).build()) == [("run-3", "passed", ["dim_date"])]
    assert len([*(tmp_path / "site" / "validations").rglob("*.html")]) == 2
