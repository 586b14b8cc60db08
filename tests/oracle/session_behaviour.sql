-- One row per session with plays: how it was listened to, and whether the listener came back. Fractions are kept to
-- millionths wherever they are added up.
WITH marked AS (
    SELECT
        *,
        lag(event_time) OVER (PARTITION BY user_id, track_id ORDER BY event_time) AS track_before,
        lag(event_time) OVER (PARTITION BY user_id, artist_id ORDER BY event_time) AS artist_before,
        lag(is_skip, 1, FALSE) OVER (
            PARTITION BY session_key ORDER BY event_time, item_in_session NULLS FIRST, event_id
        ) AS after_skip
    FROM fact_stream
    WHERE user_id IS NOT NULL
),

by_artist AS (
    SELECT session_key, artist_id, count(*) AS plays
    FROM marked
    GROUP BY session_key, artist_id
),

mix AS (
    SELECT
        session_key,
        greatest(0.0, ln(sum(plays)) - sum(round(plays * ln(plays) * 1e6)) / sum(plays) / 1e6) AS artist_entropy,
        sum(plays * plays) / (sum(plays) * sum(plays)) AS artist_concentration
    FROM by_artist
    GROUP BY session_key
),

heard AS (
    SELECT
        session_key,
        round(sum(round(completion * 1e6)) / count(completion)) / 1e6 AS completion,
        count(*) FILTER (WHERE is_skip) / count(*) AS skip_share,
        count(*) FILTER (WHERE is_skip AND after_skip) / count(*) AS skip_run_share,
        count(*) FILTER (WHERE track_before IS NULL OR event_time - track_before > INTERVAL 28 DAY) / count(*)
            AS discovery,
        count(*) FILTER (WHERE artist_before IS NULL OR event_time - artist_before > INTERVAL 28 DAY) / count(*)
            AS artist_discovery
    FROM marked
    GROUP BY session_key
),

said AS (
    SELECT
        session.session_key,
        count(*) FILTER (WHERE feedback.event_type <> 'dislike') AS praises,
        count(*) FILTER (WHERE feedback.event_type = 'dislike') AS dislikes
    FROM fact_session AS session
    JOIN fact_feedback AS feedback
        ON feedback.user_id = session.user_id
        AND feedback.event_time BETWEEN session.started_at AND session.ended_at
    GROUP BY session.session_key
),

visit AS (
    SELECT
        session_key,
        started_at,
        lead(started_at) OVER of_user AS next_at,
        (
            SELECT count(*) FROM fact_session AS earlier
            WHERE earlier.user_id = session.user_id AND earlier.plays > 0
                AND earlier.started_at < session.started_at
                AND earlier.started_at >= session.started_at - INTERVAL 28 DAY
        ) AS recent_sessions,
        (SELECT max(session_date) FROM fact_session) + INTERVAL 1 DAY AS known_until
    FROM fact_session AS session
    WHERE plays > 0
    WINDOW of_user AS (PARTITION BY user_id ORDER BY started_at)
)

SELECT
    session.session_key,
    session.user_id,
    session.started_at,
    session.session_date,
    session.plays,
    session.listening_ms,
    heard.completion,
    round(heard.skip_share * 1e6) / 1e6 AS skip_share,
    round(heard.skip_run_share * 1e6) / 1e6 AS skip_run_share,
    round(least(1.0, coalesce(said.praises, 0) / session.plays) * 1e6) / 1e6 AS praise_rate,
    round(least(1.0, coalesce(said.dislikes, 0) / session.plays) * 1e6) / 1e6 AS dislike_rate,
    round(ln(1 + session.plays) * 1e6) / 1e6 AS length,
    round(heard.discovery * 1e6) / 1e6 AS discovery,
    round(heard.artist_discovery * 1e6) / 1e6 AS artist_discovery,
    round(mix.artist_entropy * 1e6) / 1e6 AS artist_entropy,
    round(mix.artist_concentration * 1e6) / 1e6 AS artist_concentration,
    visit.recent_sessions,
    CASE
        WHEN visit.started_at + INTERVAL 1 DAY <= visit.known_until
            THEN coalesce(visit.next_at <= visit.started_at + INTERVAL 1 DAY, FALSE)
    END AS returned_1d,
    CASE
        WHEN visit.started_at + INTERVAL 7 DAY <= visit.known_until
            THEN coalesce(visit.next_at <= visit.started_at + INTERVAL 7 DAY, FALSE)
    END AS returned_7d
FROM fact_session AS session
JOIN visit USING (session_key)
JOIN heard USING (session_key)
JOIN mix USING (session_key)
LEFT JOIN said USING (session_key)
