"""What happens in a session, step by step: a way in, plays with the pages between them, a way out."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tracklake.generator.catalogue import Catalogue
from tracklake.generator.chance import Chance, zipf_rank

FAVOURITES = 12
TASTE = 0.55
ALBUM = 0.20
SKIPPED_WITHIN_30_S = 0.72
ADVERT_MS = 30_000
MOST_CHANGE_STEPS = 2
"""A change of level comes after two plays at most: then nothing can cut it off."""

_NEXT, _ANONYMOUS = ",", "-"


def plays(sessions: DataFrame, chance: Chance, catalogue: Catalogue) -> DataFrame:
    """One row per step: what is played (nothing in the first and the last step) and for how long."""
    user, session, step = F.col("user"), F.col("session"), F.col("step")
    ids = (session, step)
    is_play = (step > 0) & (step <= F.col("plays"))
    album = chance.happens("album", ALBUM, session)
    theirs = chance.happens("taste", TASTE, *ids) | album
    nth = zipf_rank(
        chance.uniform("which favourite", session, F.when(album, 0).otherwise(step)), FAVOURITES, 1.0
    )
    favourite = catalogue.popular_artist(chance.uniform("favourite", user, nth))
    other = catalogue.popular_artist(chance.uniform("artist", *ids))
    artist, track = F.col("artist"), F.col("track")
    drawn_track = catalogue.popular_track(artist, chance.uniform("track", *ids))
    next_of_album = F.pmod(F.floor(chance.uniform("album", session) * 60) + step, catalogue.tracks_of(artist))
    return (
        sessions.withColumn("step", F.explode(F.sequence(F.lit(0), F.col("plays") + 1)))
        .withColumns({"is_play": is_play, "theirs": theirs, "album": album})
        .withColumn("artist", F.when(F.col("is_play"), F.when(F.col("theirs"), favourite).otherwise(other)))
        .withColumn("track", F.when(F.col("album"), next_of_album).otherwise(drawn_track))
        .withColumns(
            {"length": catalogue.seconds(artist, track), "quality": catalogue.quality(artist, track)}
        )
        .withColumn("length_ms", F.round(F.col("length") * 1000).cast("bigint"))
        .withColumn("skips", F.col("is_play") & _skips(chance, *ids))
        .withColumn(
            "played_ms", F.when(F.col("skips"), _until_skip(chance, *ids)).otherwise(F.col("length_ms"))
        )
    )


def events(plays: DataFrame, chance: Chance, slice_of_day: tuple[str, ...]) -> DataFrame:
    """One row per event: page, whether it is anonymous, ts, its place in the session, and its step's columns.

    `slice_of_day` names the columns by which the rows are partitioned already, so that nothing is shuffled.
    """
    steps = plays.withColumn("pages", _pages(chance)).withColumn(
        "pages_count", F.when(F.col("pages") == "", 0).otherwise(F.size(F.split("pages", _NEXT)))
    )
    ids = (F.col("session"), F.col("step"))
    between_ms = F.floor(2_000 + 16_000 * chance.uniform("between pages", *ids))
    buffering_ms = F.when(F.col("skips"), 0).otherwise(F.floor(1_500 * chance.uniform("buffering", *ids)))
    timed = steps.withColumns(
        {
            "between_ms": between_ms,
            "first_gap_ms": F.when(F.col("is_play"), F.col("played_ms") + buffering_ms).otherwise(between_ms),
            "rest_ms": _advert_ms() + _pause_ms(chance, *ids),
        }
    )
    so_far = (
        Window.partitionBy(*slice_of_day, "session")
        .orderBy("step")
        .rowsBetween(Window.unboundedPreceding, -1)
    )
    place = F.col("place")
    return (
        timed.withColumn(
            "step_ms",
            F.when(F.col("pages_count") == 0, 0).otherwise(
                F.col("first_gap_ms") + (F.col("pages_count") - 1) * F.col("between_ms") + F.col("rest_ms")
            ),
        )
        .withColumns(
            {
                "step_start_ms": F.col("start_ms") + F.coalesce(F.sum("step_ms").over(so_far), F.lit(0)),
                "item_before": F.coalesce(F.sum("pages_count").over(so_far), F.lit(0)),
            }
        )
        .where((F.col("step_start_ms") < F.col("cut_ms")) & (F.col("pages_count") > 0))
        .select("*", F.posexplode(F.split("pages", _NEXT)).alias("place", "happening"))
        .withColumn(
            "ts",
            F.col("step_start_ms")
            + F.when(place == 0, 0).otherwise(F.col("first_gap_ms") + (place - 1) * F.col("between_ms")),
        )
        .where(F.col("ts") < F.col("cut_ms"))
        .withColumns(
            {
                "page": F.ltrim("happening", F.lit(_ANONYMOUS)),
                "anonymous": F.col("happening").startswith(_ANONYMOUS),
                "item": F.col("item_before") + place,
                "is_paid": F.col("paid") != (F.col("changes") & (F.col("step") > _change_step(chance))),
            }
        )
    )


def _skips(chance: Chance, *ids: Column) -> Column:
    """A logistic model: weak tracks and impatient listeners skip more, favourites are skipped less."""
    odds = (
        -0.9
        + 2.0 * (0.5 - F.col("quality"))
        + 0.8 * F.col("impatience")
        - F.when(F.col("theirs"), 0.6).otherwise(0.0)
    )
    return chance.happens("skip", 1 / (1 + F.exp(-odds)), *ids)


def _until_skip(chance: Chance, *ids: Column) -> Column:
    """Milliseconds until a skip: 72 % of skips in the first 30 seconds, most of these in the first few."""
    when = chance.uniform("skip at", *ids)
    early = F.least(F.lit(30_000.0), F.col("length_ms") * 0.9) * F.pow(when, F.lit(2.5))
    late = 30_000 + (F.col("length_ms") - 32_000) * when
    is_late = (F.col("length_ms") > 40_000) & ~chance.happens("early skip", SKIPPED_WITHIN_30_S, *ids)
    return (F.floor(F.when(is_late, late).otherwise(early)) + 500).cast("bigint")


def _change_step(chance: Chance) -> Column:
    return F.floor(chance.uniform("change step", F.col("session")) * (MOST_CHANGE_STEPS + 1))


def _pages(chance: Chance) -> Column:
    """The pages of a step in order, as one text. In the first step the way in, in the last the way out.

    A text and not an array: Spark compiles the dropping of nulls in concat_ws, but not in array_compact."""
    session, step = F.col("session"), F.col("step")
    first, last, play = step == 0, step > F.col("plays"), F.col("is_play")
    heard, skipped, paid = play & ~F.col("skips"), play & F.col("skips"), F.col("paid")
    changes = F.col("changes") & (step == _change_step(chance))
    logs_in = first & chance.happens("logs in", 0.08, session)
    logs_out = last & chance.happens("logs out", 0.10, session)
    likes = 0.02 + 0.10 * F.col("quality")

    def sometimes(condition: Column, share: Column | float, page: str, anonymous: bool = False) -> Column:
        purpose = f"{page} logged out" if anonymous else page
        return _when(condition & chance.happens(purpose, share, session, step), page, anonymous)

    return F.concat_ws(
        _NEXT,
        sometimes(logs_in, 0.8, "Home", anonymous=True),
        sometimes(logs_in, 0.1, "About", anonymous=True),
        _when(logs_in, "Login", anonymous=True),
        _when(logs_in | (first & chance.happens("lands at home", 0.5, session)), "Home"),
        _when(play, "NextSong"),
        sometimes(heard, likes, "Thumbs Up"),
        sometimes(skipped, 0.06, "Thumbs Down"),
        sometimes(heard, 0.03, "Add to Playlist"),
        sometimes(heard, 0.008, "Add Friend"),
        sometimes(play, 0.05, "Home"),
        sometimes(play, 0.006, "Settings"),
        sometimes(play, 0.0015, "Save Settings"),
        sometimes(play, 0.005, "Help"),
        sometimes(play, 0.003, "About"),
        sometimes(play, 0.0012, "Error"),
        sometimes(heard & ~paid, 0.12, "Roll Advert"),
        sometimes(play & ~paid & ~changes, 0.008, "Upgrade"),
        sometimes(play & paid & ~changes, 0.006, "Downgrade"),
        _when(changes & ~paid, "Upgrade"),
        _when(changes & ~paid, "Submit Upgrade"),
        _when(changes & paid, "Downgrade"),
        _when(changes & paid, "Submit Downgrade"),
        _when(logs_out, "Logout"),
        sometimes(logs_out, 0.5, "Home", anonymous=True),
        sometimes(logs_out, 0.1, "Help", anonymous=True),
    )


def _when(condition: Column, page: str, anonymous: bool = False) -> Column:
    return F.when(condition, f"{_ANONYMOUS}{page}" if anonymous else page)


def _advert_ms() -> Column:
    return F.when(F.col("pages").contains("Roll Advert"), ADVERT_MS).otherwise(0)


def _pause_ms(chance: Chance, *ids: Column) -> Column:
    """Three in a hundred plays are followed by a pause, 12 minutes on average and three hours at most."""
    pauses = F.col("is_play") & (F.col("step") > MOST_CHANGE_STEPS) & chance.happens("pause", 0.03, *ids)
    minutes = F.least(F.lit(180.0), chance.waiting("pause length", 12.0, *ids))
    return F.when(pauses, F.floor(minutes * 60_000)).otherwise(0)
