"""Bring up to date how satisfied listeners were, and how tracks and artists play together with that."""

from collections.abc import Collection
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame

from tracklake import cli
from tracklake.affected import begun_before, lasted_into
from tracklake.run import Run
from tracklake.tables import contract
from tracklake.transforms.behaviour import LOOK_BACK, RETURN, session_behaviour, session_history
from tracklake.transforms.comparison import compared
from tracklake.transforms.interplay import effects, interplay
from tracklake.transforms.periods import days_of, is_on, starts_of
from tracklake.transforms.reactions import corrected, explained, reactions
from tracklake.transforms.return_model import QUALITY, default, fit, learned_from, sample, served_by
from tracklake.transforms.satisfaction import dates_reached, index, user_periods

FACTS = ("fact_session", "fact_stream", "fact_feedback")


def main(run: Run) -> None:
    """Builds session_satisfaction, its models and the marts on them anew where facts that they rest on changed.

    With --start and --end, those of the sessions of these dates are built again in any case.
    """
    changes = run.changes("build_satisfaction", *FACTS)
    changed = run.asked_for("fact_session").union(*(changes.dates(fact) for fact in FACTS))
    if not changed:
        return
    with run.steps.step("Looking at how sessions were listened to"):
        changed |= begun_before(run, changed)
        dates = dates_reached(changed, run.slices("fact_session"))
        behaviour = run.keep("behaviour", behaviour_on(run, dates), by="session_date")
    with run.steps.step("Learning what goes with return"):
        relearned = learn(run, dates, behaviour)
    served_anew = {day for day in run.slices("fact_session") if served_by({day}) & relearned}

    models = run.read("satisfaction_model")
    rest = run.published("session_satisfaction", served_anew - dates).select(behaviour.columns)
    run.stage("session_satisfaction", index(behaviour.unionByName(rest), models), dates | served_anew)

    starts = starts_of(dates | served_anew)
    sessions = run.read("session_satisfaction", days_of(starts))
    run.stage("mart_user_satisfaction", user_periods(sessions, starts), starts)

    starts = starts_of(changed | served_anew)
    with run.steps.step("Looking at how plays were received"):
        received = run.keep("reactions", reactions_on(run, days_of(starts), models))
        usual = run.keep("explained", explained(received, starts))
    with run.steps.step("Comparing sessions within listeners"):
        k = run.conf.privacy.k
        found = run.keep("effects", effects(compared(corrected(received, usual)), k))
    run.stage("mart_interplay", interplay(found, k), starts)


def behaviour_on(run: Run, dates: Collection[date]) -> DataFrame:
    """The behaviour of the sessions that began on these dates."""
    there = run.slices("fact_session")
    nearby = {day for day in there if any(one - LOOK_BACK <= day <= one + RETURN for one in dates)}
    heard = lasted_into(run, dates)
    before = {day for day in run.slices("fact_stream") if any(one - LOOK_BACK <= day <= one for one in dates)}
    return session_behaviour(
        run.read("fact_session", dates),
        session_history(run.read("fact_session", nearby), max(there, default=max(dates))),
        run.read("fact_stream", before | heard),
        run.read("fact_feedback", heard),
    )


def reactions_on(run: Run, dates: Collection[date], models: DataFrame) -> DataFrame:
    """The reactions to the plays of the sessions that began on these dates."""
    heard = lasted_into(run, dates)
    return reactions(
        run.read("fact_stream", heard),
        run.read("fact_session", dates),
        run.read("fact_feedback", heard),
        models,
    )


def learn(run: Run, dates: set[date], behaviour: DataFrame) -> set[date]:
    """Stages the models of the periods whose sessions to learn from are told differently, or that have none yet.

    ``behaviour`` is that of the sessions of ``dates``. Returns the first days of the periods whose weights are
    not what they were.
    """
    there, modelled = run.slices("fact_session"), run.slices("satisfaction_model")
    needed = served_by(there)
    periods = {day for day in needed if day not in modelled or learned_from(day) & dates}
    if not periods | (modelled - needed):
        return set()
    models = [model_of(run, period, dates, behaviour) for period in sorted(periods)]
    nothing = contract("satisfaction_model").no_rows(run.spark)
    run.stage(
        "satisfaction_model", reduce(DataFrame.unionByName, models, nothing), periods | (modelled - needed)
    )
    was, now = (read("satisfaction_model", periods).drop(*QUALITY) for read in (run.published, run.read))
    return {row.period_start for row in now.exceptAll(was).select("period_start").collect()}


def model_of(run: Run, period: date, dates: set[date], behaviour: DataFrame) -> DataFrame:
    """The model that serves a period."""
    days = learned_from(period) & run.slices("fact_session")
    if not days:
        return default(run.spark, period)
    before = run.published("session_satisfaction", days - dates).select(behaviour.columns)
    now = behaviour.where(is_on("session_date", days & dates))
    return fit(run.keep(f"learned-from-{period}", sample(before.unionByName(now))), period)


if __name__ == "__main__":
    cli.launch(main)
