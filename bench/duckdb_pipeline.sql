-- The thirteen tables in DuckDB, in the order in which they are built. A table named _x is a step on the way.
-- Variables: logs and songs (lists of files), now (a timestamp). Function: repaired(text).

CREATE MACRO key_of(natural_key) AS left(sha256(natural_key), 32);
CREATE MACRO key_at(id, moment) AS key_of(id || chr(31) || CAST(epoch_us(moment) AS VARCHAR));
CREATE MACRO beginning() AS TIMESTAMP '1970-01-01';

-- One row per line: its fields, and why it can not become an event, if so. The line itself is kept for those only.
CREATE TABLE _record AS
WITH line AS (
    SELECT trim(line) AS line, filename
    FROM read_csv(
        getvariable('logs'), columns = {'line': 'VARCHAR'}, auto_detect = false, header = false,
        delim = chr(1), quote = '', escape = '', filename = true
    )
),

parsed AS (
    SELECT
        line,
        filename,
        from_json(
            CASE WHEN starts_with(line, '{') AND json_valid(line) THEN line END,
            '{"artist": "VARCHAR", "auth": "VARCHAR", "gender": "VARCHAR", "itemInSession": "VARCHAR",
              "length": "VARCHAR", "level": "VARCHAR", "location": "VARCHAR", "method": "VARCHAR", "page": "VARCHAR",
              "registration": "VARCHAR", "sessionId": "VARCHAR", "song": "VARCHAR", "status": "VARCHAR",
              "ts": "VARCHAR", "userAgent": "VARCHAR", "userId": "VARCHAR"}'
        ) AS r
    FROM line
    WHERE line <> ''
),

typed AS (
    SELECT
        r.*,
        line,
        filename,
        r IS NULL AS is_not_json,
        TRY_CAST(TRY_CAST(r.ts AS DECIMAL(30, 6)) AS BIGINT) AS ms,
        TRY_CAST(round(TRY_CAST(r.length AS DECIMAL(30, 12)) * 1000) AS BIGINT) AS length_ms
    FROM parsed
),

judged AS (
    SELECT
        *,
        CASE
            WHEN is_not_json THEN 'not_json'
            WHEN page IS NULL THEN 'no_page'
            WHEN ts IS NULL THEN 'no_time'
            WHEN ms IS NULL THEN 'bad_time'
            WHEN ms NOT BETWEEN epoch_ms(TIMESTAMP '2000-01-01') AND epoch_ms(getvariable('now') + INTERVAL 1 DAY)
                THEN 'time_out_of_bounds'
            WHEN length IS NOT NULL AND (length_ms IS NULL OR length_ms NOT BETWEEN 0 AND 86400000) THEN 'bad_length'
        END AS reason
    FROM typed
)

SELECT
    * EXCLUDE (line, is_not_json),
    CASE WHEN reason IS NULL OR reason = 'bad_length' THEN epoch_ms(ms) END AS event_time,
    CASE WHEN reason IS NOT NULL THEN line END AS raw_record
FROM judged;

CREATE TABLE quarantine AS
SELECT
    regexp_replace(
        raw_record, '("(?:firstName|lastName)"\s*:\s*)("(?:\\.|[^"\\])*"?|[^,}\]]*)', '\1"[dropped]"', 'g'
    ) AS raw_record,
    reason,
    'The record was refused: ' || reason AS detail,
    'sparkify' AS source,
    filename AS source_file,
    CAST(event_time AS DATE) AS event_date,
    'duckdb' AS run_id,
    getvariable('now') AS ingested_at
FROM _record
WHERE reason IS NOT NULL;

CREATE TABLE catalogue AS
SELECT
    'sparkify' AS source,
    song_id AS track_id,
    repaired(title) AS title,
    artist_id,
    repaired(artist_name) AS artist_name,
    nullif(repaired(artist_location), '') AS artist_location,
    artist_latitude,
    artist_longitude,
    CAST(round(duration * 1000) AS BIGINT) AS duration_ms,
    nullif(year, 0) AS release_year,
    date_trunc('millisecond', last_modified) AT TIME ZONE 'UTC' AS stated_at,
    filename AS source_file,
    'duckdb' AS run_id
