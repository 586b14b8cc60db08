-- One row per session: a maximal run of one user's events in which no two neighbours are more than 30 minutes apart.
WITH total AS (
    SELECT
        session.user_id,
        session.started_at,
        max(session.event_time) AS ended_at,
        count(*) AS events,
        count(play.event_id) AS plays,
        count(*) FILTER (WHERE play.is_stream) AS streams,
        count(*) FILTER (WHERE play.is_skip) AS skips,
        count(DISTINCT play.track_id) AS tracks,
        count(DISTINCT play.artist_id) AS artists,
        CAST(coalesce(sum(play.ms_played), 0) AS BIGINT) AS listening_ms
    FROM session
    LEFT JOIN fact_stream AS play ON play.event_id = session.event_id
    GROUP BY session.user_id, session.started_at
)

SELECT
    key_at(total.user_id, total.started_at) AS session_key,
    version.user_key,
    total.user_id,
    total.started_at,
    total.ended_at,
    CAST(total.started_at AS DATE) AS session_date,
    total.events,
    total.plays,
    total.streams,
    total.skips,
    total.tracks,
    total.artists,
    total.listening_ms
FROM total
ASOF JOIN dim_user AS version ON version.user_id = total.user_id AND version.valid_from <= total.started_at
