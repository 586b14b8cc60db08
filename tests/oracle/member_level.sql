-- Up to which level of detail a track or artist is shown in a block of 28 days: 0 nothing, 1 the 28 days, 2 weeks, 3 days.
-- What counts for which track and artist: plays by users, and praise, which makes no listener.
WITH told AS (
    SELECT track_id, artist_id, event_date, nullif(user_id, '(anonymous)') AS user_id FROM fact_stream
    UNION ALL
    SELECT track_id, artist_id, event_date, NULL FROM feedback WHERE event_type IN ('like', 'save', 'playlist_add')
),

told_in AS (
    SELECT
        *,
        start_of('28_days', event_date) AS block,
        detail_of(period) AS detail,
        start_of(period, event_date) AS period_start
    FROM told, (VALUES ('day'), ('week'), ('28_days')) AS kinds(period)
),

-- All are shown but the tracks of which any artist's part has too few listeners, and plays that name no track.
fit AS (
    SELECT block, track_id, min(listeners) AS listeners
    FROM (
        SELECT block, track_id, artist_id, count(DISTINCT user_id) AS listeners
        FROM told_in
        WHERE detail = 1
        GROUP BY ALL
    )
    WHERE track_id <> '(unknown)'
    GROUP BY ALL
    HAVING min(listeners) >= k()
),

-- And but the smallest track of an artist whose other plays would be those of too few.
given_up AS (
    SELECT block, arg_min(track_id, (fit.listeners, track_id)) FILTER (WHERE fit.listeners > 0) AS track_id
    FROM told_in
    LEFT JOIN fit USING (block, track_id)
    WHERE detail = 1 AND artist_id <> '(unknown)'
    GROUP BY block, artist_id
    HAVING count(*) FILTER (WHERE fit.listeners IS NULL) > 0
        AND count(DISTINCT user_id) FILTER (WHERE fit.listeners IS NULL) < k()
),

shown AS (
    SELECT block, track_id FROM fit
    EXCEPT
    SELECT block, track_id FROM given_up
),

-- Of each artist, every shown track is a group, and all that is not of these is one more, without a track.
grouped AS (
    SELECT artist_id, shown.track_id, block, detail, period_start, count(DISTINCT user_id) AS listeners
    FROM told_in
    LEFT JOIN shown USING (block, track_id)
    GROUP BY ALL
),

-- One less than the least detail that is too much.
enough AS (
    SELECT artist_id, track_id, block, coalesce(min(detail) FILTER (WHERE listeners < k()), 4) - 1 AS level
    FROM grouped
    GROUP BY ALL
),

-- How fine the group without a track is if it has to be there whenever anything of the artist is.
always AS (
    SELECT artist_id, block, coalesce(min(detail) FILTER (WHERE listeners < k()), 4) - 1 AS level
    FROM (
        SELECT
            artist_id,
            block,
            detail,
            period_start,
            coalesce(any_value(listeners) FILTER (WHERE track_id IS NULL), 0) AS listeners
        FROM grouped
        GROUP BY ALL
    )
    GROUP BY ALL
)

SELECT 'artist' AS member, artist_id AS member_id, block, greatest(min(enough.level), any_value(always.level)) AS level
FROM enough
JOIN always USING (artist_id, block)
WHERE artist_id <> '(unknown)'
GROUP BY ALL

UNION ALL

SELECT 'track', told_in.track_id, block, coalesce(min(enough.level), 0)
FROM told_in
LEFT JOIN enough USING (track_id, artist_id, block)
WHERE told_in.track_id <> '(unknown)'
GROUP BY ALL
