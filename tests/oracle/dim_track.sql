-- One row per track: every song of the catalogue, every pair of names that events use and the catalogue lacks,
-- and the unknown track. An inferred track is as long as the longest length that any of its events states.
WITH stated AS (
    SELECT
        credit.track_id,
        max(event.duration_ms) AS duration_ms
    FROM event
    JOIN credit
        ON credit.track_name IS NOT DISTINCT FROM event.track_name
        AND credit.artist_name IS NOT DISTINCT FROM event.artist_name
    GROUP BY credit.track_id
)

SELECT key_of(track_id) AS track_key, track_id, title, artist_id, duration_ms, release_year, false AS is_inferred
FROM catalogue

UNION ALL

SELECT key_of(track_id), track_id, track_name, artist_id, stated.duration_ms, NULL, true
FROM credit
LEFT JOIN stated USING (track_id)
WHERE starts_with(track_id, 'inferred:')

UNION ALL

SELECT key_of('(unknown)'), '(unknown)', '(unknown)', '(unknown)', NULL, NULL, true
