-- Up to which level of detail a track or artist is shown in a block of 28 days: 0 nothing, 1 the 28 days, 2 weeks, 3 days.
WITH own AS (
    SELECT
        member,
        member_id,
        block,
        CASE
            WHEN min(listeners) FILTER (WHERE period = '28_days') < k() THEN 0
            WHEN min(listeners) FILTER (WHERE period = 'week') < k() THEN 1
            WHEN min(listeners) FILTER (WHERE period = 'day') < k() THEN 2
            ELSE 3
        END AS level
    FROM member_period
    GROUP BY ALL
),

of_track AS (
    SELECT own.*, dim_track.artist_id, member_period.listeners
    FROM own
    JOIN dim_track ON dim_track.track_id = own.member_id
    JOIN member_period USING (member, member_id, block)
    WHERE own.member = 'track' AND member_period.period = '28_days'
),

-- Of each artist and period, the tracks that would not be shown, and their listeners together.
hidden AS (
    SELECT
        of_track.artist_id,
        period.block,
        period.period,
        period.period_start,
        count(DISTINCT listened.user_id) AS listeners
    FROM of_track
    JOIN member_period AS period
        ON period.member = 'track' AND period.member_id = of_track.member_id AND period.block = of_track.block
    LEFT JOIN member_listened AS listened
        ON listened.member = 'track' AND listened.member_id = of_track.member_id
        AND start_of(period.period, listened.event_date) = period.period_start
    WHERE of_track.level < detail_of(period.period)
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
        of_track.*,
        coalesce(rest.level, 3) AS rest_level,
        row_number() OVER (
            PARTITION BY of_track.artist_id, of_track.block ORDER BY of_track.level = 0, listeners, member_id
        ) AS place
    FROM of_track
    LEFT JOIN rest USING (artist_id, block)
)

SELECT member, member_id, block, level FROM own WHERE member = 'artist'

UNION ALL

SELECT
    member,
    member_id,
    block,
    CASE WHEN rest_level = 0 AND place = 1 THEN 0 ELSE least(level, greatest(rest_level, 1)) END
FROM placed
