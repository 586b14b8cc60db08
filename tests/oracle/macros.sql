-- Key of a member: the first 32 hex digits of SHA-256 over its natural key.
CREATE MACRO key_of(natural_key) AS left(sha256(natural_key), 32);

-- Key of a member that is told apart by an id and a moment.
CREATE MACRO key_at(id, moment) AS left(sha256(id || chr(31) || CAST(epoch_us(moment) AS VARCHAR)), 32);

-- A JSON value as text: numbers as plain integers (139, 139.0 and 1.39e2 are all '139'), text as it stands,
-- null and missing as NULL.
CREATE MACRO plain_text(value) AS
    CASE
        WHEN json_type(value) = 'DOUBLE' AND TRY_CAST(value ->> '$' AS DOUBLE) = floor(TRY_CAST(value ->> '$' AS DOUBLE))
            THEN CAST(TRY_CAST(TRY_CAST(value ->> '$' AS DOUBLE) AS HUGEINT) AS VARCHAR)
        ELSE value ->> '$'
    END;

-- A JSON number as a whole number, cut down; NULL when it is no number.
CREATE MACRO whole_number(value) AS
    CASE
        WHEN json_type(value) IN ('UBIGINT', 'BIGINT') THEN TRY_CAST(value ->> '$' AS BIGINT)
        WHEN json_type(value) = 'DOUBLE' THEN TRY_CAST(floor(TRY_CAST(value ->> '$' AS DOUBLE)) AS BIGINT)
    END;

-- Seconds as a JSON number to milliseconds, rounded half up in decimal arithmetic (100.0005 s is 100,001 ms).
CREATE MACRO milliseconds(seconds) AS
    CASE
        WHEN json_type(seconds) IN ('UBIGINT', 'BIGINT', 'DOUBLE')
            THEN CAST(round(TRY_CAST(seconds ->> '$' AS DECIMAL(36, 12)) * 1000, 0) AS BIGINT)
    END;
