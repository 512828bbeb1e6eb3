"""What commands changed of experiments since the last look, for a collector that goes on running."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporter.collectors.experiment_track import KILL
from exporter.collectors.lifecycle import in_force
from exporter.spec import Experiment
from exporter.state import AuditEntry, Latch, Lifted, State


@dataclass(frozen=True, slots=True)
class Standing:
    """The experiments as they are in force, in the spec's order, the kills of each that stand, and the last lifting
    of each (experiment, variant) that was ever spared.

    ``moves`` are the trail's entries of each experiment that was started, paused, ended or split; nothing up to the id
    ``seen`` need be looked at again.
    """

    experiments: tuple[Experiment, ...]
    kills: Mapping[str, tuple[Latch, ...]]
    lifted: Mapping[tuple[str, str], Lifted]
    moves: Mapping[str, tuple[AuditEntry, ...]]
    seen: int


class Changes:
    """Asks the store whether its audit trail has grown, and only then what became of the rest."""

    def __init__(self, state: State, experiments: Sequence[Experiment]) -> None:
        self._state = state
        self._experiments = experiments
        self._seen = -1

    def changed(self) -> bool:
        """Whether anything may have changed since the last look; one cheap question to the store. Raises StateError."""
        return self._state.last_change() != self._seen

    def look(self, since: int | None = None) -> Standing:
        """How things stand, with the moves above the id ``since`` (None: without). Raises StateError where the store
        cannot be read; what changed is then still to be seen."""
        # First the mark, then what it stands for: a change in between is seen twice rather than never.
        last = self._state.last_change()
        overrides, kills = self._state.lifecycle(), dict[str, list[Latch]]()
        for latch in self._state.latches(KILL):
            kills.setdefault(latch.entity, []).append(latch)
        # After what they led to: a move that is not in force yet takes nothing away from the next look.
        found = [] if since is None else self._state.moves(since)
        moves: dict[str, tuple[AuditEntry, ...]] = {}
        for move in found:
            moves[move.entity] = (*moves.get(move.entity, ()), move)
        standing = Standing(
            tuple(in_force(experiment, overrides.get(experiment.name)) for experiment in self._experiments),
            {e.name: tuple(kills.get(e.name, ())) for e in self._experiments},
            {(x.entity, x.member): x for x in self._state.lifted(KILL)},
            moves,
            max([last, *(move.id for move in found)]),
        )
        self._seen = last
        return standing