FROM read_ndjson(
    getvariable('songs'), filename = true,
    columns = {
        song_id: 'VARCHAR', title: 'VARCHAR', artist_id: 'VARCHAR', artist_name: 'VARCHAR', artist_location: 'VARCHAR',
        artist_latitude: 'DOUBLE', artist_longitude: 'DOUBLE', duration: 'DECIMAL(18,9)', year: 'INTEGER'
    }
)
JOIN (SELECT filename, last_modified FROM read_text(getvariable('songs'))) USING (filename)
WHERE song_id IS NOT NULL AND artist_id IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY song_id ORDER BY last_modified DESC, filename DESC) = 1;

-- Each event once, by the row that holds it first: only hashes are sorted for it.
CREATE TABLE _first AS
WITH identified AS (
    SELECT
        rowid AS row,
        key_of(concat_ws(
            chr(31),
            coalesce(userId, ''), coalesce(sessionId, ''), coalesce(itemInSession, ''), ms, page,
            coalesce(artist, ''), coalesce(song, '')
        )) AS event_id
    FROM _record
    WHERE reason IS NULL
)

SELECT event_id, min(row) AS row
FROM identified
GROUP BY event_id;

-- The time of the same user's next event in the same source session.
CREATE TABLE _followed AS
SELECT
    _first.row,
    _first.event_id,
    lead(event_time) OVER (
        PARTITION BY nullif(userId, ''), nullif(sessionId, '')
        ORDER BY event_time, TRY_CAST(itemInSession AS INTEGER) NULLS FIRST, event_id
    ) AS next_time
FROM _first
JOIN _record ON _record.rowid = _first.row;

-- One row per name as the logs write it, and as it was meant.
CREATE TABLE _name AS
SELECT said, repaired(said) AS meant
FROM (SELECT nullif(artist, '') AS said FROM _record UNION SELECT nullif(song, '') FROM _record)
WHERE said IS NOT NULL;

-- One row per pair of names that events use, as they write them: the track and the artist that it stands for.
CREATE TABLE _credit AS
WITH pair AS (
    SELECT title, artist_name, min(track_id) AS track_id, arg_min(artist_id, track_id) AS artist_id
    FROM catalogue
    GROUP BY title, artist_name
),

bearer AS (
    SELECT artist_name, min(artist_id) AS artist_id
    FROM catalogue
    GROUP BY artist_name
    HAVING min(artist_id) = max(artist_id)
),

used AS (
    SELECT DISTINCT song, artist FROM _record WHERE reason IS NULL
)

SELECT
    used.song,
    used.artist,
    track.meant AS track_name,
    artist.meant AS artist_name,
    CASE
        WHEN track.meant IS NOT NULL AND artist.meant IS NOT NULL
            THEN coalesce(pair.track_id, 'inferred:' || key_of(artist.meant || chr(31) || track.meant))
    END AS track_id,
    CASE
        WHEN artist.meant IS NOT NULL
            THEN coalesce(pair.artist_id, bearer.artist_id, 'inferred:' || key_of(artist.meant))
    END AS artist_id
FROM used
LEFT JOIN _name AS track ON track.said = used.song
LEFT JOIN _name AS artist ON artist.said = used.artist
LEFT JOIN pair ON pair.title = track.meant AND pair.artist_name = artist.meant
LEFT JOIN bearer ON bearer.artist_name = artist.meant;

