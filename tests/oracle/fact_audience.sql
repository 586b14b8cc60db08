-- One row per track or artist and 28 days in which it was played.
WITH played AS (
    SELECT 'track' AS member, track_id AS member_id, start_of('28_days', event_date) AS period_start, event_date
    FROM fact_stream
    UNION ALL
    SELECT 'artist', artist_id, start_of('28_days', event_date), event_date
    FROM fact_stream
)

SELECT member, member_id, period_start, min(played.event_date) AS first_played_on, any_value(listeners) AS listeners
FROM played
JOIN member_period USING (member, member_id, period_start)
WHERE period = '28_days'
GROUP BY member, member_id, period_start
