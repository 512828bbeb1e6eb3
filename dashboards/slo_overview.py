"""winburn-slo-overview: which SLO is in trouble, how much budget is left, when it is gone."""

from __future__ import annotations

from dashboards import manuals
from dashboards import queries as q
from dashboards.common import Definition, Row
from dashboards.facts import Facts
from dashboards.fields import (
    CELLS,
    TREND_COLUMN,
    absent,
    column,
    field,
    gauge_column,
    link,
    number_column,
    override,
    sparkline_column,
    word_column,
    words,
)
from dashboards.panels import BarGauge, Stat, StateTimeline, Table, TimeSeries, columns, line, now, over_time, sort
from dashboards.tiles import count, data_age, how_to_read
from dashboards.variables import slo_variables
from dashboards.words import BUDGET, COVERAGE, SEVERITY, SLO_STATUS, TREND, count_of
from exporter.contract import DASHBOARD_UIDS
from exporter.promql import format_duration
from exporter.windows import TIERS, factor, tiers_for

MOST = f"At most {q.MOST_LINES} SLOs are drawn"


def build(facts: Facts) -> Definition:
    """The dashboard; ``facts`` give the alert lines, the ages of stale data and the runbooks."""
    return Definition(
        key="slo-overview",
        title="SLO overview",
        description="Which SLO is in trouble, how much of its error budget is left, and when it will be gone.",
        since="now-6h",
        variables=slo_variables(),
        rows=(
            Row(4, tuple((4, panel) for panel in (*_counts(), _worst_budget(), data_age(facts, "SLOs", "slo(:.*)?")))),
            Row(8, ((24, _table(facts)),)),
            Row(6, ((24, _alerts(facts)),)),
            Row(8, ((12, _status_over_time()), (12, _burn(facts)))),
            Row(8, ((12, _budget()), (12, _events()))),
            Row(8, ((12, _coverage()), (12, how_to_read(manuals.SLO_OVERVIEW)))),
        ),
    )


def _counts() -> tuple[Stat, ...]:
    counted = "How many of the chosen SLOs"
    return (
        count(
            "breached",
            "Breached",
            f"{counted} have no error budget left in their period.",
            q.count_status(2),
            count_of("red", none="green"),
        ),
        count(
            "at-risk",
            "At risk",
            f"{counted} burn their error budget so fast that an alert tier is crossed.",
            q.count_status(1),
            count_of("orange", none="green"),
        ),
        count(
            "no-data",
            "No data",
            f"{counted} had nothing measured in the last 5 minutes although something was before.",
            q.count_status(3),
            count_of("purple", none="green"),
        ),
        count(
            "ok",
            "Ok",
            f"{counted} meet their objective and do not burn too fast.",
            q.count_status(0),
            count_of("green"),
        ),
    )


def _worst_budget() -> Stat:
    return Stat(
        "worst-budget",
        "Least budget left",
        "The smallest share of error budget that any of the chosen SLOs has left. Below 0 more was spent than there "
        "was.",
        [now("Budget", f"min({q.slos('slo_error_budget_remaining_ratio')})")],
        field=field("percentunit", steps=BUDGET, mappings=[absent()], decimals=1),
    )


def _table(facts: Facts) -> Table:
    names = {
        "slo": "SLO",
        "slo_group": "Group",
        "Value #Status": "Status",
        "Value #Budget": "Budget left",
        "Value #Left": "Outage left",
        "Value #Burn": "Burn (1h)",
        "Value #Gone": "Gone in",
        "Value #Errors": "Errors (1h)",
        "Value #Direction": "Direction",
        TREND_COLUMN: "Burn over time",
    }
    here = f"/d/{DASHBOARD_UIDS['slo-overview']}?${{__url_time_range}}&${{datasource:queryparam}}"
    fast = float(factor(TIERS[0], facts.period))
    return Table(
        "slos",
        "SLOs, worst first",
        "One row per SLO. Budget left: share of the period's error budget. Outage left: the same as time of total "
        "outage at average traffic. Burn: error ratio of the last hour over the budget; above 1 the budget does not "
        "last. Gone in: until the budget is empty at that burn; empty where it lasts. Errors: failed events of the "
        "last hour. Direction: errors of the last day against the six before. Click a name to see only that SLO.",
        [
            now("Status", q.slo_table(), table=True),
            now("Budget", q.slo("slo_error_budget_remaining_ratio"), table=True),
            now("Left", q.slo("slo_error_budget_remaining_seconds"), table=True),
            now("Burn", q.slo("slo_burn_rate", window="1h"), table=True),
            now("Gone", q.gone_in(), table=True),
            now("Errors", q.slo("slo_error_ratio", window="1h"), table=True),
            now("Direction", q.slo("slo_trend"), table=True),
            over_time("Trend", q.slo("slo_burn_rate", window="1h")),
        ],
        field=field(custom=CELLS),
        overrides=[
            column("SLO", 240, links=[link("Only this SLO", f"{here}&var-slo=${{__data.fields.SLO}}")]),
            column("Group", 140),
            word_column("Status", 100, SLO_STATUS),
            gauge_column("Budget left", 170, BUDGET),
            number_column("Outage left", 110, "s"),
            number_column("Burn (1h)", 100, "none", ((None, "green"), (1, "orange"), (fast, "red")), 2),
            number_column("Gone in", 110, "s", ((None, "red"), (86400, "orange"))),
            number_column("Errors (1h)", 110, "percentunit", decimals=3),
            word_column("Direction", 100, TREND),
            sparkline_column("Burn over time", 180),
        ],
        transformations=[*columns("name", names, trend="Trend"), sort("Budget left"), sort("Status", descending=True)],
    )


