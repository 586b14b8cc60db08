-- One row per event of a user, with the start of the session it belongs to (30 minutes; longer gaps part sessions).
WITH mark AS (
    SELECT
        event_id,
        user_id,
        event_time,
        CASE
            WHEN event_time - lag(event_time) OVER (PARTITION BY user_id ORDER BY event_time) <= INTERVAL 30 MINUTE
                THEN NULL
            ELSE event_time
        END AS starts_here
    FROM event
    WHERE user_id IS NOT NULL
)

SELECT event_id, user_id, event_time, max(starts_here) OVER (PARTITION BY user_id ORDER BY event_time) AS started_at
FROM mark
