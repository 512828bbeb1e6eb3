"""What ``winburn experiment`` does: changes of the life cycle on the state store, checked as the spec is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from exporter.collectors.experiment_track import KILL
from exporter.collectors.lifecycle import holding, in_force
from exporter.spec import Experiment
from exporter.spec.semantics_experiment import check_experiment
from exporter.spec.tree import did_you_mean, listed, shown
from exporter.spec.types import Share
from exporter.state import AuditEntry, Latch, Override, State

Status = Literal["draft", "running", "paused", "completed", "failed"]

FROM: Mapping[Status, tuple[Status, ...]] = {
    "running": ("draft", "paused"),
    "paused": ("running",),
    "completed": ("running", "paused"),
    "failed": ("running", "paused"),
}
"""Status -> those from which it can be reached."""

_ACTIONS: Mapping[Status, str] = {"running": "start", "paused": "pause", "completed": "stop", "failed": "stop"}
_ENDED = ("completed", "failed")


class LifecycleError(Exception):
    """The change is not possible; the message is one sentence that says what would be."""


@dataclass(frozen=True, slots=True)
class By:
    """When a change is made (Unix seconds), by whom and why."""

    at: float
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Line:
    """One experiment as it stands: ``override`` is what holds instead of the spec, ``killed`` are its latches."""

    experiment: Experiment
    spec: Experiment
    override: Override | None
    killed: tuple[Latch, ...]


def lines(state: State, experiments: Iterable[Experiment]) -> list[Line]:
    """Every experiment of the spec, in its order, with what the store says of it."""
    overrides, latches = state.lifecycle(), state.latches(KILL)
    return [
        Line(
            in_force(experiment, overrides.get(experiment.name)),
            experiment,
            holding(experiment, overrides.get(experiment.name)),
            tuple(latch for latch in latches if latch.entity == experiment.name),
        )
        for experiment in experiments
    ]


def find(experiments: Sequence[Experiment], name: str) -> Experiment:
    """The experiment of that name. LifecycleError where there is none."""
    names = [experiment.name for experiment in experiments]
    if name not in names:
        raise LifecycleError(f"there is no experiment {shown(name)}{proposal(name, names)}")
    return experiments[names.index(name)]


def set_status(state: State, experiment: Experiment, status: Status, by: By) -> Experiment:
    """Start, pause or end an experiment; as it stands afterwards. LifecycleError where it cannot go there from where it
    is."""

    def change(now: Experiment) -> tuple[dict[str, Any], str, dict[str, Any]]:
        if now.status not in FROM[status]:
            raise LifecycleError(_refusal(now, status))
        return {"status": status}, _ACTIONS[status], {"status": [now.status, status]}

    return _change(state, experiment, by, change)


def set_split(state: State, experiment: Experiment, shares: Mapping[str, float], by: By) -> Experiment:
    """Change the planned traffic; as it stands afterwards. LifecycleError for shares that the spec could not have."""

    def change(now: Experiment) -> tuple[dict[str, Any], str, dict[str, Any]]:
        if now.status in _ENDED:
            raise LifecycleError(f"{now.name} is {now.status}: its traffic is no longer split")
        variants = _checked(now, shares)
        if variants == now.variants:
            raise LifecycleError(f"{now.name} is split like that already: {split_text(variants)}")
        return {"variants": variants}, "split", {"variants": [dict(now.variants), variants]}

    return _change(state, experiment, by, change)


def unkill(state: State, experiment: Experiment, variant: str, by: By) -> Latch:
    """Lift the kill of a variant, and return what it was. LifecycleError where it is not killed."""
    if variant not in experiment.variants:
        raise LifecycleError(
            f"{experiment.name} has no variant {shown(variant)}{proposal(variant, experiment.variants)}"
        )
    lifted = state.lift_latch(KILL, experiment.name, variant, by.at, by.who, by.why)
    if lifted is None:
        killed = sorted(latch.member for latch in state.latches(KILL) if latch.entity == experiment.name)
        others = f"; killed are: {', '.join(map(shown, killed))}" if killed else ", nor is any other"
        raise LifecycleError(f"{experiment.name}: the variant {shown(variant)} is not killed{others}")
    return lifted


def settle(state: State, experiments: Iterable[Experiment], at: float) -> list[str]:
    """Forget the overrides that the spec has overtaken, so that none comes back when the spec is changed back; the
    sentences that say so. For whoever serves the spec, whenever it is read."""
    overrides = state.lifecycle()
    said = []
    for experiment in experiments:
        found = overrides.get(experiment.name)
        if found is not None and _lost(found, holding(experiment, found)):
            state.change_lifecycle(experiment.name, partial(_settled, experiment, at))
            said.append(_overtaken(experiment, found))
    return said


def _settled(experiment: Experiment, at: float, found: Override | None) -> tuple[Override | None, AuditEntry | None]:
    held = holding(experiment, found)
    if found is None or not _lost(found, held):  # another process was quicker
        return found, None
    facts = {"status": found.status, "variants": None if found.variants is None else dict(found.variants)}
    why = _overtaken(experiment, found)
    return held, AuditEntry(at, "experiment", experiment.name, "", "superseded", "spec", why, facts)


def _overtaken(experiment: Experiment, found: Override) -> str:
    lost = _lost(found, holding(experiment, found))
    return f"{experiment.name}: the spec's {lost} changed, and holds again instead of what {found.who} said"


def parse_split(words: Sequence[str]) -> dict[str, float]:
    """``blue=0.8 green=0.2`` as shares. LifecycleError for anything else."""
    shares: dict[str, float] = {}
    for word in words:
        name, equals, text = word.rpartition("=")
        if not equals or not name:
            raise LifecycleError(
                f"{shown(word)} is no share; write a variant and its part of the traffic like blue=0.8"
            )
        if name in shares:
            raise LifecycleError(f"{shown(name)} is given twice; keep one of them")
        try:
            shares[name] = TypeAdapter(Share).validate_python(float(text))
        except (ValidationError, ValueError):
            raise LifecycleError(f"{shown(word)}: a share is a number from 0 to 1, like {name}=0.8") from None
    return shares


def split_text(variants: Mapping[str, float]) -> str:
    """``blue=0.8 green=0.2``."""
    return " ".join(f"{name}={share:.9g}" for name, share in variants.items())


def _change(
    state: State,
    experiment: Experiment,
    by: By,
    change: Callable[[Experiment], tuple[dict[str, Any], str, dict[str, Any]]],
) -> Experiment:
    """Override fields by what ``change`` makes of the experiment in force, under the store's lock."""

    def stored(found: Override | None) -> tuple[Override, AuditEntry]:
        held = holding(experiment, found) or Override(
            None, None, experiment.status, experiment.variants, by.at, by.who, by.why
        )
        fields, action, facts = change(in_force(experiment, held))
        new = replace(held, at=by.at, who=by.who, why=by.why, **fields)
        return new, AuditEntry(by.at, "experiment", experiment.name, "", action, by.who, by.why, facts)

    return in_force(experiment, state.change_lifecycle(experiment.name, stored))


