-- One row per track or artist and period with plays or feedback: sums, distinct listeners, and where these come from.
WITH day AS (
    SELECT 'track' AS member, track_id AS member_id, * EXCLUDE (track_key, track_id) FROM fact_track_day
    WHERE track_id <> '(unknown)'
    UNION ALL BY NAME
    SELECT 'artist' AS member, artist_id AS member_id, * EXCLUDE (artist_key, artist_id) FROM fact_artist_day
    WHERE artist_id <> '(unknown)'
),

kind AS (
    FROM (VALUES ('day'), ('week'), ('28_days')) AS kinds(period)
),

summed AS (
    SELECT
        member,
        member_id,
        period,
        start_of(period, event_date) AS period_start,
        CAST(sum(plays) AS BIGINT) AS plays,
        CAST(sum(streams) AS BIGINT) AS streams,
        CAST(sum(skips) AS BIGINT) AS skips,
        CAST(sum(early_skips) AS BIGINT) AS early_skips,
        CAST(sum(replays) AS BIGINT) AS replays,
        CAST(sum(listening_ms) AS BIGINT) AS listening_ms,
        CAST(sum(heard_ms) AS BIGINT) AS heard_ms,
        CAST(sum(length_ms) AS BIGINT) AS length_ms,
        CAST(sum(measured_plays) AS BIGINT) AS measured_plays,
        CAST(sum(likes) AS BIGINT) AS likes,
        CAST(sum(saves + playlist_adds) AS BIGINT) AS saves
    FROM day, kind
    GROUP BY ALL
),

-- A listener of a period, and the last day before it (of the 52 weeks before its 28 days at most) on which they listened.
listener AS (
    SELECT now.member, now.member_id, now.period, now.period_start, now.user_id, max(past.event_date) AS last_before
    FROM (
        SELECT DISTINCT member, member_id, user_id, period, start_of(period, event_date) AS period_start
        FROM member_listened, kind
    ) AS now
    LEFT JOIN member_listened AS past
        ON past.member = now.member AND past.member_id = now.member_id AND past.user_id = now.user_id
        AND past.event_date < now.period_start
        AND past.event_date >= start_of('28_days', now.period_start) - 364
    GROUP BY ALL
),

reach AS (
    SELECT
        member,
        member_id,
        period,
        period_start,
        count(*) AS listeners,
        count(*) FILTER (WHERE last_before IS NULL) AS fresh,
        count(*) FILTER (WHERE last_before >= period_start - length_of(period)) AS returning_ones
    FROM listener
    GROUP BY ALL
),

first_play AS (
    SELECT summed.member, summed.member_id, summed.period, summed.period_start, min(played.event_date) AS first_played_on
    FROM summed
    JOIN day AS played
        ON played.member = summed.member AND played.member_id = summed.member_id AND played.plays > 0
        AND start_of('28_days', played.event_date)
        BETWEEN start_of('28_days', summed.period_start) - 364 AND start_of('28_days', summed.period_start)
    GROUP BY ALL
),

held AS (
    SELECT DISTINCT event_date FROM fact_track_day
)

SELECT
    summed.*,
    start_of('28_days', summed.period_start) AS block,
    CAST((
        SELECT count(*) FROM held
        WHERE event_date >= summed.period_start AND event_date < summed.period_start + length_of(summed.period)
    ) AS INTEGER) AS days,
    (
        SELECT count(*) FROM held
        WHERE event_date < summed.period_start AND event_date >= summed.period_start - length_of(summed.period)
    ) AS days_before,
    coalesce(reach.listeners, 0) AS listeners,
    coalesce(reach.fresh, 0) AS fresh,
    coalesce(reach.returning_ones, 0) AS returning_ones,
    coalesce(reach.listeners - reach.fresh - reach.returning_ones, 0) AS reactivated,
    coalesce(reach_before.listeners, 0) - coalesce(reach.returning_ones, 0) AS lapsed,
    before.streams AS streams_before,
    coalesce(reach_before.listeners, 0) AS listeners_before,
    first_play.first_played_on
FROM summed
LEFT JOIN reach USING (member, member_id, period, period_start)
LEFT JOIN first_play USING (member, member_id, period, period_start)
LEFT JOIN summed AS before
    ON before.member = summed.member AND before.member_id = summed.member_id AND before.period = summed.period
    AND before.period_start = summed.period_start - length_of(summed.period)
LEFT JOIN reach AS reach_before
    ON reach_before.member = summed.member AND reach_before.member_id = summed.member_id
    AND reach_before.period = summed.period
    AND reach_before.period_start = summed.period_start - length_of(summed.period)
