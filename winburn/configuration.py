"""What ``/config`` shows: the spec in force, secrets masked, with what commands set instead of it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from exporter.collectors.lifecycle import holding, in_force
from exporter.spec import Spec, masked
from exporter.state import State, StateError


def configuration(spec: Spec, state: State) -> Callable[[], str]:
    """The text, made when it is asked for and anew only when something has changed in the store; for any thread.

    While the store cannot be read the last text holds; before the first it is the spec's own.
    """
    lock = threading.Lock()
    known: list[tuple[int, str]] = []

    def text() -> str:
        with lock:
            with contextlib.suppress(StateError):
                last = state.last_change()
                if not known or last != known[0][0]:
                    known[:] = [(last, "".join(_lines(spec, state)))]
            return known[0][1] if known else masked(spec)

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
