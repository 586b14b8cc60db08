-- One row per line that can not become an event; not deduplicated.
SELECT line AS raw_record, reason, 'sparkify' AS source, source_file
FROM record
WHERE reason IS NOT NULL
