-- The comparison within listeners by totals of sessions, in place of CTEs listener, side and compared of the oracle's
-- mart_interplay, which go through every session of every listener of an item.
habit AS (
    SELECT period, period_start, user_id, count(*) AS sessions, sum(whole) AS wholes
    FROM session
    GROUP BY period, period_start, user_id
),

rest AS (
    SELECT
        own.period, own.period_start, own.item_type, own.item_id, own.user_id, session.whole,
        CASE
            WHEN session.plays > own.plays THEN round((session.total - own.total) / (session.plays - own.plays))
        END AS others
    FROM own
    JOIN session USING (period, period_start, user_id, session_key)
),

compared AS (
    SELECT
        rest.period, rest.period_start, rest.item_type, rest.item_id, rest.user_id,
        count(others) AS a,
        any_value(habit.sessions) - count(*) AS b,
        (avg(others) - (any_value(habit.wholes) - sum(rest.whole)) / nullif(b, 0)) / 1e6 AS d,
        CASE WHEN a > 0 AND b > 0 THEN a * b / (a + b) END AS w
    FROM rest
    JOIN habit USING (period, period_start, user_id)
    GROUP BY rest.period, rest.period_start, rest.item_type, rest.item_id, rest.user_id
),