def _lost(found: Override, held: Override | None) -> str:
    fields = (("status", "status"), ("variants", "planned traffic"))
    return listed(
        [word for name, word in fields if getattr(found, name) is not None and getattr(held, name, None) is None]
    )


def _refusal(now: Experiment, status: Status) -> str:
    name = now.name
    if now.status == status:
        return f"{name} is {status} already"
    if now.status in _ENDED and status in _ENDED:
        return f"{name} is {now.status} already, and stays so: its results are on record under that status"
    if now.status in _ENDED:
        return (
            f"{name} is {now.status}, and what has ended is not started again: its evidence is spent; "
            "give the spec a new experiment under another name"
        )
    if now.status == "draft":
        return f"{name} is a draft, and was never started; start it first, or take it out of the spec"
    return f"{name} is {now.status} and cannot become {status}; it can from {listed(FROM[status])}"


def _checked(experiment: Experiment, shares: Mapping[str, float]) -> dict[str, float]:
    """The shares in the spec's order, found right in the loader's own words."""
    for name in shares:
        if name not in experiment.variants:
            meant = proposal(name, experiment.variants)
            raise LifecycleError(f"{experiment.name} has no variant {shown(name)}{meant}")
    if missing := [name for name in experiment.variants if name not in shares]:
        raise LifecycleError(f"{listed(list(map(shown, missing)))} must be given too; all shares together make 1")
    variants = {name: shares[name] for name in experiment.variants}
    changed = experiment.model_copy(update={"variants": variants})
    for problem in check_experiment(changed, (), {}, ()):
        if problem.parts[:1] == ("variants",):
            raise LifecycleError(problem.message)
    return variants


def proposal(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about a name that is none: the one that was perhaps meant, or all of them."""
    names = list(known)
    if not names:
        return "; the spec has none"
    hint = did_you_mean(name, names)
    return f", did you mean {shown(hint)}?" if hint else f"; there are: {', '.join(map(shown, names))}"
