-- The default model of every 28 days that have sessions with plays or without; no row where a model is to be learned,
-- for which 1,000 sessions have to be known.
WITH period AS (
    SELECT DISTINCT
        CAST(DATE '1970-01-05' + CAST(floor((session_date - DATE '1970-01-05') / 28) * 28 AS INT) AS DATE)
            AS period_start
    FROM fact_session
),

learned_from AS (
    SELECT period.period_start, count(session_key) AS sessions, count(*) FILTER (WHERE returned_7d) AS returns
    FROM period
    LEFT JOIN session_behaviour
        ON session_date BETWEEN period_start - 84 AND period_start - 8 AND returned_7d IS NOT NULL
    GROUP BY period.period_start
)

SELECT
    period_start,
    TRUE AS is_default,
    sessions,
    returns,
    0.0::DOUBLE AS intercept,
    NULL::DOUBLE AS habit_weight,
    NULL::DOUBLE AS brier,
    NULL::DOUBLE AS calibration_error,
    NULL::DOUBLE AS auc,
    0.5::DOUBLE AS completion_weight, 0.75::DOUBLE AS completion_mean, 0.25::DOUBLE AS completion_sd,
    -0.5::DOUBLE AS skip_share_weight, 0.2::DOUBLE AS skip_share_mean, 0.25::DOUBLE AS skip_share_sd,
    -0.25::DOUBLE AS skip_run_share_weight, 0.08::DOUBLE AS skip_run_share_mean, 0.16::DOUBLE AS skip_run_share_sd,
    0.25::DOUBLE AS praise_rate_weight, 0.05::DOUBLE AS praise_rate_mean, 0.1::DOUBLE AS praise_rate_sd,
    -0.25::DOUBLE AS dislike_rate_weight, 0.01::DOUBLE AS dislike_rate_mean, 0.05::DOUBLE AS dislike_rate_sd,
    0.25::DOUBLE AS length_weight, 2.0::DOUBLE AS length_mean, 0.8::DOUBLE AS length_sd,
    0.1::DOUBLE AS discovery_weight, 0.6::DOUBLE AS discovery_mean, 0.3::DOUBLE AS discovery_sd,
    0.0::DOUBLE AS artist_discovery_weight, 0.4::DOUBLE AS artist_discovery_mean, 0.3::DOUBLE AS artist_discovery_sd,
    0.1::DOUBLE AS artist_entropy_weight, 1.2::DOUBLE AS artist_entropy_mean, 0.8::DOUBLE AS artist_entropy_sd,
    0.0::DOUBLE AS artist_concentration_weight, 0.4::DOUBLE AS artist_concentration_mean,
    0.3::DOUBLE AS artist_concentration_sd
FROM learned_from
WHERE sessions < 1000
