-- One row per artist and period: the funnel, breadth, and where the artist lies furthest below peers of its size.
WITH part AS (
    SELECT
        artist_id,
        track_id,
        start_of('28_days', event_date) AS block,
        period,
        start_of(period, event_date) AS period_start,
        count(*) FILTER (WHERE is_stream) AS streams
    FROM fact_stream, (VALUES ('day'), ('week'), ('28_days')) AS kinds(period)
    WHERE track_id <> '(unknown)'
    GROUP BY ALL
),

breadth AS (
    SELECT
        artist_id,
        period,
        period_start,
        count(*) AS tracks,
        count(*) FILTER (WHERE shown.level < detail_of(period)) AS hidden,
        coalesce(sum(streams) FILTER (WHERE shown.level >= detail_of(period)), 0) AS shown_streams,
        coalesce(sum(streams * streams) FILTER (WHERE shown.level >= detail_of(period)), 0) AS squares
    FROM part
    JOIN member_level AS shown ON shown.member = 'track' AND shown.member_id = track_id AND shown.block = part.block
    GROUP BY ALL
),

play_of AS (
    SELECT
        artist_id,
        start_of('28_days', event_date) AS period_start,
        user_id,
        count(*) AS plays,
        row_number() OVER (PARTITION BY artist_id, start_of('28_days', event_date) ORDER BY count(*) DESC, user_id) AS place,
        ceil(count(*) OVER (PARTITION BY artist_id, start_of('28_days', event_date)) / 100) AS most
    FROM fact_stream
    WHERE user_id IS NOT NULL
    GROUP BY artist_id, start_of('28_days', event_date), user_id
),

most_active AS (
    SELECT
        artist_id,
        '28_days' AS period,
        period_start,
        CASE WHEN any_value(most) >= k() THEN sum(plays) FILTER (WHERE place <= most) / sum(plays) END AS top_1_percent_share
    FROM play_of
    GROUP BY ALL
),

artist AS (
    SELECT
        total.*,
        rank() OVER (PARTITION BY total.period, total.period_start ORDER BY streams DESC) AS rank,
        min((fresh = 0 OR fresh >= k()) AND (returning_ones = 0 OR returning_ones >= k())
            AND (reactivated = 0 OR reactivated >= k()) AND (lapsed = 0 OR lapsed >= k()))
            OVER (PARTITION BY total.member_id, total.block, total.period) AS funnel_is_fine,
        shown.level < detail_of(total.period) AS is_suppressed,
        before.level >= detail_of(total.period) AS before_is_shown
    FROM member_period AS total
    JOIN member_level AS shown
        ON shown.member = 'artist' AND shown.member_id = total.member_id AND shown.block = total.block
    LEFT JOIN member_level AS before
        ON before.member = 'artist' AND before.member_id = total.member_id
        AND before.block = start_of('28_days', total.period_start - length_of(total.period))
    WHERE total.member = 'artist'
),

figure AS (
    SELECT
        artist.*,
        coalesce(breadth.tracks, 0) AS tracks,
        top_1_percent_share,
        CASE WHEN funnel_is_fine THEN fresh / nullif(listeners, 0) END AS reach,
        (likes + saves) / nullif(listeners, 0) AS conversion,
        CASE WHEN funnel_is_fine AND before_is_shown THEN returning_ones / nullif(listeners_before, 0) END AS retention,
        heard_ms / nullif(length_ms, 0) AS satisfaction,
        pow(streams, 2) / nullif(
            coalesce(squares, 0)
            + pow(streams - coalesce(shown_streams, 0), 2) / greatest(coalesce(hidden, 1), 1),
            0
        ) AS catalogue
    FROM artist
    LEFT JOIN breadth ON breadth.artist_id = artist.member_id AND breadth.period = artist.period
        AND breadth.period_start = artist.period_start
    LEFT JOIN most_active ON most_active.artist_id = artist.member_id AND most_active.period = artist.period
        AND most_active.period_start = artist.period_start
),

sized AS (
    SELECT *, CASE WHEN NOT is_suppressed THEN floor(log2(listeners)) END AS size
    FROM figure
),

peer AS (
    SELECT
        period,
        period_start,
        size,
        count(*) AS peers,
        median(reach) AS reach,
        median(conversion) AS conversion,
        median(retention) AS retention,
        median(satisfaction) AS satisfaction,
        median(catalogue) AS catalogue
    FROM sized
    GROUP BY ALL
),

metric AS (
    SELECT member_id, period, period_start, size, unnest([
        {'place': 1, 'need': 'reach', 'value': reach},
        {'place': 2, 'need': 'conversion', 'value': conversion},
        {'place': 3, 'need': 'retention', 'value': retention},
        {'place': 4, 'need': 'satisfaction', 'value': satisfaction},
        {'place': 5, 'need': 'catalogue', 'value': catalogue}
    ], recursive := true)
    FROM sized
    WHERE size IS NOT NULL
),

