-- One row per track or artist and 28 days in which it was played.
SELECT
    member,
    member_id,
    block AS period_start,
    (
        SELECT min(event_date) FROM fact_stream
        WHERE start_of('28_days', event_date) = block
            AND CASE member WHEN 'track' THEN track_id ELSE artist_id END = member_id
    ) AS first_played_on,
    listeners
FROM member_period
WHERE period = '28_days' AND plays > 0
