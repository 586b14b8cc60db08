-- One row per track and period. Rates with Wilson intervals, drawn towards a beta prior fitted over all tracks of the period.
WITH track AS (
    SELECT
        *,
        measured_plays * coalesce(heard_ms / nullif(length_ms, 0), 0) AS heard_plays
    FROM member_period
    WHERE member = 'track'
),

trial AS (
    SELECT member_id, period, period_start, unnest([
        {'rate': 'completion', 'x': heard_plays, 'n': measured_plays},
        {'rate': 'skip', 'x': skips, 'n': plays},
        {'rate': 'early_skip', 'x': early_skips, 'n': plays},
        {'rate': 'replay', 'x': replays, 'n': plays},
        {'rate': 'save', 'x': least(saves, plays), 'n': plays},
        {'rate': 'like', 'x': least(likes, plays), 'n': plays}
    ], recursive := true)
    FROM track
),

moment AS (
    SELECT
        period,
        period_start,
        rate,
        sum(x) / nullif(sum(n), 0) AS p,
        sum(n) AS w,
        sum(n * n) AS ww,
        count(*) FILTER (WHERE n > 0) AS tracks,
        sum(x * x / nullif(n, 0)) AS xx
    FROM trial
    JOIN track USING (member_id, period, period_start)
    WHERE plays > 0
    GROUP BY ALL
),

correlation AS (
    SELECT
        *,
        (xx - w * p * p - p * (1 - p) * (tracks - 1)) / nullif(p * (1 - p) * (w - ww / nullif(w, 0) - (tracks - 1)), 0) AS rho
    FROM moment
),

prior AS (
    SELECT *, CASE WHEN rho > 0 THEN greatest(0, least((1 - rho) / rho, 10000)) ELSE 10000 END AS strength
    FROM correlation
),

measured AS (
    SELECT
        member_id,
        period,
        period_start,
        rate,
        x / nullif(n, 0) AS value,
        CASE WHEN n > 0 THEN greatest(0, (value + 3.841458820694124 / (2 * n)
            - 1.959963984540054 * sqrt(value * (1 - value) / n + 3.841458820694124 / (4 * n * n)))
            / (1 + 3.841458820694124 / n)) END AS low,
        CASE WHEN n > 0 THEN least(1, (value + 3.841458820694124 / (2 * n)
            + 1.959963984540054 * sqrt(value * (1 - value) / n + 3.841458820694124 / (4 * n * n)))
            / (1 + 3.841458820694124 / n)) END AS high,
        coalesce((x + strength * p) / nullif(n + strength, 0), p) AS shrunk
    FROM trial
    LEFT JOIN prior USING (period, period_start, rate)
),

wide AS (
    SELECT
        member_id,
        period,
        period_start,
        max(CASE rate WHEN 'completion' THEN value END) AS completion_rate,
        max(CASE rate WHEN 'completion' THEN low END) AS completion_low,
        max(CASE rate WHEN 'completion' THEN high END) AS completion_high,
        max(CASE rate WHEN 'completion' THEN shrunk END) AS completion_shrunk,
        max(CASE rate WHEN 'skip' THEN value END) AS skip_rate,
        max(CASE rate WHEN 'skip' THEN low END) AS skip_low,
        max(CASE rate WHEN 'skip' THEN high END) AS skip_high,
        max(CASE rate WHEN 'skip' THEN shrunk END) AS skip_shrunk,
        max(CASE rate WHEN 'early_skip' THEN value END) AS early_skip_rate,
        max(CASE rate WHEN 'early_skip' THEN low END) AS early_skip_low,
        max(CASE rate WHEN 'early_skip' THEN high END) AS early_skip_high,
        max(CASE rate WHEN 'early_skip' THEN shrunk END) AS early_skip_shrunk,
        max(CASE rate WHEN 'replay' THEN value END) AS replay_rate,
        max(CASE rate WHEN 'replay' THEN low END) AS replay_low,
        max(CASE rate WHEN 'replay' THEN high END) AS replay_high,
        max(CASE rate WHEN 'replay' THEN shrunk END) AS replay_shrunk,
        max(CASE rate WHEN 'save' THEN value END) AS save_rate,
        max(CASE rate WHEN 'save' THEN low END) AS save_low,
        max(CASE rate WHEN 'save' THEN high END) AS save_high,
        max(CASE rate WHEN 'save' THEN shrunk END) AS save_shrunk,
        max(CASE rate WHEN 'like' THEN value END) AS like_rate,
        max(CASE rate WHEN 'like' THEN low END) AS like_low,
        max(CASE rate WHEN 'like' THEN high END) AS like_high,
        max(CASE rate WHEN 'like' THEN shrunk END) AS like_shrunk
    FROM measured
    GROUP BY ALL
),

