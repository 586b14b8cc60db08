"""Source sessions: when listeners start listening, day by day, and for how many plays."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tracklake.generator import words
from tracklake.generator.chance import Chance, one_of

SLOTS: tuple[tuple[float, float, float, float], ...] = (
    (5.5, 9.25, 0.75, 0.40),
    (10.0, 13.25, 0.80, 1.25),
    (14.0, 17.25, 0.95, 1.50),
    (18.0, 21.25, 2.00, 1.90),
    (22.0, 25.5, 0.70, 1.10),
)
"""Parts of a day: first and last start in local hours, weight on working days, weight at weekends.

Parts are 45 minutes apart, so that two starts of one listener are too."""

EVENING, NIGHT = 3, 4
MOST_PLAYS = 80

_MS_PER_HOUR = 3_600_000
_MS_PER_DAY = 24 * _MS_PER_HOUR
_DAYS_PER_USER = 20_000  # room in a sessionId, so that a longer run keeps the ids of a shorter one


def sessions(listeners: DataFrame, chance: Chance, days: int, start: date) -> DataFrame:
    """One row per source session that starts in the range, with its start and the time at which it is cut.

    A session is cut when the same listener's next one starts. A change of level needs an evening session,
    which then takes place whatever the chance; a day of moving house has no sessions.
    """
    user, day = F.col("user"), F.col("day")
    local_days = F.sequence(F.greatest(F.col("joined"), F.lit(-1)), F.least(F.col("left"), F.lit(days)))
    listening_days = (
        listeners.where(F.col("left") >= F.col("joined"))
        .withColumn("day", F.explode(local_days))
        .withColumns(
            {
                "metro": F.when(day >= F.col("moved"), F.col("next_home")).otherwise(F.col("home")),
                "changes_today": F.array_contains("changes", day),
                "changes_before": F.size(F.filter("changes", lambda change: change < day)),
            }
        )
        .withColumn("zero_ms", _local_midnight_ms(start, day, F.col("metro")))
    )
    starts = listening_days.withColumns(
        {f"start_{slot}": _start(chance, slot, user, day, start) for slot in range(len(SLOTS))}
    )
    first_of_tomorrow = F.col("zero_ms") + F.lit(round((24 + SLOTS[0][0]) * _MS_PER_HOUR))
    of_day = [
        F.when(
            F.col(f"start_{slot}").isNotNull(),
            F.struct(
                F.lit(slot).alias("slot"),
                F.col(f"start_{slot}").alias("start_ms"),
                F.coalesce(
                    *[F.col(f"start_{later}") for later in range(slot + 1, len(SLOTS))], first_of_tomorrow
                )
                .cast("bigint")
                .alias("cut_ms"),
            ),
        )
        for slot in range(len(SLOTS))
    ]
    slot = F.col("s.slot")
    changes = F.col("changes_today") & (slot == EVENING)
    done = F.col("changes_before") + F.when(F.col("changes_today") & (slot == NIGHT), 1).otherwise(0)
    paid = F.col("starts_paid") != (F.pmod(done, F.lit(2)) == 1)
    first_ms, end_ms = _utc_midnight_ms(start, F.lit(0)), _utc_midnight_ms(start, F.lit(days))
    return (
        starts.withColumn("s", F.explode(F.array_compact(F.array(*of_day))))
        .where((F.col("s.start_ms") >= first_ms) & (F.col("s.start_ms") < end_ms))
        .select(
            "user",
            "day",
            ((user * _DAYS_PER_USER + day + 1) * len(SLOTS) + slot + 1).alias("session"),
            F.col("s.start_ms").alias("start_ms"),
            F.least("s.cut_ms", end_ms).alias("cut_ms"),
            paid.alias("paid"),
            changes.alias("changes"),
            "registered_ms",
            "impatience",
            "female",
            "first",
            "last",
            "agent",
            "metro",
        )
        .withColumn("plays", _plays(chance, F.col("session"), F.col("paid"), F.col("changes")))
    )


def _start(chance: Chance, slot: int, user: Column, day: Column, start: date) -> Column:
    """When the listener's session in this part of the day starts, in epoch ms; null if there is none."""
    first, last, working, weekend = SLOTS[slot]
    weight = F.when(F.dayofweek(F.date_add(F.lit(start), day)).isin(1, 7), weekend).otherwise(working)
    happens = chance.happens(f"slot {slot}", 1 - F.exp(-F.col("activity") * weight), user, day)
    in_middle = (chance.uniform(f"minute {slot}", user, day) + chance.uniform(f"ms {slot}", user, day)) / 2
    forced = F.col("changes_today") if slot == EVENING else F.lit(False)
    hours = first + (last - first) * in_middle
    return F.when(
        (happens & (day != F.col("moved"))) | forced, F.col("zero_ms") + F.floor(hours * _MS_PER_HOUR)
    )


def _plays(chance: Chance, session: Column, paid: Column, changes: Column) -> Column:
    """Plays of a session, unless it is cut: log-normal, 1 to 80; paying listeners have a third more."""
    drawn = F.exp(1.75 + 0.95 * chance.normal("plays", session) + F.when(paid, 0.3).otherwise(0.0))
    fewest = F.when(changes, 2).otherwise(1)
    return F.greatest(fewest, F.least(F.floor(drawn), F.lit(MOST_PLAYS))).cast("int")


def _local_midnight_ms(start: date, day: Column, metro: Column) -> Column:
    ahead_ms = one_of([round(hours * _MS_PER_HOUR) for _, hours in words.METROS], metro)
    return _utc_midnight_ms(start, day) - ahead_ms


def _utc_midnight_ms(start: date, day: Column) -> Column:
    return (F.unix_date(F.lit(start)) + day).cast("bigint") * _MS_PER_DAY
