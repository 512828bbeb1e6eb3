"""What a simulation found, in words and as a document for programs."""

from __future__ import annotations

from typing import Any

from exporter.promql import format_duration
from exporter.spec import Experiment
from winburn.aa_test.calls import T_FROM, T_TEST, WIN_FROM
from winburn.aa_test.facts import Plan
from winburn.aa_test.run import Outcome, kill_level

_WIDTH = 44


def text(outcome: Outcome, doubts: list[str]) -> str:
    """One experiment: what was simulated, on what grounds, and how often each rule called what is not there."""
    return "\n".join([*_plan(outcome.plan), *(f"  {doubt}" for doubt in doubts), "", *_table(outcome), ""])


def _plan(plan: Plan) -> list[str]:
    it = plan.experiment
    arms = ", ".join(f"{arm} {share:g}" for arm, share in zip(plan.arms, plan.shares, strict=True))
    spacing = format_duration(max(1.0, float(round(plan.seconds_per_look))))
    pace = "read from the source" if plan.per_day_known else "assumed"
    lines = [
        f"{it.name}: {arms}; {_verdicts(it)} at alpha {it.alpha:g}"
        + (" with all other experiments" if it.false_discovery == "all" else ""),
        f"  {plan.horizon:,.0f} units ({plan.per_day:,.0f} a day, {pace}); {plan.looks:,} looks, one every {spacing}",
    ]
    for facts in plan.facts:
        metric, wide = facts.metric, f", clusters of {plan.clusters}" if facts.is_counted else ""
        margin = f" with margin {metric.margin:g}" if metric.role == "guardrail" and metric.margin else ""
        lines.append(f"  {metric.name}: {metric.role}{margin}, {metric.kind}, {facts.text}{wide}; {facts.origin}")
        if facts.is_counted:
            lines.append("    its design effect is estimated from the counters, so nothing is called before 30 windows")
    return lines


def _verdicts(experiment: Experiment) -> str:
    count = (len(experiment.variants) - 1) * len(experiment.metrics)
    return f"{count} verdict{'s' if count > 1 else ''}"


def _table(outcome: Outcome) -> list[str]:
    it = outcome.plan.experiment
    lines = [
        _line("ever called, though nothing differs", "any metric", "primary metric"),
        _line(f"winburn's verdict (promised: {100 * it.alpha:g} %)", *_cells(outcome, "verdict", "primary")),
        _line(f"t test, |z| > {T_TEST:g} from {T_FROM:,.0f} units on", *_cells(outcome, "t_test", "t_primary")),
        _line(f"95 % chance to win, from {WIN_FROM:.0f} conversions on", *_cells(outcome, "win", "win_primary")),
    ]
    if it.early_kill:
        label = f"winburn's early kill (promised: {100 * kill_level(outcome.plan):g} %)"
        lines.append(_line(label, "", *_cells(outcome, "kill")))
    return lines


def _line(label: str, *cells: str) -> str:
    return f"  {label:<{_WIDTH}}{''.join(f'{cell:>18}' for cell in cells)}"


def _cells(outcome: Outcome, *rules: str) -> list[str]:
    pairs = [outcome.rates[rule] for rule in rules]
    return [f"{100 * rate:.1f} ± {100 * error:.1f} %" for rate, error in pairs]


def document(outcome: Outcome, doubts: list[str]) -> dict[str, Any]:
    """The same as a JSON value; rates and standard errors are shares."""
    plan = outcome.plan
    return {
        "experiment": plan.experiment.name,
        "alpha": plan.experiment.alpha,
        "kill_alpha": kill_level(plan) if plan.experiment.early_kill else None,
        "paths": outcome.paths,
        "horizon": plan.horizon,
        "looks": plan.looks,
        "units_per_day": plan.per_day,
        "units_per_day_known": plan.per_day_known,
        "metrics": [
            {
                "metric": f.metric.name,
                "mean": f.mean,
                "variance": None if f.is_counted or f.metric.kind in {"proportion", "rate"} else f.variance,
                "origin": f.origin,
            }
            for f in plan.facts
        ],
        "doubts": doubts,
        "rates": {rule: {"rate": rate, "standard_error": error} for rule, (rate, error) in outcome.rates.items()},
        "broken": outcome.broken,
    }
