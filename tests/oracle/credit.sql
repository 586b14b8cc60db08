-- One row per pair of names that events use: the track and the artist that it stands for.
-- A pair that the catalogue lacks is an inferred track; its artist is the catalogue's if the name is one artist's only.
WITH pair AS (
    SELECT title, artist_name, min(track_id) AS track_id, arg_min(artist_id, track_id) AS artist_id
    FROM catalogue
    GROUP BY title, artist_name
),

bearer AS (
    SELECT artist_name, min(artist_id) AS artist_id
    FROM catalogue
    GROUP BY artist_name
    HAVING count(DISTINCT artist_id) = 1
),

name AS (
    SELECT DISTINCT track_name, artist_name FROM event
)

SELECT
    name.track_name,
    name.artist_name,
    CASE
        WHEN name.track_name IS NULL OR name.artist_name IS NULL THEN '(unknown)'
        ELSE coalesce(pair.track_id, 'inferred:' || key_of(name.artist_name || chr(31) || name.track_name))
    END AS track_id,
    CASE
        WHEN name.artist_name IS NULL THEN '(unknown)'
        ELSE coalesce(pair.artist_id, bearer.artist_id, 'inferred:' || key_of(name.artist_name))
    END AS artist_id,
    pair.track_id IS NULL AND bearer.artist_id IS NOT NULL AS artist_by_name
FROM name
LEFT JOIN pair ON pair.title = name.track_name AND pair.artist_name = name.artist_name
LEFT JOIN bearer ON bearer.artist_name = name.artist_name
