-- Facts of a number of plays over 84 days, three periods of 28, by hashes: $plays plays, one listener per 250.
-- Popularity of artists and tracks falls off as 1 / rank, how much people listen as its cube root: who listens most does
-- so 174 times a day where there are 50 M plays. A session begins in each third of a day, a play every four minutes.
SET VARIABLE listeners = greatest(20, getvariable('plays') // 250);
SET VARIABLE artists = greatest(50, least(200000, getvariable('plays') // 500));

CREATE MACRO chance(what, n) AS (hash(what, n) % 1000000000) / 1e9;
CREATE MACRO ranked(u, most) AS CAST(floor(pow(most + 1.0, u)) AS BIGINT) - 1;

CREATE TABLE fact_stream AS
WITH play AS (
    SELECT
        range AS n,
        CAST(floor(pow(chance('listener', range), 1.5) * getvariable('listeners')) AS BIGINT) AS listener,
        ranked(chance('artist', range), getvariable('artists')) AS artist,
        ranked(chance('track', range), 20) AS track,
        CAST(floor(chance('day', range) * 84) AS INTEGER) AS day,
        CAST(hash('third', range) % 3 AS INTEGER) AS third,
        chance('heard', range) AS heard,
        CAST(150000 + hash('length', artist, track) % 150000 AS BIGINT) AS duration_ms
    FROM range(getvariable('plays'))
),

placed AS (
    SELECT
        *,
        TIMESTAMP '2025-09-29' + to_hours(24 * day + 8 * third) + to_seconds(hash('start', listener, day, third) % 3000)
            AS started_at,
        row_number() OVER (PARTITION BY listener, day, third ORDER BY n) AS place
    FROM play
)

SELECT
    'e' || n AS event_id,
    started_at + to_seconds(240 * (place - 1)) AS event_time,
    DATE '2025-09-29' + day AS event_date,
    CASE WHEN listener % 50 > 0 THEN key_at('u' || listener, started_at) END AS session_key,
    CASE WHEN listener % 50 > 0 THEN 'u' || listener END AS user_id,
    key_of('u' || listener) AS user_key,
    't' || artist || '.' || track AS track_id,
    key_of('t' || artist || '.' || track) AS track_key,
    'a' || artist AS artist_id,
    key_at('a' || artist, TIMESTAMP '1970-01-01') AS artist_key,
    duration_ms,
    CAST(CASE WHEN heard < 0.25 THEN heard * 120000 ELSE least(1, heard * 1.3) * duration_ms END AS BIGINT) AS ms_played,
    ms_played / duration_ms AS completion,
    ms_played >= 30000 AS is_stream,
    ms_played < 30000 AS is_skip,
    CAST(NULL AS VARCHAR) AS country,
    CAST(NULL AS VARCHAR) AS context_type,
    CAST(NULL AS INTEGER) AS item_in_session,
    n
FROM placed;

CREATE TABLE fact_session AS
SELECT
    session_key,
    any_value(user_id) AS user_id,
    min(event_time) AS started_at,
    max(event_time) AS ended_at,
    min(event_date) AS session_date,
    count(*) AS plays,
    sum(ms_played)::BIGINT AS listening_ms
FROM fact_stream
WHERE session_key IS NOT NULL
GROUP BY session_key;

CREATE TABLE feedback AS
SELECT
    event_date, event_time, user_id, user_key, track_id, track_key, artist_id, artist_key,
    CASE n % 4 WHEN 0 THEN 'like' WHEN 1 THEN 'save' WHEN 2 THEN 'dislike' ELSE 'playlist_add' END AS event_type
FROM fact_stream
WHERE chance('feedback', n) < 0.05;

CREATE TABLE dim_track AS SELECT DISTINCT track_key, track_id, artist_id FROM fact_stream;

CREATE TABLE dim_artist AS
SELECT DISTINCT artist_key, artist_id, TIMESTAMP '1970-01-01' AS valid_from FROM fact_stream;

CREATE TABLE dim_user AS
SELECT key_of('u' || range) AS user_key, 'u' || range AS user_id, 'Place ' || (range % 40) AS location
FROM range(getvariable('listeners'));

-- Where no session has been looked at yet, every 28 days have the model that is the default.
CREATE TABLE session_behaviour AS
SELECT session_key, session_date, FALSE AS returned_7d FROM fact_session LIMIT 0;
