-- Who played which track and artist on which day: users only, the unknown track and artist left out.
SELECT DISTINCT 'track' AS member, track_id AS member_id, user_id, event_date
FROM fact_stream
WHERE user_id IS NOT NULL AND track_id <> '(unknown)'

UNION ALL

SELECT DISTINCT 'artist', artist_id, user_id, event_date
FROM fact_stream
WHERE user_id IS NOT NULL AND artist_id <> '(unknown)'
