"""One reading of the spec's sources: the control's rates, means and variances, and how many units come in a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from exporter.collectors.experiment_costs import Costs
from exporter.collectors.experiment_counts import Counts
from exporter.collectors.experiment_feed import Answers, Feed
from exporter.collectors.experiment_track import ExperimentTrack
from exporter.sources.base import SourceError
from exporter.spec import KINDS, Experiment, Metric
from winburn.aa_test.facts import Facts, base, observed

DAY = 86400.0


def read(
    sources: Mapping[str, Any], experiments: Sequence[Experiment], refresh: float, at: float
) -> tuple[dict[tuple[str, str], Facts | str], dict[str, float]]:
    """(facts of each metric by experiment and name, or why there are none; units a day of each experiment).

    Two looks a day apart, of which the first only serves the pace; sources that keep no history have none.
    """
    # A draft too may have counts, and what has ended is a good guide to what comes.
    running = [
        e.model_copy(update={"status": "running", "cost": None, "guardrails": (), "dimensions": ()})
        for e in experiments
    ]
    tracks = [ExperimentTrack(e, None, ()) for e in running]
    feed = Feed(sources, refresh)
    before, now = feed.read(tracks, at - DAY), feed.read(tracks, at)
    facts = {(e.name, m.name): _facts(e, m, now) for e in experiments for m in e.metrics}
    pace = {e.name: _per_day(e, before, now) for e in experiments}
    return facts, {name: value for name, value in pace.items() if value is not None}


def _facts(experiment: Experiment, metric: Metric, answers: Answers) -> Facts | str:
    sums = _control(experiment, metric, answers)
    if isinstance(sums, str):
        return sums
    origin = f"of {sums[KINDS[metric.kind].units]:,.0f} units of {experiment.control}, read from {metric.source}"
    if metric.kind == "rate" and (counted := base(experiment)).kind != "rate":
        units = _control(experiment, counted, answers)
        if isinstance(units, str):
            return units
        sums = {**sums, "exposure": units["n"]}
    return observed(metric, sums, origin) or f"{metric.source} has too little of {experiment.control} to go by"


def _control(experiment: Experiment, metric: Metric, answers: Answers) -> dict[str, float] | str:
    answer = answers[experiment.name, metric.name]
    if isinstance(answer, SourceError):
        return str(answer)
    sums = cast(Counts, answer).get(experiment.control)
    if sums is None:
        return f"{metric.source} has no units of {experiment.control}"
    return dict(zip(KINDS[metric.kind].every, sums, strict=True))


def _per_day(experiment: Experiment, before: Answers, now: Answers) -> float | None:
    totals = []
    for answers in (before, now):
        answer = answers[experiment.name, base(experiment).name]
        if isinstance(answer, SourceError | Costs):
            return None
        totals.append(sum(answer[arm][0] for arm in experiment.variants if arm in answer))
    grown = totals[1] - totals[0]
    return grown if totals[0] > 0 and grown > 0 else None
