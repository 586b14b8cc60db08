-- The comparison within listeners by totals of sessions, in place of CTEs listener, side and compared of the oracle's
-- mart_interplay, which go through every session of every listener of an item.
varied AS (
    SELECT *, count(*) OVER (PARTITION BY period, period_start, item_type, user_id, session_key) AS items
    FROM (
        SELECT period, period_start, item_type, item_id, user_id, session_key, count(*) AS plays, sum(net) AS total
        FROM item
        GROUP BY ALL
    )
),

rest AS (
    SELECT
        varied.period, varied.period_start, varied.item_type, varied.item_id, varied.user_id, varied.session_key,
        CASE WHEN items > 1 THEN session.whole END AS whole,
        CASE WHEN items > 1
            THEN round((session.total - varied.total) / (session.plays - varied.plays))
        END AS others
    FROM varied
    JOIN session USING (period, period_start, user_id, session_key)
),

habit AS (
    SELECT period, period_start, item_type, user_id, count(*) AS sessions, sum(whole) AS wholes
    FROM (
        SELECT DISTINCT period, period_start, item_type, user_id, session_key, whole
        FROM rest
        WHERE whole IS NOT NULL
    )
    GROUP BY period, period_start, item_type, user_id
),

compared AS (
    SELECT
        rest.period, rest.period_start, rest.item_type, rest.item_id, rest.user_id,
        count(others) AS a,
        coalesce(any_value(habit.sessions), 0) - count(rest.whole) AS b,
        (avg(others) - (any_value(habit.wholes) - sum(rest.whole)) / nullif(b, 0)) / 1e6 AS d,
        CASE WHEN a > 0 AND b > 0 THEN a * b / (a + b) END AS w
    FROM rest
    LEFT JOIN habit USING (period, period_start, item_type, user_id)
    WHERE rest.item_id <> '(unknown)'
    GROUP BY rest.period, rest.period_start, rest.item_type, rest.item_id, rest.user_id
),
