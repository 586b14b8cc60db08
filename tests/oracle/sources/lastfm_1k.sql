-- One row per play: the lines of all files but the profiles, cut at tabs.
CREATE TABLE line AS
SELECT filename AS source_file, string_split(line, chr(9)) AS cell
FROM (
    SELECT filename, unnest(string_split(content, chr(10))) AS line
    FROM read_text(getvariable('folder') || '/**/*.tsv')
    WHERE NOT ends_with(filename, 'userid-profile.tsv')
)
WHERE trim(line) <> '';

CREATE TABLE play AS
SELECT
    source_file,
    nullif(cell[1], '') AS user_id,
    TRY_CAST(cell[2] AS TIMESTAMP) AS event_time,
    nullif(cell[3], '') AS artist_id,
    nullif(cell[4], '') AS artist_name,
    nullif(cell[5], '') AS track_id,
    nullif(cell[6], '') AS track_name,
    len(cell) AS cells
FROM line;

CREATE TABLE event AS
SELECT
    left(sha256(concat_ws(
        chr(31), coalesce(user_id, ''), epoch_us(event_time), coalesce(artist_name, ''), track_name
    )), 32) AS event_id,
    'play' AS event_type,
    event_time,
    CAST(event_time AS DATE) AS event_date,
    user_id,
    track_id,
    track_name,
    artist_id,
    artist_name,
    CAST(NULL AS BIGINT) AS ms_played,
    'lastfm_1k' AS source
FROM play
WHERE cells = 6 AND event_time BETWEEN '2000-01-01' AND '2100-01-01' AND track_name IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY source_file) = 1;

CREATE TABLE quarantined AS
SELECT * FROM play
WHERE cells <> 6 OR event_time IS NULL OR track_name IS NULL
    OR event_time NOT BETWEEN '2000-01-01' AND '2100-01-01';
