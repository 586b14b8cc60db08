-- One row per piece of feedback, with the ids of what it is about.
SELECT
    event.event_id,
    event.event_time,
    event.event_date,
    coalesce(event.user_id, '(anonymous)') AS user_id,
    credit.track_id,
    credit.artist_id,
    event.event_type
FROM event
JOIN credit
    ON credit.track_name IS NOT DISTINCT FROM event.track_name
    AND credit.artist_name IS NOT DISTINCT FROM event.artist_name
WHERE event.event_type IN ('like', 'dislike', 'save', 'playlist_add', 'follow')
