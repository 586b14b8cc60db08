-- One row per play of the streaming histories below the folder: of several with one event_id that of the first file.
CREATE TABLE record AS
WITH file AS (
    SELECT
        filename AS source_file,
        trim(content) AS content,
        regexp_matches(filename, '/StreamingHistory\w*\.json$') AS is_short,
        regexp_matches(filename, '/(Streaming_History_Audio|endsong)[^/]*$') AS is_extended,
        regexp_extract(
            filename,
            '(.*?/([^/]+))(?:/(?i:Spotify Extended Streaming History|Spotify Account Data|MyData|my_spotify_data)(?: ?\(\d+\)|[ _-]\d+)*)*/[^/]*$',
            ['path', 'name']
        ) AS listener
    FROM read_text(getvariable('folder') || '/**/*.json')
    WHERE regexp_matches(filename, '/(Streaming_History_[^/]+|end(song|video)(_\d+)?|StreamingHistory\w*)\.json$')
),

-- The short form states the same plays less exactly: it is left out where the listener has the extended one.
chosen AS (
    SELECT * FROM file
    WHERE content <> '' AND (
        NOT is_short
        OR listener.path NOT IN (SELECT listener.path FROM file WHERE is_extended)
    )
),

element AS (
    SELECT source_file, listener.name AS folder, unnest(CAST(CAST(content AS JSON) AS JSON[])) AS r
    FROM chosen WHERE json_valid(content) AND json_type(content) = 'ARRAY'
    UNION ALL
    SELECT source_file, listener.name, NULL
    FROM chosen WHERE NOT json_valid(content) OR json_type(content) <> 'ARRAY'
),

field AS (
    SELECT
        *,
        TRY_CAST(coalesce(r ->> '$.ts', (r ->> '$.endTime') || ':00') AS TIMESTAMP) AS ended_at,
        TRY_CAST(coalesce(r ->> '$.ms_played', r ->> '$.msPlayed') AS BIGINT) AS ms,
        key_of(coalesce(r ->> '$.username', folder)) AS user_id,
        coalesce(
            r ->> '$.spotify_track_uri', r ->> '$.spotify_episode_uri',
            r ->> '$.audiobook_chapter_uri', r ->> '$.audiobook_uri'
        ) AS uri,
        CASE
            WHEN coalesce(r ->> '$.spotify_episode_uri', r ->> '$.episodeName') IS NOT NULL THEN 'podcast'
            WHEN coalesce(r ->> '$.audiobook_chapter_uri', r ->> '$.audiobookName') IS NOT NULL THEN 'audiobook'
        END AS context_type
    FROM element
)

SELECT *, ended_at - INTERVAL 1 MILLISECOND * ms AS event_time
FROM field;

CREATE TABLE quarantined AS
SELECT * FROM record
WHERE event_time IS NULL OR ms < 0 OR ms > 86400000
    OR event_time < TIMESTAMP '2000-01-01' OR event_time > TIMESTAMP '2100-01-01';

CREATE TABLE event AS
SELECT
    left(sha256(concat_ws(chr(31), user_id, epoch_us(ended_at), ms, coalesce(
        uri,
        CASE
            WHEN coalesce(r ->> '$.master_metadata_album_artist_name', r ->> '$.master_metadata_track_name') IS NOT NULL
                THEN concat(
                    coalesce(r ->> '$.master_metadata_album_artist_name', ''), chr(31),
                    coalesce(r ->> '$.master_metadata_track_name', '')
                )
        END,
        concat_ws(
            chr(31),
            coalesce(r ->> '$.artistName', ''), coalesce(r ->> '$.trackName', ''),
            coalesce(r ->> '$.podcastName', ''), coalesce(r ->> '$.episodeName', ''),
            coalesce(r ->> '$.authorName', ''), coalesce(r ->> '$.audiobookName', '')
        )
    ))), 32) AS event_id,
    'play' AS event_type,
    event_time,
    CAST(event_time AS DATE) AS event_date,
    user_id,
    CASE WHEN context_type IS NULL THEN nullif(regexp_extract(uri, '^spotify:track:(\w+)$', 1), '') END AS track_id,
    coalesce(r ->> '$.master_metadata_track_name', r ->> '$.trackName') AS track_name,
    CAST(NULL AS VARCHAR) AS artist_id,
    coalesce(r ->> '$.master_metadata_album_artist_name', r ->> '$.artistName') AS artist_name,
    r ->> '$.master_metadata_album_album_name' AS album_name,
    CAST(NULL AS BIGINT) AS duration_ms,
    ms AS ms_played,
    false AS ms_played_inferred,
    r ->> '$.reason_start' AS reason_start,
    r ->> '$.reason_end' AS reason_end,
    (r ->> '$.skipped') IN ('true', '1') AS skipped,
    (r ->> '$.shuffle') IN ('true', '1') AS shuffle,
    (r ->> '$.offline') IN ('true', '1') AS offline,
    nullif(r ->> '$.conn_country', 'ZZ') AS country,
    context_type,
    CASE WHEN context_type IS NOT NULL THEN string_split(uri, ':')[-1] END AS context_id,
    'spotify_history' AS source
FROM record
WHERE NOT EXISTS (SELECT 1 FROM quarantined AS q WHERE q.source_file = record.source_file AND q.r IS NOT DISTINCT FROM record.r)
QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY source_file) = 1;
