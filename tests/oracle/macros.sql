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

-- Fewest listeners of whom marts may tell.
CREATE MACRO k() AS getvariable('k');

-- First day of the period of a kind in which a day lies; 28 days are counted from the first Monday of 1970.
CREATE MACRO start_of(kind, day) AS
    CASE kind
        WHEN 'day' THEN CAST(day AS DATE)
        WHEN 'week' THEN CAST(date_trunc('week', CAST(day AS DATE)) AS DATE)
        ELSE DATE '1970-01-05' + CAST(28 * CAST(floor((CAST(day AS DATE) - DATE '1970-01-05') / 28.0) AS INTEGER) AS INTEGER)
    END;

CREATE MACRO length_of(kind) AS CASE kind WHEN 'day' THEN 1 WHEN 'week' THEN 7 ELSE 28 END;

-- Level of detail that a kind of period takes: what is shown is shown up to a level.
CREATE MACRO detail_of(kind) AS CASE kind WHEN 'day' THEN 3 WHEN 'week' THEN 2 ELSE 1 END;

-- What each cell of plays in periods explains of their reactions: how far these lie from their listeners' means, each
-- listener's plays in the cell taken together.
CREATE MACRO explained_by_cells(plays) AS TABLE
SELECT period, period_start, place, length, quarter, is_weekend, round(sum(round(total - n * usual)) / sum(n)) AS explained
FROM (
    SELECT
        period, period_start, place, length, quarter, is_weekend,
        count(*) AS n, sum(reaction) AS total,
        sum(sum(reaction)) OVER of_user / sum(count(*)) OVER of_user AS usual
    FROM query_table(plays)
    GROUP BY period, period_start, user_id, place, length, quarter, is_weekend
    WINDOW of_user AS (PARTITION BY period, period_start, user_id)
)
GROUP BY period, period_start, place, length, quarter, is_weekend;
