"""winburn-slo-detail: one SLO, or a few: how its budget was spent, when it will be gone, what its alerts look at."""

from __future__ import annotations

from dashboards import manuals
from dashboards import queries as q
from dashboards.common import Definition, Row
from dashboards.facts import Facts
from dashboards.fields import GREY, Steps, absent, field, fixed, link, number_column, override, words
from dashboards.firing import firing_alerts, marks
from dashboards.panels import Stat, Table, TimeSeries, line, now, over_time
from dashboards.slo_panels import budget_over_time, events_over_time, tier_lines, tier_steps
from dashboards.slo_table import Column, shared_columns, slo_rows
from dashboards.tiles import data_age, how_to_read
from dashboards.variables import slo_variables
from dashboards.words import BUDGET, COVERAGE, SLO_STATUS
from exporter.contract import DASHBOARD_UIDS
from exporter.promql import format_duration

SOON: Steps = ((None, "red"), (86400, "orange"), (7 * 86400, "green"))
LIKELY: Steps = ((None, "green"), (0.5, "orange"), (0.9, "red"))
BLUE: Steps = ((None, "blue"),)

EARLY, MIDDLE, LATE = "early (0.1)", "middle (0.5)", "late (0.9)"


def build(facts: Facts) -> Definition:
    """The dashboard; ``facts`` give the alert lines, the ages of stale data and the runbooks."""
    return Definition(
        key="slo-detail",
        title="SLO detail",
        description="One SLO: its budget, when it will be gone, how fast it burns, and what its alerts look at.",
        since="now-7d",
        variables=slo_variables(all_at_first=False),
        rows=(
            Row(4, tuple((4, panel) for panel in (*_state(), data_age(facts, "SLOs", "slo(:.*)?")))),
            Row(8, ((12, budget_over_time()), (12, _forecast()))),
            Row(8, ((12, _burn(facts)), (12, events_over_time()))),
            Row(6, ((24, _groups(facts)),)),
            Row(6, ((24, firing_alerts(facts)),)),
            Row(4, tuple((4, panel) for panel in _trust())),
            Row(8, ((12, _coverage()), (6, _corrected()), (6, _oddities()))),
            Row(8, ((24, how_to_read(manuals.SLO_DETAIL)),)),
        ),
        annotations=marks(),
    )


def _state() -> tuple[Stat, ...]:
    return (
        Stat(
            "status",
            "Status",
            "The state of the SLO; of several groups or SLOs the worst, and no data is worse than breached.",
            [now("Status", f"max({q.slos('slo_status')})")],
            field=field(mappings=[words(SLO_STATUS), absent()], color="fixed"),
        ),
        _tile(
            "objective",
            "Objective",
            "Share of events that must be good.",
            f"min({q.slos('slo_objective_ratio')})",
            BLUE,
            "percentunit",
            3,
        ),
        _tile(
            "budget",
            "Budget left",
            "Share of the period's error budget that is left; below 0 more was spent than there was.",
            f"min({q.slos('slo_error_budget_remaining_ratio')})",
            BUDGET,
            "percentunit",
            1,
        ),
        _tile(
            "outage-left",
            "Outage left",
            "The budget that is left, as time of total outage at average traffic.",
            f"min({q.slos('slo_error_budget_remaining_seconds')})",
            BUDGET[:2],
            "s",
            1,
        ),
        _tile(
            "gone-in",
            "Gone in",
            "Until the budget is empty: by the forecast's median, or at the burn rate of the last hour, whichever is "
            "first.",
            f"min({q.gone_in()})",
            SOON,
            "s",
            1,
            "it lasts, or nobody knows",
        ),
    )


def _trust() -> tuple[Stat, ...]:
    """How far the numbers above may be believed, and what is not in them."""
    return (
        _tile(
            "coverage",
            "Coverage",
            "Share of the period that was measured. Below 90 % the budget is an estimate.",
            f"min({q.slos('slo_coverage_ratio', window='period')})",
            COVERAGE,
            "percentunit",
            1,
        ),
        _tile(
            "probability",
            "Gone within a period",
            "Forecast probability that the budget is gone before one more period has passed.",
            f"max({q.slos('slo_error_budget_exhaustion_probability_ratio')})",
            LIKELY,
            "percentunit",
            0,
            "needs 14 days",
        ),
        _tile(
            "corrected",
            "Corrected time",
            "Time of the period that corrections took out, such as maintenance.",
            f"max({q.slos('slo_corrected_seconds')})",
            BLUE,
            "s",
            1,
            "none",
        ),
        _tile(
            "groups",
            "Groups",
            "Groups of the chosen SLOs that are shown.",
            q.of_all_groups("slo_groups"),
            BLUE,
            "none",
            0,
            "not grouped",
        ),
        _tile(
            "groups-dropped",
            "Groups left out",
            "Groups beyond the cap; the worst ones are kept.",
            q.of_all_groups("slo_groups_dropped"),
            ((None, GREY), (1, "orange")),
            "none",
            0,
            "not grouped",
        ),
        _tile(
            "exact",
            "Exact",
            "1: windows come from raw counters. 0: the source has so many series that sums were asked for.",
            f"min({q.per('slo', q.exact())})",
            ((None, "orange"), (1, "green")),
            "none",
            0,
        ),
    )


