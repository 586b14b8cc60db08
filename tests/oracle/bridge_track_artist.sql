-- One row per artist on a track; sparkify knows one artist per track.
SELECT track_id, artist_id, 1 AS position, 1.0::DOUBLE AS weight
FROM dim_track
