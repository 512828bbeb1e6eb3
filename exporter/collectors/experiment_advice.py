"""What to do with each variant: exactly one recommendation, from a table that is read from the top.

| first that holds | action | reason |
|---|---|---|
| the split is not the planned one | fix_split | sample_ratio_mismatch |
| no unit was ever seen, or none for stalled_after | investigate | no_data, stalled |
| the experiment is paused | continue | paused |
| the variant was killed | kill | early_kill, or guardrail_slo |
| a guardrail is harmed | kill | guardrail_harmed |
| the variant is worse in the primary metric | kill | worse |
| it is better, and the best of those that are | ship | better |
| it is better, and another one is the best | stop | another_is_better |
| waiting costs more than knowing is worth (Anscombe) | stop | economics |
| the minimum lift would have been decided | stop | no_minimum_lift |
| it is better, but a guardrail with a margin is not yet shown to hold | continue | guardrail_undecided |
| the design effect is not known yet | continue | design_effect_unknown |
| otherwise | continue | undecided |

Health comes first: of a broken split or a dead measurement nothing else may be said. A stop is a recommendation by
cost, not an error-controlled verdict: take the arm that is ahead.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from exporter.collectors.experiment_reading import Reading
from exporter.contract import Sample, sample
from exporter.stats import stopping

MISMATCH_P, MISMATCH_DEVIATION = 0.001, 0.005
"""The split is broken below this p-value and above this deviation of a share."""

_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do with one variant. ``action`` and ``reason`` are those of the table, ``text`` says it in words with the
    numbers, which are in ``facts`` too."""

    experiment: str
    variant: str
    action: str
    reason: str
    text: str
    facts: dict[str, float]


def samples(advice: Iterable[Advice]) -> list[Sample]:
    """One info series for each."""
    name = "experiment_recommendation_info"
    return [
        sample(name, 1, experiment=a.experiment, variant=a.variant, action=a.action, reason=a.reason) for a in advice
    ]


def advise(reading: Reading, srm_p: float | None, deviation: float, at: float) -> list[Advice]:
    """One recommendation for each variant but the control; none for a draft or where it has ended.

    ``srm_p`` is the smallest p-value of the split under this plan, None without units.
    """
    experiment = reading.experiment
    if experiment.status not in {"running", "paused"}:
        return []
    health = _health(reading, srm_p, deviation, at)
    return [
        Advice(experiment.name, variant, *(health or _of_variant(reading, i, variant)))
        for i, variant in enumerate(reading.track.variants)
    ]


_Said = tuple[str, str, str, dict[str, float]]


def _health(reading: Reading, srm_p: float | None, deviation: float, at: float) -> _Said | None:
    """What forbids to say anything of any variant."""
    experiment, pace = reading.experiment, reading.track.pace
    if srm_p is not None and srm_p < MISMATCH_P and deviation >= MISMATCH_DEVIATION:
        text = (
            f"Mend the split first: a share is {100 * deviation:.2g} points off the plan (p = {srm_p:.2g}), so the "
            "arms do not compare. Look for redirects, crashes or bots that lose one arm's units."
        )
        return "fix_split", "sample_ratio_mismatch", text, {"srm_p": srm_p, "deviation": deviation}
    if experiment.status == "paused":
        return "continue", "paused", "Paused: start it again, or stop it.", {}
    if not sum(reading.units().values()):
        return "investigate", "no_data", "No unit has been seen yet: does anything assign units to this experiment?", {}
    if pace.last_grown is not None and at - pace.last_grown > experiment.stalled_after:
        silent = at - pace.last_grown
        text = f"No new unit for {silent / 3600:.3g} hours: is the experiment still switched on, and still measured?"
        return "investigate", "stalled", text, {"seconds": silent}
    return None


