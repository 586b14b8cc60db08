-- One row per session with plays: its behaviour, and the index by the model that serves its 28 days.
SELECT
    behaviour.*,
    round(
        1e6 / (1 + exp(-(
            intercept
            + completion_weight * (coalesce(completion, completion_mean) - completion_mean) / completion_sd
            + skip_share_weight * (skip_share - skip_share_mean) / skip_share_sd
            + skip_run_share_weight * (skip_run_share - skip_run_share_mean) / skip_run_share_sd
            + praise_rate_weight * (praise_rate - praise_rate_mean) / praise_rate_sd
            + dislike_rate_weight * (dislike_rate - dislike_rate_mean) / dislike_rate_sd
            + length_weight * (length - length_mean) / length_sd
            + discovery_weight * (discovery - discovery_mean) / discovery_sd
            + artist_discovery_weight * (artist_discovery - artist_discovery_mean) / artist_discovery_sd
            + artist_entropy_weight * (artist_entropy - artist_entropy_mean) / artist_entropy_sd
            + artist_concentration_weight * (artist_concentration - artist_concentration_mean)
            / artist_concentration_sd
        )))
    ) / 1e6 AS satisfaction
FROM session_behaviour AS behaviour
JOIN satisfaction_model AS model
    ON behaviour.session_date >= model.period_start AND behaviour.session_date < model.period_start + 28
