-- One row per listen in the dumps below the folder, JSON lines and Parquet: of several with one event_id that of the
-- first file. The same listen has the same user, second and msid in all of them; one without an msid is told by its
-- title, as far as that is the song's: what stands in brackets or behind a dash is MusicBrainz's or the player's.
CREATE MACRO loosely(title) AS coalesce(nullif(
    regexp_replace(regexp_replace(lower(title), '^(.+?)\s*(?:\(|\[| - ).*$', '\1'), '[^\p{L}\p{N}]', '', 'g'), ''
), title);

-- An id is any text or number, no list and no object.
CREATE MACRO id_of(text) AS CASE WHEN NOT regexp_matches(trim(text), '^[\[{]') THEN nullif(lower(trim(text)), '') END;

-- The ids of a field, a list or texts with commas between; null where there are none.
CREATE MACRO ids(of) AS nullif(list_filter(
    list_transform(
        CASE json_type(of)
            WHEN 'ARRAY' THEN of ->> '$[*]'
            WHEN 'VARCHAR' THEN CASE WHEN id_of(of ->> '$') IS NOT NULL THEN string_split(of ->> '$', ',') END
        END,
        lambda id: id_of(id)
    ),
    lambda id: id NOT IN ('', '(unknown)')
), CAST([] AS VARCHAR[]));

CREATE MACRO known_length(ms) AS CASE WHEN ms BETWEEN 1 AND 86400000 THEN ms END;

CREATE TABLE line AS
SELECT filename AS source_file, unnest(string_split(content, chr(10))) AS line
FROM read_text(getvariable('folder') || '/**/*.listens');

CREATE TABLE listen AS
WITH parsed AS (
    SELECT source_file, CASE WHEN json_valid(line) THEN CAST(line AS JSON) END AS r
    FROM line WHERE trim(line) <> ''
),

json_listen AS (
    SELECT
        source_file,
        TRY_CAST(coalesce(r ->> '$.listened_at', r ->> '$.timestamp') AS BIGINT) AS seconds,
        coalesce(r ->> '$.user_id', key_of(r ->> '$.user_name')) AS user_id,
        nullif(trim(r ->> '$.track_metadata.track_name'), '') AS track_name,
        nullif(trim(r ->> '$.track_metadata.artist_name'), '') AS artist_name,
        nullif(trim(r ->> '$.track_metadata.release_name'), '') AS album_name,
        coalesce(
            id_of(r ->> '$.track_metadata.additional_info.recording_mbid'),
            id_of(r ->> '$.track_metadata.mbid_mapping.recording_mbid')
        ) AS mbid,
        CASE WHEN json_type(r, '$.recording_msid') NOT IN ('ARRAY', 'OBJECT') THEN r ->> '$.recording_msid' END AS msid,
        coalesce(
            ids(r -> '$.track_metadata.additional_info.artist_mbids'),
            ids(r -> '$.track_metadata.mbid_mapping.artist_mbids')
        ) AS artists,
        CAST(coalesce(
            known_length(TRY_CAST(r ->> '$.track_metadata.additional_info.duration_ms' AS DECIMAL(20, 4))),
            known_length(
                round(TRY_CAST(r ->> '$.track_metadata.additional_info.duration' AS DECIMAL(20, 6)) * 1000, 0)
            )
        ) AS BIGINT) AS duration_ms
    FROM parsed
),

parquet_listen AS (
    SELECT
        filename AS source_file, CAST(epoch(CAST(listened_at AT TIME ZONE 'UTC' AS TIMESTAMP)) AS BIGINT) AS seconds,
        CAST(user_id AS VARCHAR) AS user_id,
        nullif(trim(recording_name), '') AS track_name, nullif(trim(artist_name), '') AS artist_name,
        nullif(trim(release_name), '') AS album_name, recording_mbid AS mbid,
        recording_msid AS msid, artist_credit_mbids AS artists, CAST(NULL AS BIGINT) AS duration_ms
    FROM read_parquet(getvariable('folder') || '/**/*.parquet', filename = true)
)

SELECT * FROM json_listen UNION ALL SELECT * FROM parquet_listen;

CREATE TABLE told AS
SELECT *, list_filter(artists, lambda id: id <> '') AS given
FROM listen
WHERE seconds BETWEEN epoch(TIMESTAMP '2000-01-01') AND epoch(TIMESTAMP '2100-01-01') AND track_name IS NOT NULL;

CREATE TABLE event AS
WITH credited AS (
    SELECT *, list_filter(given, lambda id, i: list_position(given, id) = i) AS artist_list
    FROM told
)

SELECT
    left(sha256(concat_ws(chr(31), user_id, seconds, coalesce(lower(msid), loosely(track_name)))), 32) AS event_id,
    'play' AS event_type,
    make_timestamp(seconds * 1000000) AS event_time,
    CAST(make_timestamp(seconds * 1000000) AS DATE) AS event_date,
    user_id,
    coalesce(mbid, msid) AS track_id,
    track_name,
    artist_list[1] AS artist_id,
    CASE WHEN len(artist_list) > 1 THEN artist_list END AS artist_ids,
    artist_name,
    album_name,
    duration_ms,
    CAST(NULL AS BIGINT) AS ms_played,
    'listenbrainz' AS source
FROM credited
QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY source_file) = 1;

CREATE TABLE quarantined AS
SELECT * FROM listen
WHERE seconds IS NULL OR track_name IS NULL
    OR seconds NOT BETWEEN epoch(TIMESTAMP '2000-01-01') AND epoch(TIMESTAMP '2100-01-01');