def _of_variant(reading: Reading, i: int, variant: str) -> _Said:  # noqa: PLR0911 - one for each row of the table
    experiment = reading.experiment
    result = reading.results[experiment.primary.name]
    verdict, lift = float(result.verdict[i]), float(result.lift[i])
    killed = reading.track.killed.get(variant)
    if killed is not None:
        reason = "guardrail_slo" if killed.facts.get("kind") == "guardrail_slo" else "early_kill"
        return "kill", reason, f"Take the traffic from {variant}: {killed.reason}.", {}
    guardrails = _guardrails(reading, i)
    if harmed := _harms(reading, i):
        return "kill", "guardrail_harmed", f"Take the traffic from {variant}: it harms the guardrail {harmed}.", {}
    facts = {"lift": lift} if math.isfinite(lift) else {}
    if verdict == -1:
        return "kill", "worse", f"Take the traffic from {variant}: {_lift(reading, i)}, and that is worse.", facts
    undecided = [name for name, (kept, margin) in guardrails.items() if margin > 0 and kept != 1]
    if verdict == 1 and not undecided:
        if _is_best(reading, i):
            return "ship", "better", f"Give {variant} to everybody: {_lift(reading, i)}, and that is better.", facts
        return "stop", "another_is_better", f"{variant} is better than {experiment.control}, but not the best.", facts
    if verdict == 0 and (said := _economics(reading, i, variant)):
        return said
    if verdict == 1:
        names = ", ".join(undecided)
        text = f"Go on: {variant} is better, but whether {names} holds within its margin is not decided."
        return "continue", "guardrail_undecided", text, facts
    if math.isnan(reading.design_effect(experiment.primary.name)):
        text = "Go on: by how much events come in clusters is not known before 30 windows."
        return "continue", "design_effect_unknown", text, {}
    return "continue", "undecided", f"Go on: {_lift(reading, i)} so far, and that decides nothing yet.", facts


def _guardrails(reading: Reading, i: int) -> dict[str, tuple[float, float]]:
    """Guardrail metric -> (verdict of the variant, margin)."""
    return {
        metric.name: (float(reading.results[metric.name].verdict[i]), metric.margin)
        for metric in reading.experiment.metrics
        if metric.role == "guardrail"
    }


def _harms(reading: Reading, i: int) -> str | None:
    """The first guardrail that a variant harms."""
    return next((name for name, (kept, _) in _guardrails(reading, i).items() if kept == -1), None)


def _is_best(reading: Reading, i: int) -> bool:
    """Whether no other variant that is better, and harms no guardrail, has a larger advantage."""
    metric = reading.experiment.primary
    result, sign = reading.results[metric.name], 1.0 if metric.direction == "increase" else -1.0
    others = [
        sign * float(result.difference[j])
        for j, other in enumerate(reading.track.variants)
        if j != i and result.verdict[j] == 1 and other not in reading.track.killed and not _harms(reading, j)
    ]
    return sign * float(result.difference[i]) >= max(others, default=-math.inf)


def _economics(reading: Reading, i: int, variant: str) -> _Said | None:
    experiment, metric = reading.experiment, reading.experiment.primary
    result = reading.results[metric.name]
    per_day, z, units = reading.track.pace.per_day(), float(result.z[i]), float(result.units[i])
    value = experiment.value
    if value is not None and per_day and math.isfinite(z):
        horizon = per_day * value.horizon / _DAY
        if stopping.anscombe(z, units, horizon) == 1:
            ahead = variant if (z > 0) == (metric.direction == "increase") else experiment.control
            text = (
                f"Stop and take {ahead}, which is ahead ({_lift(reading, i)}): with {horizon:.3g} units left to decide "
                "for, knowing more is worth less than the waiting costs. This is no proof that it is better."
            )
            return "stop", "economics", text, {"z": z, "horizon_units": horizon}
    if reading.remaining.get(variant) == 0:
        text = f"Stop: a lift of {100 * (metric.minimum_lift or 0):.3g} % would have been seen by now."
        return "stop", "no_minimum_lift", text, {"minimum_lift": metric.minimum_lift or 0.0}
    return None


def _lift(reading: Reading, i: int) -> str:
    """``+12 % conversion (3.1 to 22 %)``, as far as it is known."""
    metric = reading.experiment.primary
    result = reading.results[metric.name]
    lift, lower, upper = (100 * float(part[i]) for part in (result.lift, result.lower, result.upper))
    if not math.isfinite(lift):
        return f"{metric.name} not comparable"
    ends = f" ({lower:+.3g} to {upper:+.3g} %)" if math.isfinite(upper) and lower > -100 else ""
    return f"{lift:+.3g} % {metric.name}{ends}"
