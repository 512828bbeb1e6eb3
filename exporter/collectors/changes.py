"""What commands changed of experiments since the last look, for a collector that goes on running."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporter.collectors.experiment_track import KILL
from exporter.collectors.lifecycle import in_force
from exporter.spec import Experiment
from exporter.state import Latch, Lifted, State


@dataclass(frozen=True, slots=True)
class Standing:
    """The experiments as they are in force, in the spec's order, the kills of each that stand, and the last lifting
    of each (experiment, variant) that was ever spared."""

    experiments: tuple[Experiment, ...]
    kills: Mapping[str, tuple[Latch, ...]]
    lifted: Mapping[tuple[str, str], Lifted]


class Changes:
    """Looks at the store's audit trail, and at the rest of it only where the trail has grown."""

    def __init__(self, state: State, experiments: Sequence[Experiment]) -> None:
        self._state = state
        self._experiments = experiments
        self._seen = -1

    def look(self) -> Standing | None:
        """How things stand, at the first look and whenever something changed since the last one; otherwise None.

        Raises StateError where the store cannot be read; the next look then sees what this one did not.
        """
        # First the mark, then what it stands for: a change in between is seen twice rather than never.
        last = self._state.last_change()
        if last == self._seen:
            return None
        overrides, latches = self._state.lifecycle(), self._state.latches(KILL)
        standing = Standing(
            tuple(in_force(experiment, overrides.get(experiment.name)) for experiment in self._experiments),
            {e.name: tuple(x for x in latches if x.entity == e.name) for e in self._experiments},
            {(x.entity, x.member): x for x in self._state.lifted(KILL)},
        )
        self._seen = last
        return standing
