-- One row per line of the logs: its fields as they stand, and why it can not become an event (reason), if so.
WITH parsed AS (
    SELECT source_file, line_number, line, CASE WHEN json_valid(line) THEN CAST(line AS JSON) END AS record
    FROM log_line
),

fields AS (
    SELECT
        source_file,
        line_number,
        line,
        json_type(record) AS form,
        record -> '$.ts' AS ts,
        whole_number(record -> '$.ts') AS ts_ms,
        milliseconds(record -> '$.length') AS duration_ms,
        plain_text(record -> '$.userId') AS user_text,
        plain_text(record -> '$.sessionId') AS session_text,
        plain_text(record -> '$.itemInSession') AS item_text,
        plain_text(record -> '$.ts') AS ts_text,
        record ->> '$.page' AS page,
        record ->> '$.artist' AS artist,
        record ->> '$.song' AS song,
        record ->> '$.level' AS level,
        record ->> '$.gender' AS gender,
        record ->> '$.location' AS location,
        record ->> '$.userAgent' AS user_agent,
        whole_number(record -> '$.registration') AS registration_ms
    FROM parsed
)

SELECT
    *,
    left(sha256(concat_ws(
        chr(31),
        coalesce(user_text, ''), coalesce(session_text, ''), coalesce(item_text, ''), coalesce(ts_text, ''),
        coalesce(page, ''), coalesce(artist, ''), coalesce(song, '')
    )), 32) AS event_id,
    CASE
        WHEN form IS NULL THEN 'not JSON'
        WHEN form <> 'OBJECT' THEN 'not an object'
        WHEN ts IS NULL OR json_type(ts) = 'NULL' THEN 'no ts'
        WHEN ts_ms IS NULL THEN 'ts is not a number'
        WHEN ts_ms < epoch_ms(TIMESTAMP '2000-01-01') THEN 'ts before 2000'
        WHEN ts_ms > epoch_ms(TIMESTAMP '2100-01-01') THEN 'ts after 2100'
        WHEN duration_ms > 24 * 60 * 60 * 1000 THEN 'duration above 24 hours'
        WHEN page IS NULL THEN 'no page'
    END AS reason
FROM fields
