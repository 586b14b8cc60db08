-- Up to which level of detail a track or artist is shown in a block of 28 days: 0 nothing, 1 the 28 days, 2 weeks, 3 days.
-- What counts for which track and artist: plays by users, and praise, which makes no listener.
WITH told AS (
    SELECT track_id, artist_id, event_date, nullif(user_id, '(anonymous)') AS user_id FROM fact_stream
    UNION ALL
    SELECT track_id, artist_id, event_date, NULL FROM feedback WHERE event_type IN ('like', 'save', 'playlist_add')
),

part AS (
    SELECT
        track_id,
        artist_id,
        start_of('28_days', event_date) AS block,
        period,
        start_of(period, event_date) AS period_start,
        count(DISTINCT user_id) AS listeners
    FROM told, (VALUES ('day'), ('week'), ('28_days')) AS kinds(period)
    GROUP BY ALL
),

artist AS (
    SELECT
        member_id,
        block,
        CASE
            WHEN min(listeners) FILTER (WHERE period = '28_days') < k() THEN 0
            WHEN min(listeners) FILTER (WHERE period = 'week') < k() THEN 1
            WHEN min(listeners) FILTER (WHERE period = 'day') < k() THEN 2
            ELSE 3
        END AS level
    FROM member_period
    WHERE member = 'artist'
    GROUP BY ALL
),

-- A track is as fine as the coarsest of its parts; the unknown one is never shown.
track AS (
    SELECT
        track_id,
        block,
        CASE
            WHEN track_id = '(unknown)' OR min(listeners) FILTER (WHERE period = '28_days') < k() THEN 0
            WHEN min(listeners) FILTER (WHERE period = 'week') < k() THEN 1
            WHEN min(listeners) FILTER (WHERE period = 'day') < k() THEN 2
            ELSE 3
        END AS level,
        min(listeners) FILTER (WHERE period = '28_days') AS listeners
    FROM part
    GROUP BY track_id, block
),

-- Of each artist and period, the listeners of the tracks that would not be shown, as far as they played them of this artist.
hidden AS (
    SELECT part.artist_id, part.block, part.period, part.period_start, count(DISTINCT told.user_id) AS listeners
    FROM part
    JOIN track USING (track_id, block)
    JOIN told
        ON told.track_id = part.track_id AND told.artist_id = part.artist_id
        AND start_of(part.period, told.event_date) = part.period_start
    WHERE track.level < detail_of(part.period) AND part.artist_id <> '(unknown)'
    GROUP BY ALL
),

rest AS (
    SELECT
        artist_id,
        block,
        CASE
            WHEN min(listeners) FILTER (WHERE period = '28_days') < k() THEN 0
            WHEN min(listeners) FILTER (WHERE period = 'week') < k() THEN 1
            WHEN min(listeners) FILTER (WHERE period = 'day') < k() THEN 2
            ELSE 3
        END AS level
    FROM hidden
    GROUP BY ALL
),

placed AS (
    SELECT
        track_id,
        block,
        track.level,
        coalesce(rest.level, 3) AS rest_level,
        row_number() OVER (
            PARTITION BY part.artist_id, block ORDER BY track.level = 0, track.listeners, track_id
        ) AS place
    FROM (SELECT DISTINCT track_id, artist_id, block FROM part) AS part
    JOIN track USING (track_id, block)
    LEFT JOIN rest USING (artist_id, block)
)

SELECT 'artist' AS member, member_id, block, level FROM artist

UNION ALL

SELECT
    'track',
    track_id,
    block,
    min(CASE WHEN rest_level = 0 AND place = 1 THEN 0 ELSE least(level, greatest(rest_level, 1)) END)
FROM placed
WHERE track_id <> '(unknown)'
GROUP BY track_id, block
