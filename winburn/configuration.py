"""What ``/config`` shows: the spec in force, secrets masked, with what commands set instead of it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from exporter.collectors.lifecycle import holding, in_force
from exporter.spec import Spec, masked
from exporter.state import State, StateError


def configuration(spec: Spec, state: State) -> Callable[[], str]:
    """The text, made anew only when something has changed in the store; may be asked from any thread.

    While the store cannot be read the last text holds; before the first it is the spec's own.
    """
    lock, plain = threading.Lock(), masked(spec)
    known: list[tuple[int, str]] = [(-1, plain)]

    def text() -> str:
        with lock:
            with contextlib.suppress(StateError):
                if (last := state.last_change()) != known[0][0]:
                    known[0] = (last, "".join(_lines(spec, state)))
            return known[0][1]

    return text


def _lines(spec: Spec, state: State) -> Iterator[str]:
    overrides = state.lifecycle()
    for experiment in spec.experiments:
        held = holding(experiment, overrides.get(experiment.name))
        if held is not None:
            what = " and ".join(key for key in ("status", "variants") if getattr(held, key) is not None)
            why = " ".join(f"by {held.who}: {held.why}".split())
            yield f"# {experiment.name}: {what} set by command, {why}\n"
    experiments = tuple(in_force(e, overrides.get(e.name)) for e in spec.experiments)
    yield masked(spec.model_copy(update={"experiments": experiments}))
