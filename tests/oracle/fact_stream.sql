-- One row per play. How long it was heard is not logged: until the same user's next event (of any type) in the same
-- source session, the track's length at most; a length of 0 is an unknown one.
WITH followed AS (
    SELECT
        *,
        lead(event_time) OVER (
            PARTITION BY user_id, session_id ORDER BY event_time, item_in_session NULLS FIRST, event_id
        ) AS next_time
    FROM event
),

play AS (
    SELECT
        *,
        CASE
            WHEN duration_ms = 0 OR duration_ms IS NULL OR next_time IS NULL THEN nullif(duration_ms, 0)
            ELSE least(duration_ms, epoch_ms(next_time) - epoch_ms(event_time))
        END AS ms_played,
        coalesce(user_id, '(anonymous)') AS listener
    FROM followed
    WHERE event_type = 'play'
),

heard AS (
    SELECT *, coalesce(ms_played >= nullif(duration_ms, 0) - 1000, false) AS to_its_end
    FROM play
)

SELECT
    heard.event_id,
    heard.event_time,
    heard.event_date,
    version.user_key,
    heard.user_id,
    key_of(credit.track_id) AS track_key,
    credit.track_id,
    key_at(credit.artist_id, TIMESTAMP '1970-01-01') AS artist_key,
    credit.artist_id,
    key_at(session.user_id, session.started_at) AS session_key,
    heard.ms_played,
    heard.duration_ms,
    CASE
        WHEN heard.ms_played IS NOT NULL AND heard.duration_ms > 0
            THEN least(1.0, greatest(0.0, CAST(heard.ms_played AS DOUBLE) / heard.duration_ms))
    END AS completion,
    heard.ms_played IS NULL OR heard.ms_played >= 30000 OR (heard.duration_ms < 30000 AND to_its_end) AS is_stream,
    heard.ms_played IS NOT NULL AND heard.ms_played < 30000 AND NOT to_its_end AS is_skip,
    heard.level,
    heard.source,
    heard.item_in_session
FROM heard
JOIN credit
    ON credit.track_name IS NOT DISTINCT FROM heard.track_name
    AND credit.artist_name IS NOT DISTINCT FROM heard.artist_name
ASOF JOIN dim_user AS version ON version.user_id = heard.listener AND version.valid_from <= heard.event_time
LEFT JOIN session ON session.event_id = heard.event_id