-- Country is not in these logs: all plays are of the one unknown market.
market AS (
    SELECT member_id, period, period_start, rank() OVER (PARTITION BY period, period_start ORDER BY streams DESC) AS place
    FROM track
    WHERE plays > 0
),

placed AS (
    SELECT
        track.*,
        wide.* EXCLUDE (member_id, period, period_start),
        market.place AS market_place,
        rank() OVER (PARTITION BY track.period, track.period_start ORDER BY streams DESC) AS rank,
        count(*) OVER (PARTITION BY track.period, track.period_start) AS tracks,
        min(
            (fresh = 0 OR fresh >= k()) AND (listeners = fresh OR listeners - fresh >= k())
        ) OVER (PARTITION BY member_id, block, track.period) AS fresh_is_fine,
        CAST(greatest(0, period_start + length_of(period) - 1 - first_played_on) AS INTEGER) AS age_days
    FROM track
    JOIN wide USING (member_id, period, period_start)
    LEFT JOIN market USING (member_id, period, period_start)
),

grouped AS (
    SELECT
        *,
        CASE
            WHEN age_days < 28 THEN '0 to 27 days'
            WHEN age_days < 84 THEN '28 to 83 days'
            WHEN age_days < 364 THEN '84 to 363 days'
            ELSE '364 days or more'
        END || ', tenth ' || ((rank - 1) * 10 // tracks + 1) AS cohort
    FROM placed
),

whole AS (
    SELECT
        *,
        CASE WHEN completion_shrunk IS NOT NULL THEN
            round(100 * percent_rank() OVER (
                PARTITION BY period, period_start, cohort ORDER BY round(completion_shrunk, 9)
            ), 1)
        END AS percentile
    FROM grouped
)

SELECT
    dim_track.track_key,
    dim_track.track_id,
    dim_track.artist_id,
    whole.period,
    whole.period_start,
    whole.days,
    shown.level < detail_of(whole.period) AS is_suppressed,
    CASE WHEN NOT is_suppressed THEN plays END AS plays,
    CASE WHEN NOT is_suppressed THEN streams END AS streams,
    CASE WHEN NOT is_suppressed THEN listeners END AS listeners,
    CASE WHEN NOT is_suppressed AND fresh_is_fine THEN fresh END AS new_listeners,
    CASE WHEN NOT is_suppressed THEN listening_ms END AS listening_ms,
    CASE WHEN NOT is_suppressed THEN COLUMNS('^(completion|skip|early_skip|replay|save|like)_(rate|low|high|shrunk)$') END,
    CASE
        WHEN NOT is_suppressed AND before.level >= detail_of(whole.period)
            THEN (streams / whole.days - streams_before / nullif(days_before, 0))
                / nullif(streams / whole.days + streams_before / nullif(days_before, 0), 0)
    END AS momentum,
    CASE WHEN NOT is_suppressed THEN rank END AS rank,
    CASE WHEN NOT is_suppressed AND market_place IS NOT NULL AND listeners >= k() THEN '(unknown)' END AS top_market,
    CASE WHEN NOT is_suppressed AND listeners >= k() THEN market_place END AS rank_in_top_market,
    CASE WHEN NOT is_suppressed THEN age_days END AS age_days,
    CASE WHEN NOT is_suppressed THEN cohort END AS cohort,
    CASE WHEN NOT is_suppressed THEN percentile END AS percentile,
    k() AS k
FROM whole
JOIN dim_track ON dim_track.track_id = whole.member_id
JOIN member_level AS shown ON shown.member = 'track' AND shown.member_id = whole.member_id AND shown.block = whole.block
LEFT JOIN member_level AS before
    ON before.member = 'track' AND before.member_id = whole.member_id
    AND before.block = start_of('28_days', whole.period_start - length_of(whole.period))
