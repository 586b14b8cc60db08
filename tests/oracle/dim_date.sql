-- One row per day of the years in which there are events.
WITH span AS (
    SELECT date_trunc('year', min(event_date)) AS first_day, date_trunc('year', max(event_date)) AS last_year
    FROM event
),

day AS (
    SELECT CAST(unnest(generate_series(first_day, last_year + INTERVAL 1 YEAR - INTERVAL 1 DAY, INTERVAL 1 DAY)) AS DATE) AS date
    FROM span
    WHERE first_day IS NOT NULL
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
FROM day
