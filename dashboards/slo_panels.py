"""Panels of SLOs that the overview and the detail have."""

from __future__ import annotations

from dashboards import queries as q
from dashboards.facts import Facts
from dashboards.fields import Steps, field, override
from dashboards.panels import TimeSeries, line, over_time
from exporter.promql import format_duration
from exporter.windows import factor, tiers_for

MOST = f"At most {q.MOST_LINES} SLOs are drawn"


def burn_over_time(facts: Facts) -> TimeSeries:
    """The last hour's burn rate of the worst SLOs."""
    listed = ", ".join(f"{limit:.4g} ({severity})" for limit, severity in tier_lines(facts))
    return TimeSeries(
        "burn-over-time",
        "Burn rate over time (1h)",
        f"Error ratio of the last hour over the error budget. Lines: where alert tiers of a period of "
        f"{format_duration(facts.period)} start, each for a window of its own: {listed}. {MOST}, those that burned "
        "fastest.",
        [over_time("Burn", q.worst_slos("slo_burn_rate", window="1h"), "{{name}}")],
        field=field(steps=tier_steps(facts), color="palette-classic", custom=line(style="dashed")),
    )


def tier_lines(facts: Facts) -> list[tuple[float, str]]:
    """Factor and severity of the alert tiers of the most common period, lowest first."""
    return sorted((float(factor(tier, facts.period)), tier.severity) for tier in tiers_for(facts.period))


def tier_steps(facts: Facts) -> Steps:
    """The same as threshold lines."""
    colors = {"page": "red", "ticket": "orange"}
    # Tiers of short periods meet at 1: Grafana wants each step once, and the louder one is what the line means.
    lines = {limit: colors[severity] for limit, severity in sorted(tier_lines(facts), reverse=True)}
    return [(None, "transparent"), *sorted(lines.items())]


def budget_over_time() -> TimeSeries:
    """The budget of the worst SLOs."""
    return TimeSeries(
        "budget-over-time",
        "Error budget left over time",
        f"Share of the period's error budget that is left; below the line at 0 it is overspent. {MOST}, those with the "
        "least.",
        [over_time("Budget", q.worst_slos("slo_error_budget_remaining_ratio", low=True), "{{name}}")],
        field=field(
            "percentunit",
            steps=((None, "red"), (0, "transparent")),
            color="palette-classic",
            custom=line(style="line") | {"axisSoftMin": 0},  # the line at 0 stays in sight
        ),
    )


def events_over_time() -> TimeSeries:
    """Events and bad events of 5 minutes."""
    return TimeSeries(
        "events-over-time",
        "Events and bad events (5m)",
        "Events of the last 5 minutes, and those of them that were bad (dashed): is it many errors, or little traffic? "
        f"The axis is logarithmic above 1. {MOST}, those with the most bad events.",
        [
            over_time("Events", q.with_bad_events("slo_events"), "{{name}}"),
            over_time("Bad", q.with_bad_events("slo_bad_events"), "{{name}}: bad"),
        ],
        field=field(
            "short",
            color="palette-classic",
            custom=line(scale={"type": "symlog", "log": 10, "linearThreshold": 1}),
        ),
        overrides=[override("byRegexp", "/: bad$/", {"custom.lineStyle": {"fill": "dash", "dash": [10, 10]}})],
    )
