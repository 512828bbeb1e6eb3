"""Families of content variants. A persona or pattern that is not known is an empty label, which is none."""

from exporter.contract.family import Family

_REFRESH = "Computed every refresh, not at the scrape."
_ENGAGED = ("variant", "persona", "pattern")
_VARIANT = ("variant", "persona")
_PATTERN = ("pattern", "persona")
_CAPPED = f"The newest variants up to limits.labels; winburn_series_dropped_total counts the others. {_REFRESH}"

ENGAGEMENT_FAMILIES: tuple[Family, ...] = (
    Family("variant_impressions", f"How often the variant was seen. {_CAPPED}", _ENGAGED),
    Family("variant_interactions", f"Interactions (likes, comments, shares) with the variant. {_CAPPED}", _ENGAGED),
    Family(
        "variant_engagement_ratio",
        f"Interactions per impression, at most 1; absent without impressions. {_CAPPED}",
        _ENGAGED,
    ),
    Family(
        "variant_predicted_engagement_ratio",
        "Engagement that was predicted of the variant; absent where none was. The newest variants up to limits.labels.",
        _ENGAGED,
    ),
    Family(
        "variant_early_kill",
        "1 once the variant was killed early, by winburn or by others; it stays 1 for a day. 0 for a variant that is "
        "judged and was not killed.",
        _VARIANT,
        stays=True,
    ),
    Family(
        "variant_kill_e_value",
        "Anytime-valid evidence that the variant's engagement is below the acceptable share of its prediction, now; "
        f"of a killed variant at its kill, for a day. {_REFRESH}",
        _VARIANT,
    ),
    Family(
        "variant_killed_timestamp_seconds",
        "When the variant was killed early; there for a day.",
        _VARIANT,
        stays=True,
    ),
    Family(
        "variant_kills_total",
        "Early kills since winburn first looked and those that the database told of then, by reason; kept in the state "
        "store.",
        ("persona", "reason"),
        type="counter",
        stays=True,
    ),
    Family(
        "prediction_calibration_error_ratio",
        "Mean of actual over predicted engagement, minus 1, of the variants with at least 100 impressions: 0.2 is 20 % "
        f"more than predicted. {_REFRESH}",
        ("persona",),
    ),
    Family("variant_sessions", f"Monitoring sessions that run. {_REFRESH}", ("persona",)),
    Family(
        "variant_sessions_stale",
        f"Monitoring sessions that are called active though their time is over. {_REFRESH}",
        ("persona",),
    ),
    Family(
        "variant_kill_ratio",
        f"Share of the monitoring sessions started in the last 24 h whose variant was killed. {_REFRESH}",
        ("persona",),
    ),
    Family(
        "variant_time_to_kill_seconds",
        f"Mean time from a variant's post to its kill, of the kills of the last 24 h. {_REFRESH}",
        ("persona",),
    ),
    Family("pattern_uses", f"Uses of the pattern in the window of engagement.fatigue. {_REFRESH}", _PATTERN),
    Family(
        "pattern_freshness_ratio",
        "1 for a pattern that was not used in the window, half of it for each use, 0 from max_uses on. " + _REFRESH,
        _PATTERN,
    ),
    Family(
        "pattern_engagement_ratio",
        f"Interactions per impression of the pattern's uses in the last 90 days; absent without. {_REFRESH}",
        _PATTERN,
    ),
    Family(
        "pattern_fatigue_e_value",
        "Anytime-valid evidence that the pattern's engagement falls with its uses, compared with the persona's other "
        f"patterns on the same days; absent before 14 days of uses and 30 interactions. {_REFRESH}",
        _PATTERN,
    ),
    Family(
        "pattern_fatigued",
        "1 where the pattern is worn out: used max_uses times in the window, or its engagement falls. " + _REFRESH,
        _PATTERN,
    ),
    Family(
        "suggestion_info",
        f"1 for each suggestion of now, at most 50: action is rest, scale or recalibrate. {_REFRESH}",
        ("subject", "kind", "action", "reason"),
    ),
)
