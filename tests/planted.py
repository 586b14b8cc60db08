"""Plays into which the truth was planted: what each track does to the rest of the sessions it is played in.

Everything that misleads is planted, too: contented listeners prefer certain tracks and the evening, some tracks open
sessions, plays are heard less of the later they come, longer sessions hold more tracks, and tracks differ in how much
of them is heard, which says nothing of what they do to others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PERIOD_START = date(2024, 1, 22)
MINUTE = 60_000_000
SHIFT = 0.03
"""What a track with an effect adds to (or takes from) the completion of every other play of its session."""


@dataclass(frozen=True)
class Planted:
    """A folder with the facts as Parquet, and each track's effect on completion."""

    folder: Path
    shifts: dict[str, float]


def plant(folder: Path, seed: int = 7, users: int = 400, sessions: int = 30, tracks: int = 60) -> Planted:
    """Writes fact_stream, fact_session and fact_feedback of one period of 28 days, as far as they are read.

    A quarter of the tracks lifts the sessions they are in, a quarter lowers them, half do nothing.
    """
    chance = np.random.default_rng(seed)
    shift = SHIFT * np.repeat([1, -1, 0, 0], tracks // 4)[chance.permutation(tracks)]
    liking = chance.choice([-0.8, 0.8], tracks)
    opener = chance.random(tracks) < 0.2
    evening_track = chance.random(tracks) < 0.3
    quality = chance.normal(0, 0.05, tracks)

    contentment = np.repeat(chance.normal(0, 1, users), sessions)
    count = users * sessions
    evening = chance.random(count) < 1 / (1 + np.exp(-contentment))
    mood = chance.normal(0, 0.04, count)
    folder.mkdir(parents=True, exist_ok=True)

    wish = liking * contentment[:, None] + 0.7 * evening_track * evening[:, None]
    # Tracks come or stay away one by one, so that none takes another's place.
    appetite = chance.normal(-2.4, 0.4, count)
    comes = chance.random((count, tracks)) < 1 / (1 + np.exp(-wish - appetite[:, None]))
    comes[np.arange(count), chance.integers(0, tracks, count)] = True
    length = comes.sum(axis=1)
    wanted = comes + chance.random((count, tracks))
    ranked = np.argsort(-wanted, axis=1)
    played = np.arange(tracks) < length[:, None]
    # Openers come first, all else in any order.
    turn = ~opener[ranked] + chance.random((count, tracks))
    ranked = np.take_along_axis(ranked, np.argsort(np.where(played, turn, 2), axis=1), axis=1)
    session, place = np.nonzero(played)
    track = ranked[session, place]

    lift = np.bincount(session, weights=shift[track], minlength=count)
    heard = (
        0.55
        + 0.08 * contentment[session]
        + mood[session]
        + quality[track]
        + 0.04 * evening[session]
        - 0.02 * np.log2(place + 1)
        + lift[session]
        - shift[track]
        + chance.normal(0, 0.08, len(track))
    ).clip(0, 1)

    day = np.tile(np.arange(sessions) * 28 // sessions, users)
    hour = np.where(evening, 19, 9)
    number = np.tile(np.arange(sessions), users)
    midnight = np.datetime64(PERIOD_START, "us").astype(np.int64)
    # Two sessions of one day are hours apart: the second begins in the small hours of the half day.
    began = midnight + ((day * 24 + hour) * 60 + (number % 2) * 150) * MINUTE
    ended = began + (length - 1) * 4 * MINUTE
    user = np.repeat([f"user {n}" for n in range(users)], sessions)
    key = np.array([f"session {n}" for n in range(count)])

    pq.write_table(
        pa.table(
            {
                "session_key": key,
                "user_id": user,
                "started_at": _moments(began),
                "ended_at": _moments(ended),
                "session_date": _moments(began).cast(pa.date32()),
                "plays": length,
                "listening_ms": np.bincount(session, weights=np.round(heard * 200_000)).astype(np.int64),
            }
        ),
        folder / "fact_session.parquet",
    )
    at = began[session] + place // 2 * 8 * MINUTE  # two at a time: their items tell which came first
    pq.write_table(
        pa.table(
            {
                "event_id": [f"play {n}" for n in range(len(track))],
                "event_time": _moments(at),
                "event_date": _moments(at).cast(pa.date32()),
                "user_id": user[session],
                "session_key": key[session],
                "track_key": [f"key of track {n}" for n in track],
                "track_id": [f"track {n}" for n in track],
                "artist_id": [f"artist {n // 2}" for n in track],
                "completion": heard,
                "is_skip": chance.random(len(track)) < 0.1,
                "item_in_session": place,
            }
        ),
        folder / "fact_stream.parquet",
    )
    said = chance.random(len(track)) < 0.02
    pq.write_table(
        pa.table(
            {
                "event_id": [f"said {n}" for n in range(int(said.sum()))],
                "event_time": _moments(at[said] + MINUTE // 2),
                "event_date": _moments(at[said] + MINUTE // 2).cast(pa.date32()),
                "user_id": user[session][said],
                "track_key": [f"key of track {n}" for n in track[said]],
                "event_type": chance.choice(["like", "dislike", "playlist_add"], int(said.sum())),
            }
        ),
        folder / "fact_feedback.parquet",
    )
    return Planted(folder, {f"track {n}": float(shift[n]) for n in range(tracks)})


def _moments(micros: np.ndarray) -> pa.Array:
    return pa.array(micros, pa.timestamp("us", tz="UTC"))
