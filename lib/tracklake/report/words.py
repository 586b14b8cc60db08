"""What a report says in words: its headline numbers, the need, how sure it is, and what it hides."""

from __future__ import annotations

from dataclasses import dataclass

from tracklake.report.figures import Figures
from tracklake.transforms.artist_performance import FEWEST_PEERS

NEEDS = {
    "reach": ("New listeners", "of its listeners are new", True),
    "conversion": ("Turning listeners into fans", "likes, saves and playlist adds per listener", False),
    "retention": ("Keeping listeners", "of the listeners of the 28 days before came back", True),
    "satisfaction": ("Satisfaction", "of a track is heard on average", True),
    "catalogue": ("A broader catalogue", "tracks that listening spreads over", False),
}


@dataclass(frozen=True)
class Headline:
    """A number to look at first, and what it is."""

    value: str
    label: str


def headlines(figures: Figures) -> list[Headline]:
    """The numbers to look at first."""
    now = figures.now
    if figures.artist_id is None:
        return [
            Headline(f"{now['artists']:,}", "artists with enough listeners to be shown"),
            Headline(f"{now['streams']:,}", "streams of theirs"),
        ]
    told = [
        Headline(f"{now['listeners']:,}", "listeners"),
        Headline(f"{now['streams']:,}", "streams"),
        Headline(f"{now['streams_per_listener']:.1f}", "streams per listener"),
    ]
    if now["new_listeners"] is not None:
        told.append(Headline(f"{now['new_listeners'] / now['listeners']:.0%}", "of listeners are new"))
    if now["momentum"] is not None:
        told.append(Headline(growth(now["momentum"]), "streams per day against the 28 days before"))
    return told


def need(figures: Figures) -> str:
    """What the artist needs most and the numbers that say so; empty for the market."""
    now = figures.now
    if figures.artist_id is None:
        return ""
    if not now["needs"]:
        if now["peers"] < FEWEST_PEERS:
            return f"There are too few artists of like size to compare with: it takes {FEWEST_PEERS}."
        return (
            "In nothing that is measured here does this artist lie below the middle of artists of like size."
        )
    title, what, is_share = NEEDS[now["needs"]]
    own, peers = (_number(now[name], is_share) for name in ("needs_value", "needs_peer_median"))
    return (
        f"{title}: {own} {what}; in the middle of the {now['peers']:,} artists of like size it is {peers}."
        f" {now[now['needs'] + '_percentile']:.0f}% of them have less."
    )


def certainty(figures: Figures) -> list[str]:
    """How sure the numbers are, one sentence each."""
    sentences = [
        "Numbers of listeners are exact up to 4,096; larger ones are within 3 % of the truth 19 times in 20.",
        "Rates of tracks come with an interval: the true rate lies in it 19 times in 20, if plays are independent of"
        " each other. They are not quite, so read short intervals of small tracks with care.",
        "Where plays are few, dots are drawn towards what is usual among all tracks: two of two is less sure than 900"
        " of 1,000.",
    ]
    if not figures.has_every_day:
        sentences.insert(
            0,
            f"Of these 28 days the lake has plays of {figures.days} only: who listened on the others is not counted."
            " Streams are compared per day.",
        )
    return sentences


def hidden(figures: Figures) -> list[str]:
    """What is hidden for privacy, one sentence each."""
    names = {"mart_artist": "the artist", "mart_track_performance": "tracks"}
    if figures.artist_id is None:
        names["mart_artist"] = "artists"
    sentences = [
        f"No figure here is of fewer than {figures.k} listeners, and no plays of fewer can be found by subtraction."
        " What two numbers of listeners differ by, as those of 28 days and of one of their weeks, may be fewer."
    ]
    for row in figures.hidden:
        if row["hidden"]:
            sentences.append(
                f"Of {names[row['table']]}, {row['hidden']:,} of {row['rows']:,} {_rows_of(row['period'])} are hidden."
            )
    return sentences


def growth(momentum: float) -> str:
    """Momentum as a change in percent, or as a multiple where it is large."""
    if momentum >= 1:
        return "from nothing"
    now = times(momentum)
    return f"× {now:.1f}" if now >= 3 else f"{now - 1:+.0%}"


def times(momentum: float) -> float:
    """How many times as much as before: momentum is (now - before) / (now + before), below 1."""
    return (1 + momentum) / (1 - momentum)


def _rows_of(period: str) -> str:
    return {"day": "rows of days", "week": "rows of weeks", "28_days": "rows of these 28 days"}[period]


def _number(value: float, is_share: bool) -> str:
    return f"{value:.0%}" if is_share else f"{value:.2g}" if value < 1 else f"{value:.1f}"
