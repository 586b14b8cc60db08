-- One row for the whole input: what was read and what became of it; read = events + duplicates + quarantined.
SELECT
    (SELECT count(*) FROM log_line) AS read,
    (SELECT count(*) FROM event) AS events,
    (SELECT count(*) FROM record WHERE reason IS NULL) - (SELECT count(*) FROM event) AS duplicates,
    (SELECT count(*) FROM quarantine) AS quarantined
