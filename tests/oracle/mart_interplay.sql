-- One row per track or artist and period: the satisfaction of the rest of the sessions that hold it against that of the
-- same listeners' other sessions. Reactions, deviations and sessions' means are whole millionths.
WITH tagged AS (
    SELECT
        session.session_key,
        feedback.track_key,
        bool_or(feedback.event_type <> 'dislike') AS praised,
        bool_or(feedback.event_type = 'dislike') AS disliked
    FROM fact_session AS session
    JOIN fact_feedback AS feedback
        ON feedback.user_id = session.user_id
        AND feedback.event_time BETWEEN session.started_at AND session.ended_at
    GROUP BY session.session_key, feedback.track_key
),

play AS (
    SELECT
        stream.session_key,
        stream.user_id,
        stream.track_id,
        stream.artist_id,
        session.session_date,
        least(4, floor(log2(row_number() OVER (
            PARTITION BY stream.session_key
            ORDER BY stream.event_time, stream.item_in_session NULLS FIRST, stream.event_id
        )))) AS place,
        least(4, floor(log2(count(*) OVER (PARTITION BY stream.session_key)))) AS length,
        hour(session.started_at) // 6 AS quarter,
        isodow(session.started_at) IN (6, 7) AS is_weekend,
        round(1e6 * (
            completion_weight * coalesce(stream.completion, completion_mean) / completion_sd
            + skip_share_weight * stream.is_skip::INT / skip_share_sd
            + praise_rate_weight * coalesce(tagged.praised, FALSE)::INT / praise_rate_sd
            + dislike_rate_weight * coalesce(tagged.disliked, FALSE)::INT / dislike_rate_sd
        )) AS reaction
    FROM fact_stream AS stream
    JOIN fact_session AS session USING (session_key)
    JOIN satisfaction_model AS model
        ON session.session_date >= model.period_start AND session.session_date < model.period_start + 28
    LEFT JOIN tagged ON tagged.session_key = stream.session_key AND tagged.track_key = stream.track_key
),

in_period AS (
    SELECT play.*, period, start_of(period, session_date) AS period_start
    FROM play
    CROSS JOIN (VALUES ('day'), ('week'), ('28_days')) AS kind (period)
),

once AS (
    SELECT in_period.* REPLACE (reaction - explained AS reaction)
    FROM in_period
    JOIN explained_by_cells('in_period') USING (period, period_start, place, length, quarter, is_weekend)
),

-- Once more, for listeners' means were taken before their cells were known.
corrected AS (
    SELECT once.*, reaction - explained AS net
    FROM once
    JOIN explained_by_cells('once') USING (period, period_start, place, length, quarter, is_weekend)
),

session AS (
    SELECT
        period, period_start, user_id, session_key,
        count(*) AS plays, sum(net) AS total, round(sum(net) / count(*)) AS whole,
        count(DISTINCT track_id) AS tracks, count(DISTINCT artist_id) AS artists
    FROM corrected
    GROUP BY period, period_start, user_id, session_key
),

item AS (
    SELECT period, period_start, user_id, session_key, net, 'track' AS item_type, track_id AS item_id FROM corrected
    UNION ALL
    SELECT period, period_start, user_id, session_key, net, 'artist', artist_id FROM corrected
),

own AS (
    SELECT period, period_start, item_type, item_id, user_id, session_key, count(*) AS plays, sum(net) AS total
    FROM item
    WHERE item_id <> '(unknown)'
    GROUP BY period, period_start, item_type, item_id, user_id, session_key
),

listener AS (
    SELECT DISTINCT period, period_start, item_type, item_id, user_id FROM own
),

-- Every session of every listener of an item, said to hold it or not: the long way, without totals. Sessions of one
-- track, or of one artist, say nothing of tracks, or of artists.
side AS (
    SELECT
        listener.*,
        own.session_key IS NOT NULL AS holds,
        CASE
            WHEN CASE item_type WHEN 'track' THEN tracks ELSE artists END = 1 THEN NULL
            WHEN own.session_key IS NULL THEN session.whole
            WHEN session.plays > own.plays THEN round((session.total - own.total) / (session.plays - own.plays))
        END AS satisfaction
    FROM listener
    JOIN session USING (period, period_start, user_id)
    LEFT JOIN own USING (period, period_start, item_type, item_id, user_id, session_key)
),

