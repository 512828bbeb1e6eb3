"""Read the exporter's metrics and say in short lines how things stand and what has just changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

Key = tuple[str, tuple[str, ...]]
"""Family, and the values of its identifying labels: the SLO and window, or the experiment and variant."""

_FAMILIES = {
    "slo_error_budget_remaining_ratio": ("slo",),
    "slo_burn_rate": ("slo", "window"),
    "slo_status": ("slo",),
    "experiment_variant_lift_ratio": ("experiment", "variant"),
    "experiment_variant_e_value": ("experiment", "variant"),
    "experiment_variant_verdict": ("experiment", "variant"),
    "experiment_variant_early_kill": ("experiment", "variant"),
}
HOLD = 15.0
"""Seconds for which a verdict must have held until it is news, as an alert waits for a quarter of an hour: evidence
may fall again, and around the threshold it does."""
_STATUS = {0: "ok", 1: "at risk", 2: "breached", 3: "without data"}
_VERDICT = {-1: "worse", 0: "undecided", 1: "better"}


@dataclass(frozen=True, slots=True)
class View:
    """What the lines are made of, of one scrape."""

    values: Mapping[Key, float] = field(default_factory=dict)

    def get(self, family: str, *entity: str) -> float | None:
        """The value of an entity, None where the series is absent."""
        return self.values.get((family, entity))

    def entities(self, family: str) -> list[tuple[str, ...]]:
        """The entities that have a series of the family, in the order of the scrape."""
        return [entity for name, entity in self.values if name == family]


def view(exposition: str) -> View:
    """The families that the lines need, from Prometheus' text format. ValueError for anything else."""
    values = {
        (sample.name, tuple(sample.labels.get(label, "") for label in _FAMILIES[sample.name])): sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        if sample.name in _FAMILIES
    }
    return View(values)


def status_lines(now: View) -> list[str]:
    """Two lines: the SLOs with their budgets, and the experiments with their evidence; none where there is nothing."""
    slos = [_slo(now, slo) for (slo,) in now.entities("slo_error_budget_remaining_ratio")]
    variants = [_variant(now, *entity) for entity in now.entities("experiment_variant_e_value")]
    lines = (("budget left", slos), ("evidence", variants))
    return [f"{title}: {' | '.join(parts)}" for title, parts in lines if parts]


def changes(before: View, now: View) -> Iterator[str]:
    """A sentence for each status and kill that is another than before; nothing of what was absent before, because a
    start is no news."""
    for (slo,), old, new in _changed("slo_status", before, now):
        yield f"{slo} is {_STATUS.get(int(new), '?')} (it was {_STATUS.get(int(old), '?')})"
    for (experiment, variant), _, new in _changed("experiment_variant_early_kill", before, now):
        if new:
            yield f"{experiment}: early kill of {variant}"


class Verdicts:
    """What was told of each variant, and what would be told once it has held for HOLD seconds."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, ...], float] = {}
        self._pending: dict[tuple[str, ...], tuple[float, float]] = {}

    def news(self, now: View, at: float) -> Iterator[str]:
        """A sentence for each verdict that is another than what was told last, and has held until ``at``; the first
        look at a variant is no news."""
        for entity in now.entities("experiment_variant_verdict"):
            verdict = now.get("experiment_variant_verdict", *entity) or 0.0
            if verdict == self._told.setdefault(entity, verdict):
                self._pending.pop(entity, None)
                continue
            pending, since = self._pending.get(entity, (verdict, at))
            self._pending[entity] = (verdict, since if pending == verdict else at)
            if at - self._pending[entity][1] >= HOLD:
                self._told[entity] = verdict
                yield f"{entity[0]}: {entity[1]} {_decided(verdict)}"


def _decided(verdict: float) -> str:
    word = _VERDICT.get(int(verdict), "?")
    return f"is {word} than control" if verdict else f"is {word} again"


def _changed(family: str, before: View, now: View) -> Iterable[tuple[tuple[str, ...], float, float]]:
    for entity in now.entities(family):
        old, new = before.get(family, *entity), now.get(family, *entity)
        if old is not None and new is not None and old != new:
            yield entity, old, new


def _slo(now: View, slo: str) -> str:
    left = now.get("slo_error_budget_remaining_ratio", slo)
    burn = now.get("slo_burn_rate", slo, "1h")
    burning = f", burning {burn:.3g}x" if burn is not None and burn >= 1 else ""
    return f"{slo} {100 * (left or 0):.1f} %{burning}"


def _variant(now: View, experiment: str, variant: str) -> str:
    lift = now.get("experiment_variant_lift_ratio", experiment, variant)
    e_value = now.get("experiment_variant_e_value", experiment, variant)
    verdict = now.get("experiment_variant_verdict", experiment, variant)
    state = (
        "killed"
        if now.get("experiment_variant_early_kill", experiment, variant)
        else _VERDICT.get(int(verdict) if verdict is not None else 0, "?")
    )
    sign = "" if lift is None else f" {100 * lift:+.0f} %"
    return f"{experiment} {variant}{sign} e={e_value:.3g} {state}"
