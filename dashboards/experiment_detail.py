"""winburn-experiment-detail: one experiment: what is known, how surely, what it costs, and what to do next."""

from __future__ import annotations

from dashboards import experiment_compare as compare
from dashboards import experiment_graphs as graphs
from dashboards import experiment_money as money
from dashboards import experiment_parts as parts
from dashboards import experiment_queries as xq
from dashboards import experiment_tables as tables
from dashboards import manuals
from dashboards import queries as q
from dashboards.common import Definition, Row, annotation
from dashboards.facts import Facts
from dashboards.fields import Steps, absent, field, words
from dashboards.firing import firing_experiment_alerts
from dashboards.panels import Stat, now
from dashboards.tiles import data_age, how_to_read
from dashboards.variables import one_experiment_variables
from dashboards.words import ARRIVALS, KILLED, SPLIT

BLUE: Steps = ((None, "blue"),)
OF_LIMIT: Steps = ((None, "green"), (0.8, "orange"), (1, "red"))


def build(facts: Facts) -> Definition:
    """The dashboard; ``facts`` give the evidence lines, the ages of stale data, runbooks and Alertmanager."""
    return Definition(
        key="experiment-detail",
        title="Experiment detail",
        description="One experiment: whether it works, what to do next, how sure that is, and what it costs.",
        since="now-7d",
        variables=one_experiment_variables(),
        rows=(
            Row(4, tuple((4, panel) for panel in (*_health(), data_age(facts, "experiments", "experiment(:.*)?")))),
            Row(6, ((24, tables.decisions(detail=True)),)),
            Row(4, tuple((4, panel) for panel in _progress())),
            Row(8, ((24, graphs.lift_band()),)),
            Row(8, ((12, graphs.evidence(facts, graphs.OF_ONE)), (12, graphs.p_values(facts)))),
            Row(8, ((24, tables.results(detail=True)),)),
            Row(6, ((12, parts.guardrails()), (12, graphs.verdicts()))),
            Row(8, ((12, parts.guardrail_burns(facts)), (12, graphs.kill_evidence()))),
            Row(8, ((12, graphs.win(graphs.OF_ONE)), (12, graphs.loss()))),
            Row(8, ((12, graphs.values()), (12, graphs.participants("{{variant}}")))),
            Row(6, ((24, compare.traffic(detail=True)),)),
            Row(8, ((24, money.worth_band()),)),
            Row(6, ((24, money.money()),)),
            Row(8, ((12, money.cost_by_category()), (12, money.cost_by_variant()))),
            Row(8, ((24, parts.segments()),)),
            Row(6, ((24, firing_experiment_alerts(facts)),)),
            Row(8, ((24, how_to_read(manuals.EXPERIMENT_DETAIL)),)),
        ),
        annotations=(
            annotation("Epochs", "blue", xq.new_epochs(), "New split: {{experiment}}", "counts start a new epoch"),
            annotation("Kills", "red", xq.new_kills(), "Killed: {{variant}}", "of {{experiment}}"),
        ),
    )


def _health() -> tuple[Stat, ...]:
    return (
        Stat(
            "status",
            "Status",
            "Where in its life the experiment is.",
            [now("Status", q.current_status(), "{{status}}")],
            field=field(steps=BLUE, mappings=[absent()]),
            textMode="name",
        ),
        _word(
            "split",
            "Split",
            "Whether participants arrive as planned. A mismatch (p below 0.001, a share off by 0.5 points or more): no "
            "result below can be trusted.",
            f"max({q.split_state()})",
            SPLIT,
        ),
        _word(
            "arrivals",
            "Arrivals",
            "Whether units still come: stalled when none did for the spec's stalled_after.",
            f"max({xq.arrivals()})",
            ARRIVALS,
            "not running",
        ),
        _word(
            "killed",
            "Killed variants",
            "Whether a variant was killed: the evidence of harm crossed its limit, or it alone burnt an SLO.",
            f"max({q.variant('experiment_variant_early_kill')})",
            {"0": ("none", "green"), "1": KILLED["1"]},
            "kills nobody",
        ),
        _tile("epochs", "Epochs", "How often the planned split changed, and 1.", "experiment_epochs", "none", 0),
    )


def _progress() -> tuple[Stat, ...]:
    return (
        Stat(
            "participants",
            "Participants",
            "Units of all variants so far.",
            [now("Value", f"sum({q.variant('experiment_variant_participants')})")],
            field=field("short", steps=BLUE, mappings=[absent()]),
        ),
        _tile(
            "remaining",
            "Still needed",
            "Units to come until the least lift that matters would be decided, at the present split.",
            "experiment_remaining_participants",
            "short",
            nothing="no minimum lift, or not running",
        ),
        _tile(
            "remaining-time",
            "Time still needed",
            "How long these units take at the rate of the last day.",
            "experiment_remaining_seconds",
            "s",
            1,
            "no minimum lift, or not running",
        ),
        Stat(
            "waiting-loss",
            "Loss of one more day",
            "Expected loss of one more day at the present split, instead of the best variant for all.",
            [now("Money", xq.waiting_loss(), "{{currency}}")],
            field=field("short", steps=BLUE, mappings=[absent("no value in the spec")]),
            textMode="value_and_name",
        ),
        Stat(
            "spent",
            "Spent",
            "Money spent on all variants so far.",
            [now("Money", xq.spent(), "{{currency}}")],
            field=field("short", steps=BLUE, mappings=[absent("no cost in the spec")]),
            textMode="value_and_name",
        ),
        Stat(
            "of-limit",
            "Spent of the limit",
            "Money spent over the spec's limit.",
            [now("Value", xq.spent_of_limit())],
            field=field("percentunit", steps=OF_LIMIT, mappings=[absent("no limit in the spec")], decimals=0),
        ),
    )


def _word(
    key: str, title: str, text: str, expr: str, meaning: dict[str, tuple[str, str]], nothing: str = "no data yet"
) -> Stat:
    """A state as a word on its colour."""
    return Stat(
        key,
        title,
        text,
        [now("State", expr)],
        field=field(mappings=[words(meaning), absent(nothing)], color="fixed", no_value=nothing),
    )


def _tile(
    key: str, title: str, text: str, family: str, unit: str, decimals: int | None = None, nothing: str = "no data yet"
) -> Stat:
    """A number that the experiment has once, and in words why there is none."""
    return Stat(
        key,
        title,
        text,
        [now("Value", f"max({q.experiment(family)})")],
        field=field(unit, steps=BLUE, mappings=[absent(nothing)], decimals=decimals, no_value=nothing),
    )
