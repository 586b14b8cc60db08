"""The charts of a report: each with a title, units on its axes, and its content in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import altair as alt

from tracklake.report.figures import Figures, Rows
from tracklake.report.words import times
from tracklake.shown import beginning

INK, MUTED, ACCENT, SECOND, WARM = "#1d2433", "#69748a", "#2f5fd0", "#12a594", "#d9822b"
PALE = "#8fb0f5"
QUADRANTS = {
    "star": ("Star", ACCENT),
    "hidden_gem": ("Hidden gem", SECOND),
    "over_exposed": ("Over-exposed", WARM),
    "fading": ("Fading", "#8a4fbf"),
    "unsure": ("Not sure", "#b3bac8"),
}
FUNNEL = {
    "new_listeners": ("New", SECOND),
    "returning_listeners": ("Returning", ACCENT),
    "reactivated_listeners": ("Back after a pause", PALE),
    "lapsed_listeners": ("Lost since the week before", WARM),
}
TIERS = ("super", "fan", "regular", "casual", "(other)")
SHORT = 34
_NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
MOST_GROUPS = 12
WIDTH = "container"


@dataclass(frozen=True)
class Chart:
    """A chart for a page: ``name`` is the id of its place, ``about`` what it shows, for those who cannot see it."""

    name: str
    title: str
    about: str
    note: str
    spec: dict[str, Any]

    @property
    def is_wide(self) -> bool:
        """Whether it needs the whole width of the page."""
        return self.name in ("tracks", "satisfaction", "funnel")


def charts(figures: Figures) -> list[Chart]:
    """The charts that the figures have numbers for, in the order in which they are told."""
    made = [make(figures) for make in _MAKERS]
    return [chart for chart in made if chart]


def _listeners(figures: Figures) -> Chart | None:
    rows = [
        {
            "week": f"{row['period_start']:%-d %b}",
            "order": f"{row['period_start']}",
            "listeners": row["listeners"],
        }
        for row in figures.weeks
    ]
    if len(rows) < 2:
        return None
    base = _plot(rows).encode(
        x=_weeks(),
        y=alt.Y("listeners:Q", title="Listeners per week", axis=alt.Axis(format="~s", tickMinStep=1)),
        tooltip=["week:N", "listeners:Q"],
    )
    first, last = rows[0], rows[-1]
    return _chart(
        base.mark_line(point=alt.OverlayMarkDef(size=60), color=ACCENT, strokeWidth=2.5),
        "listeners",
        "Listeners week by week",
        f"{first['listeners']:,} in the week of {first['week']}, {last['listeners']:,} in that of {last['week']}.",
        "The last week may be unfinished.",
    )


def _funnel(figures: Figures) -> Chart | None:
    rows = [
        {
            "week": f"{row['period_start']:%-d %b}",
            "order": f"{row['period_start']}",
            "who": who,
            "listeners": sign * row[name],
        }
        for row in figures.weeks
        if row["new_listeners"] is not None
        for name, (who, _) in FUNNEL.items()
        for sign in [-1 if name == "lapsed_listeners" else 1]
    ]
    if not rows:
        return None
    names, colours = zip(*FUNNEL.values(), strict=True)
    bars = (
        _plot(rows)
        .mark_bar()
        .encode(
            x=_weeks(),
            y=alt.Y(
                "listeners:Q",
                title="Listeners (lost ones below 0)",
                axis=alt.Axis(format="~s", tickMinStep=1),
            ),
            color=alt.Color(
                "who:N", title=None, scale=alt.Scale(domain=[*names], range=[*colours]), legend=_legend()
            ),
            tooltip=["week:N", "who:N", "listeners:Q"],
        )
    )
    last = figures.weeks[-1]
    told = ", ".join(
        f"{who.lower()} {last[name]:,}" for name, (who, _) in FUNNEL.items() if last[name] is not None
    )
    return _chart(
        bars,
        "funnel",
        "Who came, who came back, who left",
        f"Listeners of each week by where they came from; in the last week: {told or 'too few to tell'}.",
        "New: had not played the artist in the 52 weeks before. All listeners are new where the lake's past is short.",
    )


def _needs(figures: Figures) -> Chart | None:
    labels = {
        "reach": "Reach: share of new listeners",
        "conversion": "Conversion: likes, saves and playlist adds per listener",
        "retention": "Retention: listeners who came back",
        "satisfaction": "Satisfaction: share of a track heard",
        "catalogue": "Catalogue: tracks listening spreads over",
    }
    rows = [
        {
            "what": label,
            "percentile": figures.now[f"{name}_percentile"],
            "is_need": name == figures.now["needs"],
        }
        for name, label in labels.items()
        if figures.now.get(f"{name}_percentile") is not None
    ]
    if figures.artist_id is None or not rows:
        return None
    y = _category("what", [row["what"] for row in rows])
    scale = alt.Scale(domain=[0, 100])
    bars = (
        _plot(rows)
        .mark_bar(height=16)
        .encode(
            y=y,
            x=alt.X(
                "percentile:Q",
                title=f"Percent of the {figures.now['peers']} peers that have less",
                scale=scale,
            ),
            color=alt.condition("datum.is_need", alt.value(WARM), alt.value(ACCENT)),
            tooltip=["what:N", "percentile:Q"],
        )
    )
    middle = (
        _plot([{"half": 50}]).mark_rule(strokeDash=[4, 4], color=MUTED).encode(x=alt.X("half:Q", scale=scale))
    )
    return _chart(
        bars + middle,
        "needs",
        "Against artists of like size",
        "; ".join(f"{row['what']}: above {row['percentile']:.0f} % of peers" for row in rows) + ".",
        "The dashed line is the middle of the peers. Orange: the need.",
        height=40 * len(rows) + 20,
    )


def _market_needs(figures: Figures) -> Chart | None:
    if figures.artist_id is not None or not figures.groups:
        return None
    rows = [{"need": row["needs"].capitalize(), "artists": row["artists"]} for row in figures.groups]
    rows.sort(key=lambda row: -row["artists"])
    return _chart(
        _bars(rows, "need", "artists", "Artists whose need this is"),
        "needs",
        "What artists need most",
        "; ".join(f"{row['need']}: {row['artists']:,} artists" for row in rows) + ".",
        "Where each artist lies furthest below artists of like size.",
        height=34 * len(rows) + 20,
    )


def _places(figures: Figures) -> Chart | None:
    return _groups(
        figures, "place", "Where the listeners are", "Each listener counts where they play the artist most."
    )


def _tiers(figures: Figures) -> Chart | None:
    names = {"super": "Super listeners", "fan": "Fans", "regular": "Regulars", "casual": "Casual"}
    return _groups(
        figures,
        "tier",
        "How close they are",
        "Super listeners play the artist in three of four of their weeks, and for a tenth of their plays.",
        names,
        TIERS,
    )


def _groups(
    figures: Figures,
    kind: str,
    title: str,
    note: str,
    names: dict[str, str] | None = None,
    order: tuple[str, ...] = (),
) -> Chart | None:
    of_kind = [row for row in figures.groups if row.get("kind") == kind][:MOST_GROUPS]
    if not of_kind:
        return None
    if order:
        of_kind.sort(key=lambda row: order.index(row["group_name"]))
    else:
        of_kind.sort(key=lambda row: (row["group_name"] == "(other)", -row["listeners"]))
    named = {"(other)": "Too small to show alone", **(names or {})}
    rows = [
        {"group": _in_a_line(named.get(row["group_name"], row["group_name"])), "listeners": row["listeners"]}
        for row in of_kind
    ]
    return _chart(
        _bars(rows, "group", "listeners", "Listeners in 28 days"),
        kind,
        title,
        "; ".join(f"{row['group']}: {row['listeners']:,} listeners" for row in rows) + ".",
        note,
        height=30 * len(rows) + 20,
    )


def _tracks(figures: Figures) -> Chart | None:
    rows = [
        {
            "track": f"{number}. {_short(row['title'] or row['track_id'])}",
            "low": 100 * row["skip_low"],
            "high": 100 * row["skip_high"],
            "rate": 100 * row["skip_rate"],
            "shrunk": 100 * row["skip_shrunk"],
            "plays": row["plays"],
        }
        for number, row in enumerate(figures.tracks, start=1)
        if row["skip_rate"] is not None
    ]
    if not rows:
        return None
    y = _category("track", [row["track"] for row in rows])
    x = alt.Scale(domainMin=0, zero=True)
    tooltip = [
        "track:N",
        "plays:Q",
        alt.Tooltip("rate:Q", format=".1f"),
        alt.Tooltip("shrunk:Q", format=".1f"),
    ]
    spans = (
        _plot(rows)
        .mark_rule(color=MUTED, strokeWidth=2)
        .encode(
            y=y,
            x=alt.X("low:Q", title="Plays skipped, percent", scale=x, axis=alt.Axis(tickCount=8)),
            x2="high:Q",
            tooltip=tooltip,
        )
    )
    dots = (
        _plot(rows)
        .mark_circle(size=90, color=ACCENT, opacity=1)
        .encode(y=y, x=alt.X("shrunk:Q", scale=x), tooltip=tooltip)
    )
    return _chart(
        spans + dots,
        "tracks",
        "How often tracks are skipped",
        "; ".join(
            f"{row['track']}: {row['shrunk']:.0f} % ({row['low']:.0f} to {row['high']:.0f})" for row in rows
        )
        + ".",
        "In the order of streams. Dot: best guess, drawn towards the usual where plays are few. Line: the rate is here"
        " 19 times in 20.",
        height=28 * len(rows) + 20,
    )


def _cohorts(figures: Figures) -> Chart | None:
    told = [
        (f"Since {row['group_name']}", row["listeners"], row["previous_listeners"])
        for row in figures.groups
        if row.get("kind") == "cohort"
        and row["previous_listeners"]
        and row["group_name"] not in ("(other)", str(figures.start))
    ]
    rows = [
        {
            "cohort": cohort,
            "low": 100 * listeners / _most_that_began(began, figures.k),
            "high": 100 * listeners / began,
            "listeners": listeners,
        }
        for cohort, listeners, began in told
    ]
    if not rows:
        return None
    rows.sort(key=lambda row: row["cohort"])
    bars = _plot(rows).encode(
        y=_category("cohort", [row["cohort"] for row in rows]), tooltip=["cohort:N", "listeners:Q"]
    )
    x = alt.Scale(domain=[0, 100])
    known = bars.mark_bar(color=ACCENT, height=16).encode(
        x=alt.X("low:Q", title="Percent of them who listened now", scale=x)
    )
    possible = bars.mark_bar(color=PALE, height=16).encode(x=alt.X("low:Q", scale=x), x2="high:Q")
    return _chart(
        known + possible,
        "cohorts",
        "How many stay",
        "; ".join(f"{row['cohort'].lower()}: {_percent(row['low'], row['high'])}" for row in rows) + ".",
        "Of the listeners who first played the artist in the 28 days from a date, those who listened now. How many"
        f" these were is told in steps of {figures.k}: where a bar has a pale part, the share ends in it.",
        height=34 * len(rows) + 20,
    )


def _most_that_began(told: int, k: int) -> int:
    """How many may have begun in a cohort of which ``told`` is shown: a number that is not in whole k is exact."""
    return told if told % k else told + k - 1


def _percent(low: float, high: float) -> str:
    first, last = f"{low:.0f}", f"{high:.0f}"
    return f"{last} %" if first == last else f"{first} to {last} %"


def _top_artists(figures: Figures) -> Chart | None:
    rows = [
        {
            "artist": f"{number}. {_short(row['name'] or row['artist_id'])}",
            "streams": row["streams"],
        }
        for number, row in enumerate(figures.artists[:MOST_BARS], start=1)
    ]
    if not rows:
        return None
    return _chart(
        _bars(rows, "artist", "streams", "Streams in 28 days"),
        "artists",
        "Most streamed artists",
        "; ".join(f"{row['artist']}: {row['streams']:,} streams" for row in rows) + ".",
        "A stream is a play of at least 30 seconds, or of a shorter track to its end.",
        height=28 * len(rows) + 20,
    )


def _momentum(figures: Figures) -> Chart | None:
    rows = [
        {
            "artist": row["name"],
            "listeners": row["listeners"],
            "momentum": 100 * (times(row["momentum"]) - 1),
        }
        for row in figures.artists
        if row["momentum"] is not None and row["momentum"] < 1
    ]
    if len(rows) < 3:
        return None
    points = (
        _plot(rows)
        .mark_circle(size=70, color=ACCENT, opacity=0.6)
        .encode(
            x=alt.X(
                "listeners:Q",
                title="Listeners in 28 days (logarithmic)",
                scale=alt.Scale(type="log", nice=False, padding=12),
                axis=alt.Axis(format="~s", tickCount=5),
            ),
            y=alt.Y("momentum:Q", title="Streams against the 28 days before, percent"),
            tooltip=["artist:N", "listeners:Q", alt.Tooltip("momentum:Q", format="+.0f")],
        )
    )
    zero = _plot([{"y": 0}]).mark_rule(color=MUTED, strokeDash=[4, 4]).encode(y="y:Q")
    rising = max(rows, key=lambda row: row["momentum"])
    return _chart(
        points + zero,
        "momentum",
        "Who is rising",
        f"{len(rows):,} artists; {rising['artist']} grew most, by {rising['momentum']:.0f} %.",
        "Streams per day against the 28 days before. Small artists swing more by chance.",
    )


def _satisfaction(figures: Figures) -> Chart | None:
    rows: Rows = [
        {
            "name": row["name"],
            "listeners": row["listeners"],
            "effect": row["shrunk_effect"],
            "low": row["shrunk_low"],
            "high": row["shrunk_high"],
            "what": QUADRANTS.get(row["quadrant"], QUADRANTS["unsure"])[0],
        }
        for row in figures.map
    ]
    if not rows:
        return None
    names, colours = zip(*QUADRANTS.values(), strict=True)
    x = alt.X(
        "listeners:Q",
        title="Listeners in 28 days (logarithmic)",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format="~s", tickCount=5),
    )
    colour = alt.Color(
        "what:N", title=None, scale=alt.Scale(domain=[*names], range=[*colours]), legend=_legend()
    )
    tooltip = ["name:N", "what:N", "listeners:Q", alt.Tooltip("effect:Q", format="+.2f")]
    title = "Effect on the rest of the session (log-odds of return)"
    dots = (
        _plot(rows)
        .mark_circle(size=90, opacity=0.9)
        .encode(x=x, y=alt.Y("effect:Q", title=title), color=colour, tooltip=tooltip)
    )
    spans = (
        _plot(rows)
        .mark_rule(opacity=0.5)
        .encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=colour, tooltip=tooltip)
    )
    middle = [{"effect": figures.map[0]["middle_effect"], "listeners": figures.map[0]["middle_listeners"]}]
    dashed = _plot(middle).mark_rule(color=MUTED, strokeDash=[4, 4])
    counts = {name: sum(row["what"] == name for row in rows) for name in names}
    return _chart(
        spans + dots + dashed.encode(y="effect:Q") + dashed.encode(x=x),
        "satisfaction",
        "Satisfaction and exposure",
        "; ".join(f"{name}: {count}" for name, count in counts.items() if count) + ".",
        "Higher: sessions of the same listeners go better with it. Dashed: the medians of all, by which stars, gems and"
        " the others are told. Line: 19 times in 20 it lies here.",
        height=320,
    )


MOST_BARS = 15
_MAKERS: tuple[Callable[[Figures], Chart | None], ...] = (
    _listeners,
    _needs,
    _funnel,
    _market_needs,
    _top_artists,
    _momentum,
    _places,
    _tiers,
    _cohorts,
    _tracks,
    _satisfaction,
)


def _plot(rows: Rows) -> alt.Chart:
    """A chart of the rows, which stand in the page."""
    return alt.Chart(alt.InlineData(values=rows))


def _bars(rows: Rows, what: str, count: str, title: str) -> Any:
    return (
        _plot(rows)
        .mark_bar(color=ACCENT, height=16)
        .encode(
            y=_category(what, [row[what] for row in rows]),
            x=alt.X(f"{count}:Q", title=title, axis=alt.Axis(format="~s", tickMinStep=1, tickCount=6)),
            tooltip=[f"{what}:N", alt.Tooltip(f"{count}:Q", format=",.0f")],
        )
    )


def _category(name: str, order: list[str]) -> alt.Y:
    return alt.Y(
        f"{name}:N", title=None, sort=order, axis=alt.Axis(labelLimit=230, ticks=False, domain=False)
    )


def _weeks() -> alt.X:
    return alt.X(
        "week:N",
        title="Week beginning (Monday, UTC)",
        sort=alt.EncodingSortField("order", op="min"),
        axis=alt.Axis(labelAngle=0, labelOverlap=True),
    )


def _legend() -> alt.Legend:
    return alt.Legend(orient="top", direction="horizontal", columns=3, symbolLimit=10, labelLimit=220)


def _in_a_line(text: str | None) -> str:
    """A name as a category: without control characters and what separates lines, which Vega cannot read in its
    expressions."""
    return _NOT_IN_A_LINE.sub(" ", text or "(no name)")


def _short(text: str | None) -> str:
    return beginning(_in_a_line(text), SHORT)


def _chart(chart: Any, name: str, title: str, about: str, note: str, height: int = 260) -> Chart:
    """The chart with its title and words, as wide as its place."""
    font = "system-ui, sans-serif"
    spec = (
        chart.properties(title=title, description=f"{title}. {about}", width=WIDTH, height=height)
        .configure(font=font, autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
        .configure_view(stroke=None)
        .configure_title(anchor="start", fontSize=17, color=INK, offset=12)
        .configure_axis(
            labelColor=INK,
            titleColor=MUTED,
            gridColor="#e6e9f0",
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
        )
        .configure_legend(labelColor=INK, labelFontSize=12)
    )
    return Chart(name, title, about, note, spec.to_dict(validate=True))