CREATE TABLE event AS
WITH known AS (
    SELECT
        _record.*,
        _followed.event_id,
        _followed.next_time,
        _credit.track_id,
        _credit.track_name,
        _credit.artist_id,
        _credit.artist_name
    FROM _record
    JOIN _followed ON _followed.row = _record.rowid
    LEFT JOIN _credit
        ON _credit.song IS NOT DISTINCT FROM _record.song AND _credit.artist IS NOT DISTINCT FROM _record.artist
)

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
    event_time,
    CAST(event_time AS DATE) AS event_date,
    nullif(userId, '') AS user_id,
    nullif(sessionId, '') AS session_id,
    TRY_CAST(itemInSession AS INTEGER) AS item_in_session,
    track_id,
    track_name,
    artist_id,
    artist_name,
    CAST(NULL AS VARCHAR) AS album_name,
    length_ms AS duration_ms,
    CASE
        WHEN page = 'NextSong' AND length_ms IS NOT NULL
            THEN least(length_ms, epoch_ms(next_time) - epoch_ms(event_time))
    END AS ms_played,
    CASE WHEN page = 'NextSong' THEN true END AS ms_played_inferred,
    CAST(NULL AS VARCHAR) AS reason_start,
    CAST(NULL AS VARCHAR) AS reason_end,
    CAST(NULL AS BOOLEAN) AS skipped,
    CAST(NULL AS BOOLEAN) AS shuffle,
    CAST(NULL AS BOOLEAN) AS offline,
    CASE WHEN lower(level) IN ('free', 'paid') THEN lower(level) END AS level,
    nullif(gender, '') AS gender,
    epoch_ms(TRY_CAST(TRY_CAST(registration AS DOUBLE) AS BIGINT)) AS registered_at,
    CASE
        WHEN regexp_matches(userAgent, 'iPhone|iPad|iPod') THEN 'iOS'
        WHEN contains(userAgent, 'Android') THEN 'Android'
        WHEN contains(userAgent, 'Windows') THEN 'Windows'
        WHEN regexp_matches(userAgent, 'Macintosh|Mac OS X') THEN 'macOS'
        WHEN regexp_matches(userAgent, 'Linux|X11') THEN 'Linux'
        WHEN userAgent IS NOT NULL THEN 'other'
    END AS platform,
    userAgent AS user_agent,
    nullif(location, '') AS location,
    CAST(NULL AS VARCHAR) AS country,
    CAST(NULL AS VARCHAR) AS context_type,
    CAST(NULL AS VARCHAR) AS context_id,
    'sparkify' AS source,
    filename AS source_file,
    getvariable('now') AS ingested_at,
    'duckdb' AS run_id,
    '{' || concat_ws(
        ',',
        '"auth":' || to_json(auth), '"method":' || to_json(method), '"page":' || to_json(page),
        '"status":' || to_json(status),
        CASE WHEN artist_name <> artist THEN '"artist":' || to_json(artist) END,
        CASE WHEN track_name <> song THEN '"song":' || to_json(song) END
    ) || '}' AS extra
FROM known;

CREATE TABLE dim_date AS
WITH day AS (
    SELECT CAST(unnest(generate_series(
        date_trunc('year', min(event_date)),
        date_trunc('year', max(event_date)) + INTERVAL 1 YEAR - INTERVAL 1 DAY,
        INTERVAL 1 DAY
    )) AS DATE) AS date
    FROM event
)

SELECT
    CAST(strftime(date, '%Y%m%d') AS INTEGER) AS date_key,
    date,
    CAST(year(date) AS INTEGER) AS year,
    CAST(quarter(date) AS INTEGER) AS quarter,
    CAST(month(date) AS INTEGER) AS month,
    CAST(week(date) AS INTEGER) AS week,
    CAST(isodow(date) AS INTEGER) AS day_of_week,
    isodow(date) >= 6 AS is_weekend
FROM day;

-- A new version wherever level or location changes; of several events at one moment the last in order counts.
CREATE TABLE dim_user AS
WITH told AS (
    SELECT
        user_id,
        event_time,
        last_value(level IGNORE NULLS) OVER so_far AS level,
        last_value(location IGNORE NULLS) OVER so_far AS location
    FROM event
    WHERE user_id IS NOT NULL
    WINDOW so_far AS (
        PARTITION BY user_id ORDER BY event_time, item_in_session NULLS FIRST, event_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ), in_order AS (
        PARTITION BY user_id ORDER BY event_time, item_in_session NULLS FIRST, event_id
    )
    QUALIFY event_time IS DISTINCT FROM lead(event_time) OVER in_order
),

change AS (
    SELECT *
    FROM told
    WINDOW in_order AS (PARTITION BY user_id ORDER BY event_time)
    QUALIFY row_number() OVER in_order = 1
        OR level IS DISTINCT FROM lag(level) OVER in_order
        OR location IS DISTINCT FROM lag(location) OVER in_order
),

version AS (
    SELECT
        user_id,
        level,
        location,
        event_time AS valid_from,
        lead(event_time) OVER (PARTITION BY user_id ORDER BY event_time) AS valid_to
    FROM change
),