def _alerts(facts: Facts) -> Table:
    labels = ("alertname", "severity", "slo", "slo_group", "tier", "source", "collector")
    titles = ("Alert", "Severity", "SLO", "Group", "Tier", "Source", "Collector")
    matchers = 'alertname=~"(SLO|Winburn).*",severity!="none",slo=~"$slo|"'
    runbook = [link("Runbook", f"{facts.runbooks}/${{__value.raw}}.md", new_tab=True)] if facts.runbooks else None
    return Table(
        "alerts",
        "Firing alerts",
        "Alerts of the chosen SLOs and of winburn itself that fire now, newest first, with the time since when their "
        "condition holds.",
        [now("Alerts", q.firing_alerts(", ".join(labels), matchers), table=True)],
        field=field(no_value="no alert is firing", custom=CELLS),
        overrides=[
            column("Alert", 240, links=runbook),
            column(
                "Severity",
                90,
                mappings=[words(SEVERITY)],
                custom__cellOptions={"type": "color-background", "mode": "basic"},
            ),
            column("Since", 150, unit="dateTimeFromNow"),
        ],
        transformations=[
            *columns("alertname", {**dict(zip(labels, titles, strict=True)), "Value": "Since"})[1:],
            sort("Since", descending=True),
        ],
    )


def _status_over_time() -> StateTimeline:
    return StateTimeline(
        "status-over-time",
        "Status over time",
        "The state of each chosen SLO at every moment, 20 to a page. A gap: winburn itself was not there.",
        [over_time("Status", q.slo("slo_status"), "{{name}}")],
        field=field(mappings=[words(SLO_STATUS)], custom={"fillOpacity": 80, "lineWidth": 0}),
    )


def _burn(facts: Facts) -> TimeSeries:
    lines = sorted((float(factor(tier, facts.period)), tier.severity) for tier in tiers_for(facts.period))
    steps = [(limit, "red" if severity == "page" else "orange") for limit, severity in lines]
    listed = ", ".join(f"{limit:.4g} ({severity})" for limit, severity in lines)
    return TimeSeries(
        "burn-over-time",
        "Burn rate over time (1h)",
        f"Error ratio of the last hour over the error budget. Lines: where alert tiers of a period of "
        f"{format_duration(facts.period)} start, each for a window of its own: {listed}. {MOST}, those that burned "
        "fastest.",
        [over_time("Burn", q.worst_slos("slo_burn_rate", window="1h"), "{{name}}")],
        field=field(
            steps=[(None, "transparent"), *steps], color="palette-classic-by-name", custom=line(style="dashed")
        ),
    )


def _budget() -> TimeSeries:
    return TimeSeries(
        "budget-over-time",
        "Error budget left over time",
        f"Share of the period's error budget that is left; below the line at 0 it is overspent. {MOST}, those with the "
        "least.",
        [over_time("Budget", q.worst_slos("slo_error_budget_remaining_ratio", low=True), "{{name}}")],
        field=field(
            "percentunit",
            steps=((None, "red"), (0, "transparent")),
            color="palette-classic-by-name",
            custom=line(style="line"),
        ),
    )


def _events() -> TimeSeries:
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
            color="palette-classic-by-name",
            custom=line(scale={"type": "symlog", "log": 10, "linearThreshold": 1}),
        ),
        overrides=[override("byRegexp", "/: bad$/", {"custom.lineStyle": {"fill": "dash", "dash": [10, 10]}})],
    )


def _coverage() -> BarGauge:
    return BarGauge(
        "coverage",
        "Coverage of the period",
        "Share of the period that was measured: gaps in the source, and time before the SLO existed, are missing. "
        f"Below 90 % the budget is an estimate. {MOST}, those with the least.",
        [now("Coverage", f"bottomk({q.MOST_LINES}, {q.slo('slo_coverage_ratio', window='period')})", "{{name}}")],
        field=field("percentunit", steps=COVERAGE, mappings=[absent()], span=(0, 1), decimals=1),
    )