compared AS (
    SELECT
        metric.*,
        round(100 * percent_rank() OVER (
            PARTITION BY metric.period, metric.period_start, metric.size, need ORDER BY value
        ), 1) AS percentile,
        CASE need
            WHEN 'reach' THEN peer.reach
            WHEN 'conversion' THEN peer.conversion
            WHEN 'retention' THEN peer.retention
            WHEN 'satisfaction' THEN peer.satisfaction
            ELSE peer.catalogue
        END AS peer_median
    FROM metric
    JOIN peer USING (period, period_start, size)
    WHERE peers >= 10 AND value IS NOT NULL
),

lowest AS (
    SELECT *
    FROM compared
    WHERE value < peer_median
    QUALIFY row_number() OVER (PARTITION BY member_id, period, period_start ORDER BY percentile, place) = 1
),

percentile AS (
    SELECT
        member_id,
        period,
        period_start,
        max(percentile) FILTER (WHERE need = 'reach') AS reach_percentile,
        max(percentile) FILTER (WHERE need = 'conversion') AS conversion_percentile,
        max(percentile) FILTER (WHERE need = 'retention') AS retention_percentile,
        max(percentile) FILTER (WHERE need = 'satisfaction') AS satisfaction_percentile,
        max(percentile) FILTER (WHERE need = 'catalogue') AS catalogue_percentile
    FROM compared
    GROUP BY ALL
)

SELECT
    sized.member_id AS artist_id,
    sized.period,
    sized.period_start,
    sized.days,
    is_suppressed,
    CASE WHEN NOT is_suppressed THEN plays END AS plays,
    CASE WHEN NOT is_suppressed THEN streams END AS streams,
    CASE WHEN NOT is_suppressed THEN listeners END AS listeners,
    CASE WHEN NOT is_suppressed THEN streams / listeners END AS streams_per_listener,
    CASE WHEN NOT is_suppressed THEN listening_ms END AS listening_ms,
    CASE WHEN NOT is_suppressed AND funnel_is_fine THEN fresh END AS new_listeners,
    CASE WHEN NOT is_suppressed AND funnel_is_fine THEN returning_ones END AS returning_listeners,
    CASE WHEN NOT is_suppressed AND funnel_is_fine THEN reactivated END AS reactivated_listeners,
    CASE WHEN NOT is_suppressed AND funnel_is_fine THEN lapsed END AS lapsed_listeners,
    CASE
        WHEN NOT is_suppressed AND before_is_shown
            THEN (streams / sized.days - streams_before / nullif(days_before, 0))
                / nullif(streams / sized.days + streams_before / nullif(days_before, 0), 0)
    END AS momentum,
    CASE WHEN NOT is_suppressed THEN rank END AS rank,
    CASE WHEN NOT is_suppressed THEN skips / plays END AS skip_rate,
    CASE WHEN NOT is_suppressed AND plays > 0 THEN
        greatest(0, (skips / plays + 3.841458820694124 / (2 * plays)
            - 1.959963984540054 * sqrt(skips / plays * (1 - skips / plays) / plays + 3.841458820694124 / (4 * plays * plays)))
            / (1 + 3.841458820694124 / plays))
    END AS skip_low,
    CASE WHEN NOT is_suppressed AND plays > 0 THEN
        least(1, (skips / plays + 3.841458820694124 / (2 * plays)
            + 1.959963984540054 * sqrt(skips / plays * (1 - skips / plays) / plays + 3.841458820694124 / (4 * plays * plays)))
            / (1 + 3.841458820694124 / plays))
    END AS skip_high,
    CASE WHEN NOT is_suppressed THEN tracks END AS tracks,
    CASE WHEN NOT is_suppressed THEN top_1_percent_share END AS top_1_percent_share,
    CASE WHEN NOT is_suppressed THEN sized.reach END AS reach,
    CASE WHEN NOT is_suppressed THEN sized.conversion END AS conversion,
    CASE WHEN NOT is_suppressed THEN sized.retention END AS retention,
    CASE WHEN NOT is_suppressed THEN sized.satisfaction END AS satisfaction,
    CASE WHEN NOT is_suppressed THEN sized.catalogue END AS catalogue,
    CASE WHEN NOT is_suppressed THEN peers END AS peers,
    reach_percentile,
    conversion_percentile,
    retention_percentile,
    satisfaction_percentile,
    catalogue_percentile,
    need AS needs,
    value AS needs_value,
    peer_median AS needs_peer_median,
    k() AS k
FROM sized
LEFT JOIN peer USING (period, period_start, size)
LEFT JOIN percentile USING (member_id, period, period_start)
LEFT JOIN lowest USING (member_id, period, period_start)
