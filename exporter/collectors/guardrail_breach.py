"""Which variants burn a guardrail SLO, and which of their breaches may kill."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from exporter.collectors.slo_evaluate import Evaluation
from exporter.collectors.slo_samples import burning
from exporter.collectors.slo_track import BurnLimit
from exporter.windows import MINUTE

SAME_BREACH = 5.0 * MINUTE
"""A breach that comes back within so many seconds is the one that was: around a tier's factor it comes and goes."""


def breaches(evaluations: Mapping[str, Evaluation], control: str) -> dict[str, BurnLimit]:
    """Variant -> the first paging tier that it burns over by itself; ``evaluations`` are by variant, now.

    It is the condition of the burn alert for that group: burn rates of both windows above the factor, with the
    low-traffic gate. While the control burns as well, no variant is in breach: what hits both is an outage, which the
    SLO's own alert tells of, and no variant's fault. The control itself never is.
    """
    found = {variant: _page(evaluation) for variant, evaluation in sorted(evaluations.items())}
    if found.pop(control, None) is not None:
        return {}
    return {variant: tier for variant, tier in found.items() if tier is not None}


def _page(evaluation: Evaluation) -> BurnLimit | None:
    return burning(evaluation, (limit for limit in evaluation.track.burn_limits if limit.severity == "page"))


@dataclass(slots=True)
class Episode:
    """One breach of a variant: when it began and was last seen, when the variant's kill had last been lifted as it
    began (0: never), and whether it has killed."""

    began: float
    last: float
    lifted: float
    killed: bool = False


class Episodes:
    """The breaches of one guardrail that go on, by variant. What is not looked at does not end."""

    def __init__(self, document: Mapping[str, Any] | None = None) -> None:
        self.running = {variant: Episode(**episode) for variant, episode in (document or {}).items()}

    def take(self, at: float, seen: Collection[str], burning: Collection[str], lifted: Mapping[str, float]) -> None:
        """A look at the variants ``seen``, of which some are in breach; ``lifted`` says when the kill of each was last
        lifted."""
        for variant in burning:
            episode = self.running.setdefault(variant, Episode(at, at, lifted.get(variant, 0.0)))
            episode.last = at
        for variant in set(seen) - set(burning):
            if variant in self.running and at - self.running[variant].last > SAME_BREACH:
                del self.running[variant]

    def kills(self, variant: str, at: float, lifted: float) -> bool:
        """Whether the variant's breach may kill at ``at``: it has not yet, and nobody has lifted a kill since it began.

        Whoever spares a variant knows of the breach that goes on. Commands are dated by another clock than
        evaluations, which lie a lag behind: what counts is what was known as the breach began, and a kill waits until
        it can be dated after the lifting.
        """
        episode = self.running[variant]
        return not episode.killed and episode.lifted == lifted and at > lifted

    def document(self) -> dict[str, Any]:
        """As a JSON value, for the next process."""
        return {variant: asdict(episode) for variant, episode in sorted(self.running.items())}
