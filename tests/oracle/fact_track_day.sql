-- One row per track and day on which it was played, liked or added to a playlist. Listeners are users, not anonymous visitors.
WITH heard AS (
    SELECT
        track_id,
        event_date,
        count(*) AS plays,
        count(*) FILTER (WHERE is_stream) AS streams,
        count(*) FILTER (WHERE is_skip) AS skips,
        count(DISTINCT user_id) FILTER (WHERE user_id <> '(anonymous)') AS listeners,
        coalesce(sum(ms_played), 0) AS listening_ms,
        count(*) FILTER (WHERE is_skip AND ms_played < 5000) AS early_skips,
        count(*) FILTER (WHERE user_id <> '(anonymous)')
            - count(DISTINCT (user_id, track_id)) FILTER (WHERE user_id <> '(anonymous)') AS replays,
        sum(least(ms_played, duration_ms)) FILTER (WHERE duration_ms > 0 AND ms_played IS NOT NULL) AS heard_ms,
        sum(duration_ms) FILTER (WHERE duration_ms > 0 AND ms_played IS NOT NULL) AS length_ms,
        count(*) FILTER (WHERE duration_ms > 0 AND ms_played IS NOT NULL) AS measured_plays
    FROM fact_stream
    GROUP BY track_id, event_date
),

praised AS (
    SELECT
        track_id,
        event_date,
        count(*) FILTER (WHERE event_type = 'like') AS likes,
        count(*) FILTER (WHERE event_type = 'playlist_add') AS playlist_adds,
        count(*) FILTER (WHERE event_type = 'save') AS saves
    FROM feedback
    WHERE event_type IN ('like', 'playlist_add', 'save')
    GROUP BY track_id, event_date
)

SELECT
    key_of(track_id) AS track_key,
    track_id,
    event_date,
    coalesce(plays, 0) AS plays,
    coalesce(streams, 0) AS streams,
    coalesce(skips, 0) AS skips,
    coalesce(listeners, 0) AS listeners,
    CAST(coalesce(listening_ms, 0) AS BIGINT) AS listening_ms,
    coalesce(likes, 0) AS likes,
    coalesce(playlist_adds, 0) AS playlist_adds,
    coalesce(early_skips, 0) AS early_skips,
    coalesce(replays, 0) AS replays,
    CAST(coalesce(heard_ms, 0) AS BIGINT) AS heard_ms,
    CAST(coalesce(length_ms, 0) AS BIGINT) AS length_ms,
    coalesce(measured_plays, 0) AS measured_plays,
    coalesce(saves, 0) AS saves
FROM heard
FULL JOIN praised USING (track_id, event_date)
