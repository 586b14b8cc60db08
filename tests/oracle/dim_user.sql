-- One row per version of a user: a maximal run of the user's events, in order, with equal level and location.
-- A field that an event does not carry keeps its last value. What counts at a moment is the state after its last event,
-- so that no two versions of a user begin at one time.
WITH state AS (
    SELECT
        user_id,
        event_time,
        last_value(level IGNORE NULLS) OVER so_far AS level,
        last_value(location IGNORE NULLS) OVER so_far AS location
    FROM event
    WHERE user_id IS NOT NULL
    WINDOW so_far AS (
        PARTITION BY user_id
        ORDER BY event_time, item_in_session NULLS FIRST, event_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
    QUALIFY row_number() OVER (
        PARTITION BY user_id, event_time ORDER BY item_in_session DESC NULLS LAST, event_id DESC
    ) = 1
),

change AS (
    SELECT user_id, event_time AS valid_from, level, location
    FROM state
    WINDOW in_order AS (PARTITION BY user_id ORDER BY event_time)
    QUALIFY lag(event_time) OVER in_order IS NULL
        OR level IS DISTINCT FROM lag(level) OVER in_order
        OR location IS DISTINCT FROM lag(location) OVER in_order
),

version AS (
    SELECT *, lead(valid_from) OVER (PARTITION BY user_id ORDER BY valid_from) AS valid_to
    FROM change
),

person AS (
    SELECT user_id, last_value(gender IGNORE NULLS) OVER whole AS gender,
        last_value(registered_at IGNORE NULLS) OVER whole AS registered_at
    FROM event
    WHERE user_id IS NOT NULL
    WINDOW whole AS (
        PARTITION BY user_id
        ORDER BY event_time, item_in_session NULLS FIRST, event_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
    QUALIFY row_number() OVER (PARTITION BY user_id) = 1
)

SELECT
    key_at(user_id, valid_from) AS user_key,
    user_id,
    level,
    gender,
    location,
    registered_at,
    valid_from,
    valid_to,
    valid_to IS NULL AS is_current
FROM version
JOIN person USING (user_id)

UNION ALL

SELECT
    key_at('(anonymous)', TIMESTAMP '1970-01-01'), '(anonymous)', NULL, NULL, NULL, NULL, TIMESTAMP '1970-01-01', NULL, true
