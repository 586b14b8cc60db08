-- One row per track, artist, user's version and day; the logs state no market and no context.
SELECT
    fact_stream.event_date, track_id, artist_id, user_key, any_value(fact_stream.user_id) AS user_id,
    '(unknown)' AS market, coalesce(any_value(location), '(unknown)') AS place, '(unknown)' AS context_type,
    count(*) AS plays, count_if(is_stream) AS streams
FROM fact_stream
JOIN dim_user USING (user_key)
GROUP BY fact_stream.event_date, track_id, artist_id, user_key
