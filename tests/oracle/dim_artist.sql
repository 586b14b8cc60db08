-- One row per artist: those of the catalogue (as their smallest song_id states them), those only named by events, and
-- the unknown artist. Each has one version, valid since 1970.
WITH artist AS (
    SELECT
        artist_id,
        artist_name,
        artist_location AS location,
        artist_latitude AS latitude,
        artist_longitude AS longitude,
        false AS is_inferred
    FROM catalogue
    QUALIFY row_number() OVER (PARTITION BY artist_id ORDER BY track_id) = 1

    UNION ALL

    SELECT DISTINCT artist_id, artist_name, NULL, NULL, NULL, true
    FROM credit
    WHERE starts_with(artist_id, 'inferred:')

    UNION ALL

    SELECT '(unknown)', '(unknown)', NULL, NULL, NULL, true
)

SELECT
    key_at(artist_id, TIMESTAMP '1970-01-01') AS artist_key,
    artist_id,
    artist_name,
    location,
    latitude,
    longitude,
    is_inferred,
    TIMESTAMP '1970-01-01' AS valid_from,
    CAST(NULL AS TIMESTAMP) AS valid_to,
    true AS is_current
FROM artist
