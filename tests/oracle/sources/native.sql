-- One row per event of the JSON lines below the folder: what a column does not allow is null in it.
CREATE TABLE line AS
SELECT filename AS source_file, unnest(string_split(content, chr(10))) AS line
FROM read_text(getvariable('folder') || '/**/*.json*');

CREATE TABLE record AS
WITH parsed AS (
    SELECT
        source_file,
        CASE WHEN json_valid(line) THEN CASE WHEN json_type(line) = 'OBJECT' THEN CAST(line AS JSON) END END AS r
    FROM line WHERE trim(line) <> ''
)

SELECT
    source_file,
    r,
    CASE
        WHEN regexp_matches(r ->> '$.event_time', '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d')
            THEN CAST(TRY_CAST(r ->> '$.event_time' AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS TIMESTAMP)
    END AS event_time,
    CASE WHEN r ->> '$.event_type' IN (
        'play', 'page_view', 'auth', 'like', 'dislike', 'save', 'playlist_add', 'follow', 'search', 'subscription',
        'impression', 'exposure'
    ) THEN r ->> '$.event_type' END AS event_type,
    CAST(r -> '$.artist_ids' AS VARCHAR[]) AS artist_ids
FROM parsed;

CREATE TABLE quarantined AS
SELECT * FROM record
WHERE event_type IS NULL OR event_time IS NULL OR event_time NOT BETWEEN '2000-01-01' AND '2100-01-01';

CREATE TABLE event AS
SELECT
    coalesce(r ->> '$.event_id', left(sha256(concat_ws(
        chr(31), 'native', event_type, epoch_us(event_time),
        coalesce(r ->> '$.user_id', ''), coalesce(r ->> '$.session_id', ''), coalesce(r ->> '$.item_in_session', ''),
        coalesce(r ->> '$.track_id', ''), coalesce(r ->> '$.track_name', ''), coalesce(r ->> '$.artist_name', ''),
        coalesce(r ->> '$.context_id', '')
    )), 32)) AS event_id,
    event_type,
    event_time,
    CAST(event_time AS DATE) AS event_date,
    r ->> '$.user_id' AS user_id,
    r ->> '$.session_id' AS session_id,
    r ->> '$.track_id' AS track_id,
    r ->> '$.track_name' AS track_name,
    coalesce(r ->> '$.artist_id', artist_ids[1]) AS artist_id,
    artist_ids,
    TRY_CAST(r ->> '$.duration_ms' AS BIGINT) AS duration_ms,
    CASE WHEN event_type = 'play' AND TRY_CAST(r ->> '$.ms_played' AS BIGINT) >= 0
        THEN TRY_CAST(r ->> '$.ms_played' AS BIGINT) END AS ms_played,
    CASE WHEN r ->> '$.level' IN ('free', 'paid') THEN r ->> '$.level' END AS level,
    'native' AS source
FROM record
WHERE event_type IS NOT NULL AND event_time BETWEEN '2000-01-01' AND '2100-01-01'
QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY source_file) = 1;
