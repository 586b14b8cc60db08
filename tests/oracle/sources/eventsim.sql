-- One row per event of eventsim's topics: songs and changes of status are pages that page_view_events has, too.
CREATE TABLE record AS
SELECT filename AS source_file, CAST(line AS JSON) AS r, regexp_extract(filename, '/(\w+_events)/', 1) AS topic
FROM (
    SELECT filename, unnest(string_split(content, chr(10))) AS line
    FROM read_text(getvariable('folder') || '/**/*.json')
)
WHERE trim(line) <> '';

CREATE TABLE page AS
SELECT
    source_file,
    CASE topic
        WHEN 'listen_events' THEN 'NextSong'
        WHEN 'auth_events' THEN 'auth_events'
        WHEN 'status_change_events'
            THEN CASE r ->> '$.level' WHEN 'free' THEN 'Submit Upgrade' ELSE 'Submit Downgrade' END
        ELSE r ->> '$.page'
    END AS page,
    coalesce(r ->> '$.sessionId', r ->> '$.sessionid') AS session_id,
    r
FROM record;

CREATE TABLE event AS
SELECT
    left(sha256(concat_ws(
        chr(31),
        coalesce(r ->> '$.userId', ''), session_id, r ->> '$.itemInSession', r ->> '$.ts', page,
        coalesce(r ->> '$.artist', ''), coalesce(r ->> '$.song', '')
    )), 32) AS event_id,
    CASE page
        WHEN 'NextSong' THEN 'play' WHEN 'Thumbs Up' THEN 'like'
        WHEN 'Submit Upgrade' THEN 'subscription' WHEN 'Submit Downgrade' THEN 'subscription'
        WHEN 'Login' THEN 'auth' WHEN 'auth_events' THEN 'auth' ELSE 'page_view'
    END AS event_type,
    make_timestamp(CAST(r ->> '$.ts' AS BIGINT) * 1000) AS event_time,
    r ->> '$.userId' AS user_id,
    session_id,
    CAST(r ->> '$.itemInSession' AS INTEGER) AS item_in_session,
    r ->> '$.song' AS track_name,
    r ->> '$.artist' AS artist_name,
    CAST(round(CAST(r ->> '$.duration' AS DECIMAL(20, 6)) * 1000, 0) AS BIGINT) AS duration_ms,
    r ->> '$.level' AS level,
    (r ->> '$.city') || ', ' || (r ->> '$.state') AS location,
    'sparkify' AS source
FROM page
QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY source_file) = 1;

CREATE TABLE quarantined AS SELECT * FROM record WHERE false;
