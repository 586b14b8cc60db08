-- One row per artist, 28 days and group of listeners: by loyalty, place, first 28 days, and the artists they also play.
WITH play AS (
    SELECT
        artist_id,
        start_of('28_days', event_date) AS period_start,
        fact_stream.user_id,
        start_of('week', event_date) AS week,
        is_stream,
        coalesce(location, '(unknown)') AS place
    FROM fact_stream
    JOIN dim_user USING (user_key)
    WHERE fact_stream.user_id IS NOT NULL
),

everything AS (
    SELECT user_id, period_start, count(*) AS all_plays, count(DISTINCT week) AS all_weeks
    FROM play
    GROUP BY ALL
),

place AS (
    SELECT artist_id, period_start, user_id, place
    FROM play
    GROUP BY artist_id, period_start, user_id, place
    QUALIFY row_number() OVER (PARTITION BY artist_id, period_start, user_id ORDER BY count(*) DESC, place) = 1
),

loyal AS (
    SELECT
        artist_id,
        period_start,
        user_id,
        count(*) FILTER (WHERE is_stream) AS streams,
        CASE
            WHEN count(DISTINCT week) / any_value(all_weeks) >= 0.75 AND count(*) * 10 >= any_value(all_plays)
                AND count(*) >= 5 THEN 'super'
            WHEN count(DISTINCT week) / any_value(all_weeks) >= 0.5 AND count(*) * 20 >= any_value(all_plays)
                AND count(*) >= 3 THEN 'fan'
            WHEN count(*) >= 2 THEN 'regular'
            ELSE 'casual'
        END AS tier
    FROM play
    JOIN everything USING (user_id, period_start)
    GROUP BY ALL
),

-- The 28 days, of these and the 13 before, in which each listener first played the artist.
cohort AS (
    SELECT now.artist_id, now.period_start, now.user_id, min(start_of('28_days', past.event_date)) AS cohort
    FROM (SELECT DISTINCT artist_id, period_start, user_id FROM play) AS now
    JOIN fact_stream AS past ON past.artist_id = now.artist_id AND past.user_id = now.user_id
    WHERE start_of('28_days', past.event_date) BETWEEN now.period_start - 364 AND now.period_start
    GROUP BY ALL
),

-- How many first played the artist in each of them: all listeners of those 28 days, or whole k of them.
began AS (
    SELECT met.artist_id, met.period_start, met.cohort, count(*) AS of_cohort, any_value(past.listeners) AS of_then,
        CASE
            WHEN of_cohort = of_then THEN of_then
            WHEN of_then - of_cohort // k() * k() >= 2 * k() - 1 THEN of_cohort // k() * k()
        END AS began
    FROM (
        SELECT spell.artist_id, spell.period_start, past.user_id, min(start_of('28_days', past.event_date)) AS cohort
        FROM (SELECT DISTINCT artist_id, period_start FROM play) AS spell
        JOIN fact_stream AS past ON past.artist_id = spell.artist_id AND past.user_id IS NOT NULL
        WHERE start_of('28_days', past.event_date) BETWEEN spell.period_start - 364 AND spell.period_start
        GROUP BY ALL
    ) AS met
    JOIN fact_audience AS past
        ON past.member = 'artist' AND past.member_id = met.artist_id AND past.period_start = met.cohort
    GROUP BY ALL
),

parted AS (
    SELECT artist_id, period_start, 'tier' AS kind, tier AS group_name, count(*) AS listeners, sum(streams) AS streams,
        NULL AS began
    FROM loyal
    GROUP BY ALL
    UNION ALL
    SELECT artist_id, period_start, 'place', place, count(*), sum(streams), NULL
    FROM loyal
    JOIN place USING (artist_id, period_start, user_id)
    GROUP BY ALL
    UNION ALL
    SELECT artist_id, period_start, 'cohort', CAST(cohort AS VARCHAR), count(*), NULL, any_value(began)
    FROM cohort
    JOIN began USING (artist_id, period_start, cohort)
    GROUP BY artist_id, period_start, cohort
),

judged AS (
    SELECT
        *,
        listeners < k() AS is_small,
        sum(CASE WHEN listeners < k() THEN listeners END) OVER (PARTITION BY artist_id, period_start, kind) AS rest,
        row_number() OVER (
            PARTITION BY artist_id, period_start, kind, listeners < k() ORDER BY listeners, group_name
        ) AS place
    FROM parted
),

merged AS (
    SELECT
        artist_id,
        period_start,
        kind,
        CASE WHEN is_small OR (rest < k() AND place = 1) THEN '(other)' ELSE group_name END AS name,
        sum(listeners) AS listeners,
        sum(streams) AS streams,
        sum(began) AS began
    FROM judged
    GROUP BY ALL
),

audience AS (
    SELECT
        fact_audience.member_id AS artist_id,
        period_start,
        listeners,
        row_number() OVER (PARTITION BY period_start ORDER BY listeners DESC, fact_audience.member_id) AS place
    FROM fact_audience
    JOIN member_level AS shown
        ON shown.member = 'artist' AND shown.member_id = fact_audience.member_id AND shown.block = period_start
    WHERE fact_audience.member = 'artist' AND shown.level >= 1
),

heard AS (
    SELECT DISTINCT artist_id, period_start, user_id, audience.place
    FROM play
    JOIN audience USING (artist_id, period_start)
),

shared AS (
    SELECT one.artist_id, one.period_start, other.artist_id AS name, count(*) AS listeners
    FROM heard AS one
    JOIN heard AS other USING (period_start, user_id)
    WHERE one.artist_id <> other.artist_id AND one.place <= 1000 AND other.place <= 100
    GROUP BY ALL
),

overlap AS (
    SELECT shared.artist_id, shared.period_start, 'also_plays' AS kind, name, shared.listeners, NULL AS streams, NULL AS began
    FROM shared
    JOIN audience AS mine ON mine.artist_id = shared.artist_id AND mine.period_start = shared.period_start
    JOIN audience AS theirs ON theirs.artist_id = shared.name AND theirs.period_start = shared.period_start
    WHERE shared.listeners >= k()
        AND (mine.listeners = shared.listeners OR mine.listeners - shared.listeners >= k())
        AND (theirs.listeners = shared.listeners OR theirs.listeners - shared.listeners >= k())
    QUALIFY row_number() OVER (
        PARTITION BY shared.artist_id, shared.period_start
        ORDER BY shared.listeners / (mine.listeners + theirs.listeners - shared.listeners) DESC, name
    ) <= 10
),

whole AS (FROM merged UNION ALL FROM overlap)

SELECT
    whole.artist_id,
    whole.period_start,
    whole.kind,
    whole.name AS group_name,
    CAST(whole.listeners AS BIGINT) AS listeners,
    whole.listeners / audience.listeners AS share,
    CAST(whole.streams AS BIGINT) AS streams,
    CAST(CASE
        WHEN whole.kind <> 'cohort' THEN before.listeners
        WHEN whole.name = '(other)' THEN NULL
        WHEN whole.began = whole.listeners OR whole.began - whole.listeners >= k() THEN whole.began
    END AS BIGINT) AS previous_listeners,
    k() AS k
FROM whole
JOIN audience USING (artist_id, period_start)
LEFT JOIN whole AS before
    ON before.artist_id = whole.artist_id AND before.kind = whole.kind AND before.name = whole.name
    AND before.name <> '(other)' AND before.period_start = whole.period_start - 28 AND before.listeners >= k()
    AND EXISTS (
        SELECT 1 FROM audience AS shown WHERE shown.artist_id = before.artist_id AND shown.period_start = before.period_start
    )
