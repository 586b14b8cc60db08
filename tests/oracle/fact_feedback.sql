-- One row per like, dislike, save, playlist_add or follow.
SELECT
    feedback.event_id,
    feedback.event_time,
    feedback.event_date,
    version.user_key,
    nullif(feedback.user_id, '(anonymous)') AS user_id,
    key_of(feedback.track_id) AS track_key,
    key_at(feedback.artist_id, TIMESTAMP '1970-01-01') AS artist_key,
    feedback.event_type
FROM feedback
ASOF JOIN dim_user AS version ON version.user_id = feedback.user_id AND version.valid_from <= feedback.event_time
