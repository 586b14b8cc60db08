-- One row per listener and period: means over the sessions with plays that began in it.
WITH period AS (
    SELECT session.*, kind.period,
        CAST(
            DATE '1970-01-05' + CAST(floor((session_date - DATE '1970-01-05') / kind.days) * kind.days AS INT) AS DATE
        ) AS period_start
    FROM session_satisfaction AS session
    CROSS JOIN (VALUES ('day', 1), ('week', 7), ('28_days', 28)) AS kind (period, days)
)

SELECT
    user_id,
    period,
    period_start,
    count(*) AS sessions,
    CAST(sum(plays) AS BIGINT) AS plays,
    CAST(sum(listening_ms) AS BIGINT) AS listening_ms,
    round(sum(round(satisfaction * 1e6)) / count(satisfaction)) / 1e6 AS satisfaction,
    round(sum(round(completion * 1e6)) / count(completion)) / 1e6 AS completion,
    round(sum(round(skip_share * 1e6)) / count(skip_share)) / 1e6 AS skip_share,
    round(sum(round(skip_run_share * 1e6)) / count(skip_run_share)) / 1e6 AS skip_run_share,
    round(sum(round(praise_rate * 1e6)) / count(praise_rate)) / 1e6 AS praise_rate,
    round(sum(round(dislike_rate * 1e6)) / count(dislike_rate)) / 1e6 AS dislike_rate,
    round(sum(round(discovery * 1e6)) / count(discovery)) / 1e6 AS discovery,
    round(sum(round(artist_discovery * 1e6)) / count(artist_discovery)) / 1e6 AS artist_discovery,
    round(sum(round(artist_entropy * 1e6)) / count(artist_entropy)) / 1e6 AS artist_entropy,
    round(sum(round(artist_concentration * 1e6)) / count(artist_concentration)) / 1e6 AS artist_concentration,
    round(sum(round(returned_1d::INT * 1e6)) / count(returned_1d::INT)) / 1e6 AS returned_1d,
    round(sum(round(returned_7d::INT * 1e6)) / count(returned_7d::INT)) / 1e6 AS returned_7d
FROM period
GROUP BY user_id, period, period_start
