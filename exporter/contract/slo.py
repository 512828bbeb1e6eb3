"""Families of SLOs. Identity: (slo, slo_group); slo_group is absent where the SLO is not grouped."""

from exporter.contract.family import Family

_GROUP = ("slo_group",)
_REFRESH = "Computed every refresh, not at the scrape."

SLO_FAMILIES: tuple[Family, ...] = (
    Family(
        "slo_info",
        "What is known of the SLO from its spec; the spec's own labels travel here only.",
        ("slo", "slo_service", "category", "source", "period"),
        _GROUP,
        open=True,
        stays=True,
    ),
    Family("slo_objective_ratio", "Share of events that must be good, from the spec.", ("slo",), _GROUP, stays=True),
    Family("slo_period_seconds", "Length of the period that the error budget is for.", ("slo",), _GROUP, stays=True),
    Family("slo_events", f"Events inside the window. {_REFRESH}", ("slo", "window"), _GROUP),
    Family("slo_bad_events", f"Bad events inside the window. {_REFRESH}", ("slo", "window"), _GROUP),
    Family(
        "slo_error_ratio",
        f"Bad events over events inside the window, as measured; absent without events. {_REFRESH}",
        ("slo", "window"),
        _GROUP,
    ),
    Family(
        "slo_burn_rate",
        "Error ratio over the error budget; time before the first measurement counts as ordinary traffic without "
        f"errors. {_REFRESH}",
        ("slo", "window"),
        _GROUP,
    ),
    Family(
        "slo_burn_p_value",
        "Probability of at least this many bad events if the error budget were just met, exact binomial, where errors "
        f"that usually come together count as one: small means real. {_REFRESH}",
        ("slo", "window"),
        _GROUP,
    ),
    Family(
        "slo_coverage_ratio",
        f"Share of the window that was measured. {_REFRESH}",
        ("slo", "window"),
        _GROUP,
        stays=True,
    ),
    Family(
        "slo_error_budget_remaining_ratio",
        f"Share of the period's error budget that is left; negative once overspent. {_REFRESH}",
        ("slo",),
        _GROUP,
    ),
    Family(
        "slo_error_budget_remaining_seconds",
        f"Error budget that is left, as seconds of total outage at average traffic. {_REFRESH}",
        ("slo",),
        _GROUP,
    ),
    Family(
        "slo_error_budget_exhaustion_timestamp_seconds",
        "When the error budget will be gone, as quantiles of the forecast; absent where that is after the period's "
        f"length from now. {_REFRESH}",
        ("slo", "forecast_quantile"),
        _GROUP,
    ),
    Family(
        "slo_error_budget_exhaustion_probability_ratio",
        "Forecast probability that the error budget is gone before one more period has passed; from 14 days of history "
        f"on. {_REFRESH}",
        ("slo",),
        _GROUP,
    ),
    Family(
        "slo_status",
        "0 ok, 1 at risk (an alert tier burns), 2 breached (no budget left), 3 no data although there was some before. "
        f"{_REFRESH}",
        ("slo",),
        _GROUP,
        stays=True,
    ),
    Family(
        "slo_trend",
        "Error ratio of the last day against the six days before, at significance 0.01: -1 degrading, 0 stable, "
        f"1 improving. {_REFRESH}",
        ("slo",),
        _GROUP,
    ),
    Family(
        "slo_corrected_seconds",
        "Time inside the period whose events do not count, because of corrections in the spec.",
        ("slo",),
        _GROUP,
        stays=True,
    ),
    Family(
        "slo_groups",
        "Groups of the SLO that are shown, 0 where it has none; absent where the SLO is not grouped, and until its "
        "groups were asked for.",
        ("slo",),
    ),
    Family("slo_groups_dropped", "Groups of the SLO that are left out because it has more than the cap.", ("slo",)),
    Family(
        "slo_clamped_events_total",
        "Events by which a reading had more bad or good events than events, because counters are not read at one "
        "instant; clamped to the possible range.",
        ("slo",),
        _GROUP,
        type="counter",
    ),
    Family(
        "slo_newborn_series_total",
        "Series that appeared while their target was already measured, and were counted from 0.",
        ("slo",),
        _GROUP,
        type="counter",
    ),
    Family(
        "alert_acknowledged_until_timestamp_seconds",
        "When the silence ends by which somebody has acknowledged an alert that fires; absent where none covers it. "
        "Read from Alertmanager every refresh.",
        ("alertname", "acknowledged_by"),
        (
            "slo",
            "slo_group",
            "experiment",
            "variant",
            "persona",
            "metric",
            "guardrail",
            "currency",
            "pattern",
            "source",
            "collector",
            "family",
        ),
    ),
)
