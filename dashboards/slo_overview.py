"""winburn-slo-overview: which SLO is in trouble, how much budget is left, when it is gone."""

from __future__ import annotations

from dashboards import manuals, running
from dashboards import queries as q
from dashboards.common import Definition, Row
from dashboards.experiment_tables import detail_link
from dashboards.facts import Facts
from dashboards.fields import CELLS, absent, column, field, link, number_column, word_column, words
from dashboards.firing import firing_alerts, marks
from dashboards.panels import BarGauge, Stat, StateTimeline, Table, columns, now, over_time, sort
from dashboards.slo_panels import MOST, budget_over_time, burn_over_time, events_over_time
from dashboards.slo_table import Column, shared_columns, slo_rows
from dashboards.tiles import count, data_age, how_to_read
from dashboards.variables import slo_variables
from dashboards.words import BUDGET, COVERAGE, SLO_STATUS, SPLIT, TREND, count_of
from exporter.contract import DASHBOARD_UIDS


def build(facts: Facts) -> Definition:
    """The dashboard; ``facts`` give the alert lines, the ages of stale data and the runbooks."""
    return Definition(
        key="slo-overview",
        title="SLO overview",
        description="Which SLO is in trouble, how much of its error budget is left, and when it will be gone.",
        since="now-6h",
        variables=slo_variables(),
        rows=tuple(sections(facts).values()),
        annotations=marks(),
    )


def sections(facts: Facts) -> dict[str, Row]:
    """The rows by the names that specs give them, in the order of the page."""
    tiles = (*_counts(), _worst_budget(), data_age(facts, "SLOs", "slo(:.*)?"))
    return {
        "counts": Row(4, tuple((4, panel) for panel in tiles)),
        "slos": Row(8, ((24, _table(facts)),)),
        "alerts": Row(6, ((24, firing_alerts(facts)),)),
        "burn": Row(8, ((12, _status_over_time()), (12, burn_over_time(facts)))),
        "budget": Row(8, ((12, budget_over_time()), (12, events_over_time()))),
        "experiments": Row(6, ((24, _running()),)),
        "trust": Row(8, ((8, _coverage()), (6, _corrected()), (10, how_to_read(manuals.SLO_OVERVIEW)))),
    }


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
    uids, common = DASHBOARD_UIDS, "${__url_time_range}&${datasource:queryparam}&var-slo=${__data.fields.SLO}"
    detail = f"/d/{uids['slo-detail']}?{common}&var-slo_group=${{__data.fields.Group}}"
    here = f"/d/{uids['slo-overview']}?{common}"
    return slo_rows(
        "slos",
        "SLOs, worst first",
        "One row per SLO. Budget left: share of the period's error budget. Outage left: the same as time of total "
        "outage at average traffic. Burn: error ratio of the last hour over the budget; above 1 the budget does not "
        "last. Gone in: until the budget is empty, by the forecast's median or at that burn, whichever is first; "
        "empty where it lasts. Errors: failed events of the last hour. Direction: errors of the last day against the "
        "six before. Click a name for its details, or to see only that SLO.",
        (*shared_columns(facts), Column("Direction", q.slo("slo_trend"), word_column("Direction", 100, TREND))),
        slo_links=[link("Details", detail), link("Only this SLO", here)],
        trend=True,
    )


def _running() -> Table:
    names = {
        "experiment": "Experiment",
        "Value #Split": "Split",
        "Value #Killed": "Killed variants",
        "Value #Decided": "Decided",
        "kind": "Kind",
        "primary_metric": "Primary metric",
    }
    return Table(
        "running-experiments",
        "Running experiments of these services",
        "Experiments that run now, with the label service of the chosen services; all that run where all are chosen. "
        "Click one for its results.",
        [
            now("Info", running.table(), table=True),
            now("Split", running.split(), table=True),
            now("Killed", running.total("experiment_variant_early_kill"), table=True),
            now("Decided", running.total("experiment_variant_verdict"), table=True),
        ],
        field=field(no_value="no experiment is running", custom=CELLS),
        overrides=[
            column("Experiment", links=[detail_link()]),
            word_column("Split", 110, SPLIT),
            number_column("Killed variants", 130, "none", ((None, "text"), (1, "red")), 0),
            number_column("Decided", 100, "none", ((None, "text"), (1, "blue")), 0),
        ],
        transformations=[*columns("experiment", names), sort("Experiment")],
    )


def _status_over_time() -> StateTimeline:
    return StateTimeline(
        "status-over-time",
        "Status over time",
        f"The state of each chosen SLO at every moment. A gap: winburn itself was not there. {MOST}, those whose state "
        "was worst.",
        [over_time("Status", q.worst_slos("slo_status"), "{{name}}")],
        field=field(mappings=[words(SLO_STATUS)], custom={"fillOpacity": 80, "lineWidth": 0}),
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


def _corrected() -> BarGauge:
    return BarGauge(
        "corrected",
        "Corrected time",
        "Time inside the period that corrections in the spec took out, such as maintenance: what failed in it does not "
        f"count. {MOST}, those with the most.",
        [now("Corrected", f"topk({q.MOST_LINES}, {q.slo('slo_corrected_seconds')} > 0)", "{{name}}")],
        field=field("s", steps=((None, "blue"),), no_value="none", decimals=1),
    )