person AS (
    SELECT
        user_id,
        arg_max(gender, (event_time, coalesce(item_in_session, -1), event_id)) AS gender,
        arg_max(registered_at, (event_time, coalesce(item_in_session, -1), event_id)) AS registered_at
    FROM event
    WHERE user_id IS NOT NULL
    GROUP BY user_id
)

SELECT
    key_at(user_id, valid_from) AS user_key,
    user_id,
    level,
    gender,
    location,
    registered_at,
    valid_from,
    valid_to,
    valid_to IS NULL AS is_current
FROM version
JOIN person USING (user_id)

UNION ALL

SELECT key_at('(anonymous)', beginning()), '(anonymous)', NULL, NULL, NULL, NULL, beginning(), NULL, true;

CREATE TABLE dim_artist AS
WITH artist AS (
    SELECT
        artist_id,
        arg_min(r, track_id) AS r,
        false AS is_inferred
    FROM (
        SELECT
            artist_id,
            track_id,
            {name: artist_name, location: artist_location, latitude: artist_latitude, longitude: artist_longitude} AS r
        FROM catalogue
    )
    GROUP BY artist_id

    UNION ALL

    SELECT artist_id, {name: min(artist_name), location: NULL, latitude: NULL, longitude: NULL}, true
    FROM _credit
    WHERE starts_with(artist_id, 'inferred:')
    GROUP BY artist_id

    UNION ALL

    SELECT '(unknown)', {name: '(unknown)', location: NULL, latitude: NULL, longitude: NULL}, true
)

SELECT
    key_at(artist_id, beginning()) AS artist_key,
    artist_id,
    r.name AS artist_name,
    r.location AS location,
    r.latitude AS latitude,
    r.longitude AS longitude,
    is_inferred,
    beginning() AS valid_from,
    CAST(NULL AS TIMESTAMP) AS valid_to,
    true AS is_current
FROM artist;

CREATE TABLE dim_track AS
WITH track AS (
    SELECT track_id, title, artist_id, duration_ms, release_year, false AS is_inferred
    FROM catalogue

    UNION ALL

    SELECT track_id, min(track_name), min(artist_id), max(duration_ms), NULL, true
    FROM event
    WHERE starts_with(track_id, 'inferred:')
    GROUP BY track_id

    UNION ALL

    SELECT '(unknown)', '(unknown)', '(unknown)', NULL, NULL, true
)

SELECT key_of(track_id) AS track_key, *
FROM track;

CREATE TABLE bridge_track_artist AS
SELECT track_id, artist_id, 1 AS position, 1.0::DOUBLE AS weight
FROM dim_track;

-- What the facts need of an event: its session, its user's version, whether it is a stream or a skip.
CREATE TABLE _timeline AS
WITH mark AS (
    SELECT
        *,
        CASE
            WHEN event_time - lag(event_time) OVER (PARTITION BY user_id ORDER BY event_time) <= INTERVAL 30 MINUTE
                THEN NULL
            ELSE event_time
        END AS starts_here
    FROM (
        SELECT
            event_id, event_type, event_time, event_date, user_id,
            coalesce(track_id, '(unknown)') AS track_id, coalesce(artist_id, '(unknown)') AS artist_id,
            ms_played, duration_ms, level, platform, country, source, item_in_session,
            coalesce(ms_played >= duration_ms - 1000, false) AS to_its_end
        FROM event
    )
),

cut AS (
    SELECT
        * EXCLUDE (starts_here),
        CASE
            WHEN user_id IS NOT NULL THEN max(starts_here) OVER (PARTITION BY user_id ORDER BY event_time)
        END AS started_at
    FROM mark
)

SELECT
    cut.* EXCLUDE (to_its_end),
    version.user_key,
    ms_played IS NULL OR ms_played >= 30000 OR (coalesce(duration_ms < 30000, false) AND to_its_end) AS is_stream,
    coalesce(ms_played < 30000 AND NOT to_its_end, false) AS is_skip
FROM cut
ASOF JOIN dim_user AS version
    ON version.user_id = coalesce(cut.user_id, '(anonymous)') AND version.valid_from <= cut.event_time;