compared AS (
    SELECT
        period, period_start, item_type, item_id, user_id,
        count(satisfaction) FILTER (WHERE holds) AS a,
        count(satisfaction) FILTER (WHERE NOT holds) AS b,
        (avg(satisfaction) FILTER (WHERE holds) - avg(satisfaction) FILTER (WHERE NOT holds)) / 1e6 AS d,
        CASE WHEN a > 0 AND b > 0 THEN a * b / (a + b) END AS w
    FROM side
    GROUP BY period, period_start, item_type, item_id, user_id
),

total AS (
    SELECT
        period, period_start, item_type, item_id,
        count(*) // getvariable('k') * getvariable('k') AS listeners,
        count(w) AS g,
        sum(round(w * 1e6)) / 1e6 AS s0,
        sum(round(w * d * 1e6)) / 1e6 AS s1,
        sum(round(w * w * 1e6)) / 1e6 AS q0,
        sum(round(w * w * d * 1e6)) / 1e6 AS q1,
        sum(round(w * w * d * d * 1e6)) / 1e6 AS q2
    FROM compared
    GROUP BY period, period_start, item_type, item_id
    HAVING count(*) >= getvariable('k')
),

estimate AS (
    SELECT
        *,
        s1 / s0 AS raw,
        q2 - 2 * (s1 / s0) * q1 + (s1 / s0) ** 2 * q0 AS spread
    FROM total
),

effect AS (
    SELECT
        *,
        CASE WHEN g >= greatest(2, getvariable('k')) AND spread > 2e-6 THEN round(raw * 1e6) / 1e6 END AS effect,
        CASE
            WHEN g >= greatest(2, getvariable('k')) AND spread > 2e-6
                THEN greatest(0.0001, round(sqrt(spread / s0 ** 2 * g / (g - 1)) * 1e6) / 1e6)
        END AS error,
        1.959963984540054 AS z
    FROM estimate
),

quantile AS (
    SELECT
        *,
        z + (z ** 3 + z) / 4 / (g - 1) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96 / (g - 1) ** 2
        + (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384 / (g - 1) ** 3 AS t
    FROM effect
),

prior AS (
    SELECT
        period, period_start, item_type,
        round(sum(effect / error ** 2) / sum(1 / error ** 2) * 1e6) / 1e6 AS centre,
        CASE
            WHEN count(*) > 1 THEN round(greatest(
                0.0,
                (sum(effect ** 2 / error ** 2) - sum(effect / error ** 2) ** 2 / sum(1 / error ** 2) - (count(*) - 1))
                / (sum(1 / error ** 2) - sum(1 / error ** 4) / sum(1 / error ** 2))
            ) * 1e6) / 1e6
            ELSE 0.0
        END AS tau2
    FROM effect
    WHERE effect IS NOT NULL
    GROUP BY period, period_start, item_type
),

shrunk AS (
    SELECT
        quantile.*,
        centre + tau2 / (tau2 + error ** 2) * (effect - centre) AS mean,
        error * sqrt(tau2 / (tau2 + error ** 2)) * z AS margin
    FROM quantile
    LEFT JOIN prior USING (period, period_start, item_type)
),

mapped AS (
    SELECT
        *,
        round(mean * 1e6) / 1e6 AS shrunk_effect,
        round((mean - margin) * 1e6) / 1e6 AS shrunk_low,
        round((mean + margin) * 1e6) / 1e6 AS shrunk_high
    FROM shrunk
),

middle AS (
    SELECT
        period, period_start, item_type,
        round(median(shrunk_effect) * 1e6) / 1e6 AS middle_effect,
        median(listeners) AS middle_listeners
    FROM mapped
    GROUP BY period, period_start, item_type
)

SELECT
    item_type,
    item_id,
    period,
    period_start,
    listeners,
    g // getvariable('k') * getvariable('k') AS compared_listeners,
    CAST(getvariable('k') AS BIGINT) AS k,
    effect,
    round((effect - error * t) * 1e6) / 1e6 AS effect_low,
    round((effect + error * t) * 1e6) / 1e6 AS effect_high,
    error AS standard_error,
    shrunk_effect,
    shrunk_low,
    shrunk_high,
    CASE
        WHEN shrunk_low > middle_effect AND listeners > middle_listeners THEN 'star'
        WHEN shrunk_low > middle_effect THEN 'hidden_gem'
        WHEN shrunk_high < middle_effect AND listeners > middle_listeners THEN 'over_exposed'
        WHEN shrunk_high < middle_effect THEN 'fading'
        ELSE 'unsure'
    END AS quadrant
FROM mapped
JOIN middle USING (period, period_start, item_type)
