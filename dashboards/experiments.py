"""winburn-experiments: may I believe these results now, what do they say, and what is it worth?"""

from __future__ import annotations

from dashboards import experiment_compare as compare
from dashboards import experiment_graphs as graphs
from dashboards import experiment_queries as xq
from dashboards import experiment_tables as tables
from dashboards import manuals
from dashboards import queries as q
from dashboards.common import Definition, Row
from dashboards.facts import Facts
from dashboards.firing import firing_experiment_alerts
from dashboards.panels import Stat
from dashboards.tiles import count, data_age, how_to_read
from dashboards.variables import experiment_variables
from dashboards.words import ALARM, count_of


def build(facts: Facts) -> Definition:
    """The dashboard; ``facts`` give the evidence line, the ages of stale data, runbooks and Alertmanager."""
    return Definition(
        key="experiments",
        title="Experiments",
        description="Whether each experiment is healthy, what it says of its variants, how sure that is, what to do.",
        since="now-24h",
        variables=experiment_variables(),
        rows=(
            Row(4, tuple((4, panel) for panel in (*_tiles(), data_age(facts, "experiments", "experiment(:.*)?")))),
            Row(6, ((24, tables.health()),)),
            Row(8, ((24, tables.decisions()),)),
            Row(4, tuple(zip((4, 8, 4, 4, 4), compare.totals(), strict=True))),
            Row(8, ((24, compare.side_by_side()),)),
            Row(8, ((12, compare.traffic()), (12, graphs.win()))),
            Row(8, ((12, graphs.evidence(facts)), (12, graphs.participants()))),
            Row(8, ((24, tables.results()),)),
            Row(6, ((24, firing_experiment_alerts(facts)),)),
            Row(8, ((24, how_to_read(manuals.EXPERIMENTS)),)),
        ),
    )


def _tiles() -> tuple[Stat, ...]:
    return (
        count(
            "split-mismatch",
            "Split mismatch",
            "Experiments whose participants are not split as planned: p below 0.001 and a share off by 0.5 points or "
            "more. Their results cannot be trusted.",
            f"sum({q.split_mismatch()})",
            ALARM,
        ),
        count(
            "stalled",
            "Stalled",
            "Running experiments that no new unit joined for the spec's stalled_after.",
            xq.count_arrivals(1),
            ALARM,
        ),
        count(
            "no-units",
            "No units",
            "Running experiments of which no unit is known: none came yet, or their source does not answer.",
            xq.count_arrivals(2),
            count_of("purple", none="green"),
        ),
        count(
            "killed",
            "Killed variants",
            "Variants that the evidence says are worse than control by more than the margin, or that alone burnt an "
            "SLO. Take their traffic away.",
            f"sum({q.variant('experiment_variant_early_kill')})",
            ALARM,
        ),
        count(
            "decided",
            "Decided",
            "Variants and metrics with a verdict: better or worse than control, false-discovery rate under control.",
            f"sum({q.result('experiment_variant_verdict')} != bool 0)",
            count_of("blue"),
        ),
    )
