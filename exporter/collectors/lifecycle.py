"""The life cycle in force: what the spec says, and what commands changed since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from exporter.spec import Experiment
from exporter.state import AuditEntry, Override


def in_force(experiment: Experiment, override: Override | None) -> Experiment:
    """The experiment with the status and planned traffic that hold now.

    An override holds until that very field of the spec says something else than when it was overridden; status and
    traffic independently of one another.
    """
    held = holding(experiment, override)
    changes: dict[str, object] = {}
    if held is not None and held.status is not None:
        changes["status"] = held.status
    if held is not None and held.variants is not None:
        # In the spec's order, which the store does not keep.
        changes["variants"] = {name: held.variants[name] for name in experiment.variants}
    return experiment.model_copy(update=changes) if changes else experiment


def holding(experiment: Experiment, override: Override | None) -> Override | None:
    """What of an override still holds under this spec, with the spec's present values where it does not; None where
    nothing does."""
    if override is None:
        return None
    status = override.status if override.spec_status == experiment.status else None
    variants = override.variants if dict(override.spec_variants) == experiment.variants else None
    if status is None and variants is None:
        return None
    return replace(
        override,
        status=status,
        variants=variants,
        spec_status=experiment.status,
        spec_variants=experiment.variants,
    )


def left(plan: Mapping[str, float], moves: Iterable[AuditEntry]) -> bool:
    """Whether a running experiment of this planned traffic did not run, or was split otherwise, for a while.

    ``moves`` are entries of the audit trail in their order. What they lead away from is what counts: where the last of
    them has brought it back, nothing else tells that it was away.
    """
    here = {"status": "running", "variants": dict(plan)}
    steps = [(field, move.facts[field]) for move in moves for field in here if field in move.facts]
    return any(before == here[field] != after for field, (before, after) in steps)
