"""One guardrail of one experiment: the SLO by variant, and what must be known of it after a restart."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from exporter.collectors.experiment_track import KILL
from exporter.collectors.guardrail_breach import Episodes, breaches
from exporter.collectors.slo_evaluate import Evaluation
from exporter.collectors.slo_track import BurnLimit, Track
from exporter.contract import Sample, optional, sample
from exporter.sources.base import group_name
from exporter.spec import Experiment, Guardrail, Slo
from exporter.state import Latch

_LONGEST = 200
"""Characters of a name in the state store."""


class GuardrailTrack:
    """``slo`` is the SLO of the guardrail as the spec has it."""

    def __init__(self, experiment: Experiment, guardrail: Guardrail, slo: Slo) -> None:
        self.experiment, self.shown, self.by = experiment, slo.name, guardrail.by
        self.name = _name(experiment.name, slo.name)
        self.slo = slo.model_copy(update={"name": self.name, "group_by": (guardrail.by,)})
        """What is measured: the SLO, one group for each variant."""
        self.variants = {group_name({guardrail.by: variant}): variant for variant in experiment.variants}
        """Group -> variant."""
        self.was_running = True
        self.episodes = Episodes()
        self.breaches: dict[str, BurnLimit] = {}
        self._saved: Mapping[str, Any] | None = None

    def restore(self, document: Mapping[str, Any] | None, *, is_stored: bool = True) -> None:
        """Take over what :meth:`document` gave; None where nothing is stored. Whether it ``is_stored`` already."""
        if document is not None:
            self.was_running, self.episodes = document["running"], Episodes(document["episodes"])
            self._saved = document if is_stored else None

    @property
    def entity(self) -> str:
        """How it is called in logs."""
        return f"{self.experiment.name}: guardrail {self.shown}"

    def begin(self, track: Track, until: float) -> None:
        """It runs: where it was seen not to, what happened until then does not count."""
        if not self.was_running:
            track.skip(until)
        self.was_running = True

    def rest(self) -> None:
        """It does not run."""
        self.was_running, self.breaches = False, {}

    def look(self, evaluations: Sequence[Evaluation], lifted: Mapping[str, float], at: float) -> dict[str, Evaluation]:
        """See who is in breach at ``at``; the evaluations of that instant by variant. ``lifted`` says when the kill of
        each variant was last lifted."""
        now = {self.variants[e.group.name]: e for e in evaluations if e.group.ledger.end == e.track.end is not None}
        self.breaches = breaches(now, self.experiment.control)
        self.episodes.take(at, now, self.breaches, lifted)
        return now

    def samples(self, now: Mapping[str, Evaluation]) -> tuple[Sample, ...]:
        """Burn rates of each variant and window, and whether it is in breach; the control is what others are held
        against, and has no breach of its own."""
        found: list[Sample] = []
        for variant, evaluation in sorted(now.items()):
            of = {"experiment": self.experiment.name, "variant": variant, "slo": self.shown}
            for window, rate in evaluation.burn_rates.items():
                found += optional("experiment_variant_slo_burn_rate", rate, **of, window=window)
            if variant != self.experiment.control:
                found.append(sample("experiment_variant_slo_breach", variant in self.breaches, **of))
        return tuple(found)

    def latch(self, variant: str, now: Mapping[str, Evaluation], at: float) -> Latch:
        """Kill a variant in breach; the numbers behind it stand in the latch."""
        self.episodes.running[variant].killed = True
        tier, control = self.breaches[variant], self.experiment.control
        burned = _numbers(now[variant], tier)
        beside = _numbers(now[control], tier) if control in now else {}
        p = "" if burned["p"] is None else f", p = {burned['p']:.2g}"
        other = beside.get("long_burn_rate")
        control_burns = f"{control} has no events" if other is None else f"{control} at {other:.4g}"
        reason = (
            f"{self.shown}: {variant} alone burns the error budget at {burned['long_burn_rate']:.4g} times the allowed "
            f"rate over {tier.long} and {burned['short_burn_rate']:.4g} over {tier.short}, above {tier.factor:.4g} "
            f"(tier {tier.tier}){p}; {control_burns}"
        )
        facts = {
            "kind": "guardrail_slo",
            "slo": self.shown,
            "by": self.by,
            "tier": tier.tier,
            "long": tier.long,
            "short": tier.short,
            "factor": tier.factor,
            **burned,
            "began": self.episodes.running[variant].began,
            "control": {"variant": control, **beside},
        }
        return Latch(KILL, self.experiment.name, variant, at, reason, facts)

    def unknown(self, track: Track) -> str | None:
        """Why nothing is measured although there are events: none of them names a variant."""
        if track.groups or f"{self.by}=" not in track.refused:
            return None
        names = ", ".join(sorted(self.experiment.variants))
        return f"the events of {self.shown} have no {self.by} that is one of {names}; see by of the guardrail"

    @property
    def changed(self) -> bool:
        """Whether :meth:`document` differs from what was saved last."""
        return self.document() != self._saved

    def saved(self) -> None:
        """:meth:`document` is stored."""
        self._saved = self.document()

    def document(self) -> dict[str, Any]:
        """As a JSON value, for the next process."""
        return {"running": self.was_running, "episodes": self.episodes.document()}


def _name(experiment: str, slo: str) -> str:
    """Its name in the state store; names of SLOs have no colon, so it is none of theirs."""
    name = f"{experiment}:{slo}"
    return name if len(name) <= _LONGEST else f":{hashlib.sha256(name.encode()).hexdigest()}"


def _numbers(evaluation: Evaluation, tier: BurnLimit) -> dict[str, float | None]:
    window = evaluation.windows[tier.long]
    return {
        "long_burn_rate": evaluation.burn_rates[tier.long],
        "short_burn_rate": evaluation.burn_rates[tier.short],
        "p": evaluation.p_values[tier.long],
        "bad": window.bad,
        "total": window.total,
    }
