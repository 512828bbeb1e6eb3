"""What an experiment wants done to the outside, where its spec lets it: kills, shipping, other weights.

Each is wished for at every refresh and done once for each occasion; see :mod:`exporter.apply`.
"""

from __future__ import annotations

from collections.abc import Iterable

from exporter.collectors.experiment_progress import recommended
from exporter.collectors.experiment_reading import Reading
from exporter.state import Application, Latch

WEIGHTS_EVERY = 3600.0
"""Weights change at most once in so many seconds: each change opens an allocation epoch."""
_WORTH_A_CHANGE = 0.01


def wishes(reading: Reading, stored: Iterable[Latch], at: float) -> Iterable[Application]:
    """The applications of one experiment at ``at``, those of before included.

    ``stored`` are its kills as the state store has them: the instant there is the occasion, and all replicas must mean
    the same one.
    """
    apply, name = reading.experiment.apply, reading.experiment.name
    if apply is None:
        return
    if apply.kill:
        yield from of_kills(stored)
    if apply.ship:
        for advice in reading.advice:
            if advice.action == "ship":
                # Once in an experiment's life: a recommendation that comes back is no other one.
                yield Application(name, advice.variant, "ship", "better", {"reason": advice.text, "at": at})
    if apply.weights and reading.track.is_running:
        yield from _weights(reading, at)


def of_kills(latches: Iterable[Latch]) -> Iterable[Application]:
    """The applications of kills, one for each: after a variant was spared, another kill is another occasion."""
    for x in latches:
        yield Application(x.entity, x.member, "kill", repr(x.at), {**x.facts, "reason": x.reason, "at": x.at})


def _weights(reading: Reading, at: float) -> Iterable[Application]:
    shares, plan = recommended(reading), reading.experiment.variants
    if shares is None or all(abs(shares[v] - plan[v]) < _WORTH_A_CHANGE for v in plan):
        return
    occasion = f"{at // WEIGHTS_EVERY:.0f}"
    for variant, share in shares.items():
        facts = {"reason": "Thompson sampling", "at": at, "weight": share}
        yield Application(reading.experiment.name, variant, "weights", occasion, facts)
