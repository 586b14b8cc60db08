-- One row per distinct record: of several lines with one event_id the first counts.
SELECT
    event_id,
    CASE page
        WHEN 'NextSong' THEN 'play'
        WHEN 'Thumbs Up' THEN 'like'
        WHEN 'Thumbs Down' THEN 'dislike'
        WHEN 'Add to Playlist' THEN 'playlist_add'
        WHEN 'Login' THEN 'auth'
        WHEN 'Logout' THEN 'auth'
        WHEN 'Submit Upgrade' THEN 'subscription'
        WHEN 'Submit Downgrade' THEN 'subscription'
        ELSE 'page_view'
    END AS event_type,
    make_timestamp(ts_ms * 1000) AS event_time,
    CAST(make_timestamp(ts_ms * 1000) AS DATE) AS event_date,
    nullif(user_text, '') AS user_id,
    session_text AS session_id,
    TRY_CAST(item_text AS INTEGER) AS item_in_session,
    nullif(repaired(song), '') AS track_name,
    nullif(repaired(artist), '') AS artist_name,
    CASE
        WHEN nullif(artist, '') IS NULL THEN NULL
        WHEN nullif(song, '') IS NULL THEN ['artist_id']
        ELSE ['track_id', 'artist_id']
    END AS ids_by_name,
    duration_ms,
    nullif(level, '') AS level,
    nullif(gender, '') AS gender,
    make_timestamp(registration_ms * 1000) AS registered_at,
    user_agent,
    nullif(location, '') AS location,
    'sparkify' AS source,
    source_file
FROM record
WHERE reason IS NULL
QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY source_file, line_number) = 1
