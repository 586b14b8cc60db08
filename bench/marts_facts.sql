-- Facts of a number of plays over 84 days, three periods of 28, by hashes: $plays plays, one listener per 250.
-- Popularity of artists and tracks, and how much people listen, fall off as 1 / rank.
SET VARIABLE listeners = greatest(20, getvariable('plays') // 250);
SET VARIABLE artists = greatest(50, least(200000, getvariable('plays') // 500));

CREATE MACRO chance(what, n) AS (hash(what, n) % 1000000000) / 1e9;
CREATE MACRO ranked(u, most) AS CAST(floor(pow(most + 1.0, u)) AS BIGINT) - 1;

CREATE TABLE fact_stream AS
WITH play AS (
    SELECT
        range AS n,
        ranked(chance('listener', range), getvariable('listeners')) AS listener,
        ranked(chance('artist', range), getvariable('artists')) AS artist,
        ranked(chance('track', range), 20) AS track,
        CAST(floor(chance('day', range) * 84) AS INTEGER) AS day,
        chance('heard', range) AS heard,
        CAST(150000 + hash('length', artist, track) % 150000 AS BIGINT) AS duration_ms
    FROM range(getvariable('plays'))
)

SELECT
    DATE '2025-09-29' + day AS event_date,
    CASE WHEN listener % 50 > 0 THEN 'u' || listener END AS user_id,
    key_of('u' || listener) AS user_key,
    't' || artist || '.' || track AS track_id,
    key_of('t' || artist || '.' || track) AS track_key,
    'a' || artist AS artist_id,
    key_at('a' || artist, TIMESTAMP '1970-01-01') AS artist_key,
    duration_ms,
    CAST(CASE WHEN heard < 0.25 THEN heard * 120000 ELSE least(1, heard * 1.3) * duration_ms END AS BIGINT) AS ms_played,
    ms_played >= 30000 AS is_stream,
    ms_played < 30000 AS is_skip,
    CAST(NULL AS VARCHAR) AS country,
    CAST(NULL AS VARCHAR) AS context_type,
    n
FROM play;

CREATE TABLE feedback AS
SELECT
    event_date, user_id, user_key, track_id, track_key, artist_id, artist_key,
    CASE n % 3 WHEN 0 THEN 'like' WHEN 1 THEN 'save' ELSE 'playlist_add' END AS event_type
FROM fact_stream
WHERE chance('feedback', n) < 0.05;

CREATE TABLE dim_track AS SELECT DISTINCT track_key, track_id, artist_id FROM fact_stream;

CREATE TABLE dim_artist AS
SELECT DISTINCT artist_key, artist_id, TIMESTAMP '1970-01-01' AS valid_from FROM fact_stream;

CREATE TABLE dim_user AS
SELECT key_of('u' || range) AS user_key, 'u' || range AS user_id, 'Place ' || (range % 40) AS location
FROM range(getvariable('listeners'));
