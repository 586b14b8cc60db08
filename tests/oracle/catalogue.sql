-- One row per song of the catalogue; a song's id is its track's id.
WITH song AS (
    SELECT source_file, line_number, CASE WHEN json_valid(line) THEN CAST(line AS JSON) END AS record
    FROM catalogue_line
)

SELECT
    'sparkify' AS source,
    record ->> '$.song_id' AS track_id,
    repaired(record ->> '$.title') AS title,
    record ->> '$.artist_id' AS artist_id,
    repaired(record ->> '$.artist_name') AS artist_name,
    nullif(repaired(record ->> '$.artist_location'), '') AS artist_location,
    TRY_CAST(record ->> '$.artist_latitude' AS DOUBLE) AS artist_latitude,
    TRY_CAST(record ->> '$.artist_longitude' AS DOUBLE) AS artist_longitude,
    milliseconds(record -> '$.duration') AS duration_ms,
    nullif(TRY_CAST(record ->> '$.year' AS INTEGER), 0) AS release_year,
    source_file
FROM song
WHERE record ->> '$.song_id' IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY track_id ORDER BY source_file, line_number) = 1