def _tile(
    key: str, title: str, text: str, expr: str, steps: Steps, unit: str, decimals: int, nothing: str = "no data yet"
) -> Stat:
    """A number, and in words why there is none."""
    return Stat(
        key,
        title,
        text,
        [now("Value", expr)],
        field=field(unit, steps=steps, mappings=[absent(nothing)], decimals=decimals, no_value=nothing),
    )


def _forecast() -> TimeSeries:
    lines = ((EARLY, "0.1"), (MIDDLE, "0.5"), (LATE, "0.9"))
    return TimeSeries(
        "forecast-over-time",
        "Forecast: days until the budget is gone",
        "How many days the budget will last, as it was foretold at each time; of several SLOs the first to be gone. "
        "In 10, 50 and 90 of 100 cases it is gone before early, middle and late. A line that is missing lies beyond "
        "one period.",
        [
            over_time(ref, f"{q.first_gone_in(quantile)} / 86400", legend)
            for ref, (legend, quantile) in zip("ABC", lines, strict=True)
        ],
        field=field(color="palette-classic", span=(0, None), custom=line()),
        overrides=[
            override("byRegexp", "/^late/", {"custom.fillBelowTo": EARLY, "custom.fillOpacity": 15}),
            override("byRegexp", "/^early|^late/", {"custom.lineWidth": 1, "color": fixed(GREY)}),
            override("byRegexp", "/^middle/", {"color": fixed("blue")}),
        ],
    )


def _burn(facts: Facts) -> TimeSeries:
    listed = ", ".join(f"{limit:.4g} ({severity})" for limit, severity in tier_lines(facts))
    return TimeSeries(
        "burn-over-time",
        "Burn rates of all windows",
        "Error ratio over the error budget in each window. Lines: where the usual alert tiers of a period of "
        f"{format_duration(facts.period)} start: {listed}; a tier fires while both of its windows are above its line.",
        [over_time("Burn", q.windows("slo_burn_rate"), "{{name}} {{window}}")],
        field=field(steps=tier_steps(facts), color="palette-classic", custom=line(style="dashed")),
    )


def _groups(facts: Facts) -> Table:
    address = f"/d/{DASHBOARD_UIDS['slo-detail']}?${{__url_time_range}}&${{datasource:queryparam}}"
    here = f"{address}&var-slo=${{__data.fields.SLO}}&var-slo_group=${{__data.fields.Group}}"
    counts = (
        Column("Events", q.slo("slo_events", window="period"), number_column("Events (period)", 130, "short")),
        Column("Bad", q.slo("slo_bad_events", window="period"), number_column("Bad (period)", 120, "short")),
    )
    return slo_rows(
        "each-group",
        "Each group",
        "The chosen SLOs and groups, worst first. Click a group to see only it.",
        (*shared_columns(facts), *counts),
        group_links=[link("Only this group", here)],
    )


def _coverage() -> TimeSeries:
    return TimeSeries(
        "coverage-by-window",
        "Coverage of each window",
        "Share of each window that was measured; a dip travels through the windows, the longest show it longest.",
        [over_time("Coverage", q.windows("slo_coverage_ratio"), "{{name}} {{window}}")],
        field=field("percentunit", color="palette-classic", span=(0, 1), custom=line()),
    )


def _corrected() -> TimeSeries:
    return TimeSeries(
        "corrected-over-time",
        "Corrected time",
        "Time of the period that corrections took out. It grows while one is in force, and falls as it leaves a "
        "rolling period.",
        [over_time("Corrected", q.most_corrected(), "{{name}}")],
        field=field("s", color="palette-classic", span=(0, None), custom=line(), no_value="none"),
    )


def _oddities() -> TimeSeries:
    return TimeSeries(
        "oddities-over-time",
        "Oddities",
        "Clamped: events by which counters contradicted each other in an hour, as they are not read at one instant. "
        "Newborn: series that appeared in an hour and were counted from 0.",
        [
            over_time("Clamped", q.hourly("slo_clamped_events_total"), "{{name}}: clamped"),
            over_time("Newborn", q.hourly("slo_newborn_series_total"), "{{name}}: newborn"),
        ],
        field=field("short", color="palette-classic", span=(0, None), custom=line(), no_value="none"),
    )