CREATE TABLE fact_session AS
SELECT
    key_at(user_id, started_at) AS session_key,
    arg_min(user_key, event_time) AS user_key,
    user_id,
    started_at,
    max(event_time) AS ended_at,
    CAST(started_at AS DATE) AS session_date,
    count(*) AS events,
    count(*) FILTER (event_type = 'play') AS plays,
    count(*) FILTER (event_type = 'play' AND is_stream) AS streams,
    count(*) FILTER (event_type = 'play' AND is_skip) AS skips,
    count(DISTINCT track_id) FILTER (event_type = 'play') AS tracks,
    count(DISTINCT artist_id) FILTER (event_type = 'play') AS artists,
    CAST(coalesce(sum(ms_played), 0) AS BIGINT) AS listening_ms
FROM _timeline
WHERE started_at IS NOT NULL
GROUP BY user_id, started_at;

CREATE TABLE fact_stream AS
SELECT
    event_id,
    event_time,
    event_date,
    _timeline.user_key,
    user_id,
    track_key,
    track_id,
    artist_key,
    artist_id,
    session_key,
    ms_played,
    _timeline.duration_ms,
    CASE WHEN _timeline.duration_ms > 0 AND ms_played IS NOT NULL
        THEN least(1.0::DOUBLE, CAST(ms_played AS DOUBLE) / _timeline.duration_ms)
    END AS completion,
    is_stream,
    is_skip,
    level,
    platform,
    country,
    source,
    item_in_session
FROM _timeline
JOIN (SELECT track_id, track_key FROM dim_track) USING (track_id)
JOIN (SELECT artist_id, artist_key FROM dim_artist) USING (artist_id)
LEFT JOIN (SELECT user_id, started_at, session_key FROM fact_session) USING (user_id, started_at)
WHERE event_type = 'play';

CREATE TABLE fact_feedback AS
SELECT event_id, event_time, event_date, user_key, user_id, track_key, artist_key, event_type
FROM _timeline
JOIN (SELECT track_id, track_key FROM dim_track) USING (track_id)
JOIN (SELECT artist_id, artist_key FROM dim_artist) USING (artist_id)
WHERE event_type IN ('like', 'dislike', 'save', 'playlist_add', 'follow');

CREATE TABLE _day AS
SELECT
    track_key,
    artist_key,
    event_date,
    user_id,
    is_stream,
    is_skip,
    ms_played,
    duration_ms,
    'play' AS event_type
FROM fact_stream

UNION ALL

SELECT track_key, artist_key, event_date, NULL, false, false, NULL, NULL, event_type
FROM fact_feedback
WHERE event_type IN ('like', 'playlist_add', 'save');

CREATE MACRO days_by(member_key) AS TABLE
SELECT
    member_key AS member,
    event_date,
    count_if(event_type = 'play') AS plays,
    count_if(is_stream) AS streams,
    count_if(is_skip) AS skips,
    count(DISTINCT user_id) AS listeners,
    coalesce(CAST(sum(ms_played) AS BIGINT), 0) AS listening_ms,
    count_if(event_type = 'like') AS likes,
    count_if(event_type = 'playlist_add') AS playlist_adds,
    count_if(is_skip AND ms_played < 5000) AS early_skips,
    count(user_id) - count(DISTINCT (user_id, track_key)) FILTER (WHERE user_id IS NOT NULL) AS replays,
    coalesce(CAST(sum(least(ms_played, duration_ms)) FILTER (
        WHERE ms_played IS NOT NULL AND duration_ms > 0
    ) AS BIGINT), 0) AS heard_ms,
    coalesce(CAST(sum(duration_ms) FILTER (WHERE ms_played IS NOT NULL AND duration_ms > 0) AS BIGINT), 0) AS length_ms,
    count_if(ms_played IS NOT NULL AND duration_ms > 0) AS measured_plays,
    count_if(event_type = 'save') AS saves
FROM _day
GROUP BY ALL;

CREATE TABLE fact_track_day AS
SELECT track_key, track_id, days.* EXCLUDE (member)
FROM days_by(track_key) AS days
JOIN dim_track ON track_key = member;

CREATE TABLE fact_artist_day AS
SELECT artist_key, artist_id, days.* EXCLUDE (member)
FROM days_by(artist_key) AS days
JOIN dim_artist ON artist_key = member;
