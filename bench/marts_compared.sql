-- The comparison within listeners by totals of sessions, in place of CTEs listener, side and compared of the oracle's
-- mart_interplay, which go through every session of every listener of an item.
habit AS (
    SELECT period, period_start, item_type, user_id, count(*) AS sessions, sum(whole) AS wholes
    FROM session
    CROSS JOIN (VALUES ('track'), ('artist')) AS kind (item_type)
    WHERE CASE item_type WHEN 'track' THEN tracks ELSE artists END > 1
    GROUP BY period, period_start, item_type, user_id
),

-- Of sessions that hold something else, too.
rest AS (
    SELECT
        own.period, own.period_start, own.item_type, own.item_id, own.user_id,
        CASE WHEN session.plays > own.plays THEN session.whole END AS whole,
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
        coalesce(any_value(habit.sessions), 0) - a AS b,
        (avg(others) - (any_value(habit.wholes) - sum(rest.whole)) / nullif(b, 0)) / 1e6 AS d,
        CASE WHEN a > 0 AND b > 0 THEN a * b / (a + b) END AS w
    FROM rest
    LEFT JOIN habit USING (period, period_start, item_type, user_id)
    GROUP BY rest.period, rest.period_start, rest.item_type, rest.item_id, rest.user_id
),
