"""The report as people see it: in a browser, without a network, with words for every picture."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jobs import report
from tests.facts import facts
from tracklake.errors import WrongUsage
from tracklake.report import words
from tracklake.report.charts import charts
from tracklake.report.figures import Figures
from tracklake.report.page import page

K = 3
START = date(2025, 10, 27)
ODD_NAME = "One\u2028two\u2029three\nfour"
IN_BLOCK = f"period_start = DATE '{START}' AND period = '28_days' AND NOT is_suppressed"


@pytest.fixture(scope="module")
def oracle() -> duckdb.DuckDBPyConnection:
    return facts(K)


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found = con.execute(query)
    names = [name for name, *_ in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def of_artist(con: duckdb.DuckDBPyConnection, artist: str, **changed: Any) -> Figures:
    own = f"artist_id = '{artist}'"
    [now] = rows(
        con,
        f"""SELECT * REPLACE (
            12.5::DOUBLE AS reach_percentile, 40.0::DOUBLE AS conversion_percentile,
            61.0::DOUBLE AS satisfaction_percentile, 'reach' AS needs,
            0.1::DOUBLE AS needs_value, 0.3::DOUBLE AS needs_peer_median
        ) FROM mart_artist WHERE {own} AND {IN_BLOCK}""",
    )
    tracks = rows(
        con,
        f"""SELECT *, 'Song ' || track_id AS title FROM mart_track_performance WHERE {own} AND {IN_BLOCK}
        ORDER BY streams DESC""",
    )
    figures = {
        "name": "Ólafur & the <b>Band</b>",
        "artist_id": artist,
        "start": START,
        "days": now["days"],
        "k": K,
        "now": now,
        "weeks": rows(
            con,
            f"""SELECT * REPLACE (
                5 AS new_listeners, listeners - 5 AS returning_listeners, 0 AS reactivated_listeners,
                6 AS lapsed_listeners
            ) FROM mart_artist WHERE {own} AND period = 'week' AND NOT is_suppressed
            AND period_start < DATE '2025-11-24' ORDER BY period_start""",
        ),
        "groups": rows(
            con,
            f"""SELECT *, CASE kind WHEN 'also_plays' THEN 'Artist ' || group_name END AS artist_name
            FROM mart_artist_audience WHERE {own} AND period_start = DATE '{START}' ORDER BY kind, listeners DESC""",
        ),
        "tracks": tracks,
        "map": on_map([track["title"] for track in tracks]),
        "hidden": [{"table": "mart_artist", "period": "day", "rows": 28, "hidden": 28}],
    }
    return Figures(**{**figures, **changed})


def of_market(con: duckdb.DuckDBPyConnection) -> Figures:
    artists = rows(
        con,
        f"SELECT *, 'Artist ' || artist_id AS name FROM mart_artist WHERE {IN_BLOCK} ORDER BY streams DESC",
    )
    return Figures(
        name="The market",
        artist_id=None,
        start=START,
        days=28,
        k=K,
        now={"artists": len(artists), "streams": sum(row["streams"] for row in artists)},
        groups=rows(
            con,
            f"SELECT needs, count(*) AS artists FROM mart_artist WHERE {IN_BLOCK} AND needs IS NOT NULL GROUP BY needs",
        ),
        tracks=rows(
            con,
            f"""SELECT *, 'A song with a name that is longer than any chart has room for ' || track_id AS title
            FROM mart_track_performance WHERE {IN_BLOCK} ORDER BY streams DESC LIMIT 15""",
        ),
        artists=artists,
        map=on_map([row["name"] for row in artists]),
        hidden=[{"table": "mart_track_performance", "period": "28_days", "rows": 59, "hidden": 12}],
    )


def on_map(names: list[str]) -> list[dict[str, Any]]:
    quadrants = ("star", "hidden_gem", "over_exposed", "fading", "unsure")
    return [
        {
            "name": name,
            "listeners": 5 * (n + 1) ** 2,
            "shrunk_effect": (n % 5 - 2) / 10,
            "shrunk_low": (n % 5 - 2) / 10 - 0.1,
            "shrunk_high": (n % 5 - 2) / 10 + 0.1,
            "quadrant": quadrants[n % 5],
            "middle_effect": -0.05,
            "middle_listeners": 180.0,
        }
        for n, name in enumerate(names)
    ]


def test_a_need_is_told_with_the_numbers_that_say_so(oracle: duckdb.DuckDBPyConnection) -> None:
    now = {
        "needs": "retention",
        "needs_value": 0.2,
        "needs_peer_median": 0.35,
        "retention_percentile": 12.5,
        "peers": 41,
    }
    figures = of_artist(oracle, "a20", now=now)
    assert words.need(figures) == (
        "Keeping listeners: 20% of the listeners of the 28 days before came back; in the middle of the 41 artists of"
        " like size it is 35%. 12% of them have less."
    )


def test_without_a_need_it_is_told_whether_there_was_anyone_to_compare_with(
    oracle: duckdb.DuckDBPyConnection,
) -> None:
    """What is hidden, or what a source does not say, is no want of peers."""
    now = {
        "needs": None,
        "reach_percentile": None,
        "satisfaction_percentile": None,
        "conversion_percentile": 90.0,
    }
    nothing, nobody = (words.need(of_artist(oracle, "a20", now={**now, "peers": peers})) for peers in (10, 9))
    assert nothing.startswith("In nothing that is measured here does this artist lie below")
    assert nobody == "There are too few artists of like size to compare with: it takes 10."


def test_how_many_stay_is_told_as_far_as_it_is_known(oracle: duckdb.DuckDBPyConnection) -> None:
    """Those who began are told in whole k: of 6 that are told, 8 may have begun. 7 are all of them."""
    groups = [
        {"kind": "cohort", "group_name": began_on, "listeners": listeners, "previous_listeners": began}
        for began_on, listeners, began in (("2025-09-01", 6, 6), ("2025-09-29", 3, 7), ("(other)", 4, None))
    ]
    [chart] = [one for one in charts(of_artist(oracle, "a20", groups=groups)) if one.name == "cohorts"]
    assert chart.about == "since 2025-09-01: 75 to 100 %; since 2025-09-29: 43 %."
    assert "in steps of 3" in chart.note


def test_a_page_does_not_promise_that_numbers_of_listeners_differ_by_enough(
    oracle: duckdb.DuckDBPyConnection,
) -> None:
    assert words.hidden(of_artist(oracle, "a20"))[0] == (
        "No figure here is of fewer than 3 listeners, and no plays of fewer can be found by subtraction. What two"
        " numbers of listeners differ by, as those of 28 days and of one of their weeks, may be fewer."
    )


def test_every_chart_has_a_title_units_and_words(oracle: duckdb.DuckDBPyConnection) -> None:
    for figures in (of_artist(oracle, "a20"), of_market(oracle)):
        made = charts(figures)
        assert len(made) >= 4
        for chart in made:
            assert chart.spec["title"] == chart.title
            assert chart.spec["description"].startswith(chart.title)
            assert re.search(r"\d", chart.about), f"{chart.name} tells no number"
            layers = [layer["encoding"] for layer in chart.spec.get("layer", [chart.spec])]
            for axis in ("x", "y"):
                of_axis = [layer[axis] for layer in layers if axis in layer]
                assert any(one.get("title") or one["type"] == "nominal" for one in of_axis), chart.name


def test_names_cannot_put_markup_into_the_page(oracle: duckdb.DuckDBPyConnection) -> None:
    html = page(of_artist(oracle, "a20"), 1, date(2026, 1, 1))
    assert "Ólafur &amp; the &lt;b&gt;Band&lt;/b&gt;" in html
    assert "<b>Band" not in html
    evil = of_artist(oracle, "a20")
    evil.tracks[0]["title"] = "</script><script>alert(1)</script>"
    assert "</script><script>alert" not in page(evil, 1, date(2026, 1, 1))


def test_a_category_is_one_line_whatever_the_name_holds(oracle: duckdb.DuckDBPyConnection) -> None:
    odd = of_artist(oracle, "a20")
    odd.tracks[0]["title"] = ODD_NAME
    [chart] = [one for one in charts(odd) if one.name == "tracks"]
    assert chart.about.startswith("1. One two three four: ")


def test_places_whose_names_begin_alike_have_a_bar_each(oracle: duckdb.DuckDBPyConnection) -> None:
    places = [f"Bundesrepublik Deutschland, Nordrhein-Westfalen, {city}" for city in ("Bonn", "Köln")]
    groups = [{"kind": "place", "group_name": place, "listeners": 9} for place in places]
    [chart] = [one for one in charts(of_artist(oracle, "a20", groups=groups)) if one.name == "place"]
    [bars] = chart.spec["datasets"].values()
    assert [row["group"] for row in bars] == places
    assert chart.about == f"{places[0]}: 9 listeners; {places[1]}: 9 listeners."


def test_a_page_asks_nothing_of_a_network(oracle: duckdb.DuckDBPyConnection) -> None:
    html = page(of_market(oracle), 1, date(2026, 1, 1))
    markup = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=[\"'](?!data:)", markup)
    assert "default-src 'none'" in html


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Headless Chromium, which logs every message of a page's console."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    flags = (
        "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
        " disable-component-update disable-sync"
    )
    for flag in flags.split():
        options.add_argument(f"--{flag}")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


@pytest.mark.slow
@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("which", ["artist", "market"])
def test_a_page_renders_without_errors_at_any_width(
    oracle: duckdb.DuckDBPyConnection, browser: Any, tmp_path: Path, which: str, width: int
) -> None:
    figures = of_market(oracle) if which == "market" else of_artist(oracle, "a20")
    figures.tracks[0]["title"] = ODD_NAME
    file = tmp_path / "report.html"
    file.write_text(page(figures, 3, START + timedelta(days=60)), encoding="utf-8")
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    browser.get_log("browser")
    browser.get(file.as_uri())
    deadline = time.monotonic() + 60
    while not browser.execute_script("return document.body.dataset.rendered") and time.monotonic() < deadline:
        time.sleep(0.1)

    assert browser.get_log("browser") == []
    drawn = browser.execute_script(
        """
        return [...document.querySelectorAll(".chart")].map(chart => ({
            label: chart.getAttribute("aria-label"),
            title: chart.querySelector(".mark-text.role-title-text")?.textContent ?? "",
            axes: [...chart.querySelectorAll(".role-axis-title")].map(one => one.textContent),
            marks: chart.querySelectorAll(".role-mark path, .role-mark line").length,
            wider: chart.querySelector("svg").getBoundingClientRect().width > chart.clientWidth + 1,
        }))
        """
    )
    assert len(drawn) == len(charts(figures))
    for chart in drawn:
        assert chart["title"]
        assert chart["label"].startswith(chart["title"])
        assert chart["axes"]
        assert chart["marks"]
        assert not chart["wider"], chart["title"]
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_a_report_into_a_folder_is_wrong_usage(tmp_path: Path) -> None:
    run: Any = None  # is not asked anything before
    with pytest.raises(WrongUsage, match=re.escape(f"such as {tmp_path}/report.html")):
        report.main(run, market=True, output=str(tmp_path))
