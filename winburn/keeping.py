"""What the state store keeps of SLOs and experiments that are in no spec any more, and for how long."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Sequence

from exporter.collectors.slo_track import horizon
from exporter.spec import Spec
from exporter.state import State, StateError, Use

_LOG = logging.getLogger("winburn")
_DAY = 86_400.0
KEEP = 90 * _DAY
"""For what has left to come back and be as it was."""
MARGIN = 7 * _DAY
"""Longer than an SLO's own past by this, where that is more than KEEP."""
UNKNOWN = 400 * _DAY
"""For what a winburn before this rule stored, of which nobody knows how far back it reaches."""
EVERY = 3600.0
_SHOWN = 5


def uses(spec: Spec) -> list[Use]:
    """Every name under which a spec's collectors store something that may go one day."""
    slos = {slo.name: max(KEEP, horizon(slo) + MARGIN) for slo in spec.slos}
    guardrails = {f"{e.name}:{g.slo}": slos[g.slo] for e in spec.experiments for g in e.guardrails}
    return [
        *(Use("experiment", each.name, KEEP) for each in spec.experiments),
        *(Use("guardrail", name, keep) for name, keep in guardrails.items()),
        *(Use("slo", name, keep) for name, keep in {**guardrails, **slos}.items()),
    ]


class Keeper:
    """Tells the store which names are in use, and has it forget those that nobody uses.

    :meth:`follow` comes before anything is read for a spec: what comes back then cannot be forgotten meanwhile. A name
    goes when two sweeps after one another found it unused, so that whoever else is on the store has had time to say
    that he uses it, also where a clock was wrong for a while. A store that cannot be written costs nothing here: the
    next sweep comes.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._uses: Sequence[Use] = ()
        self._unused: frozenset[tuple[str, str]] = frozenset()
        self._stop = threading.Event()

    def follow(self, spec: Spec, at: float) -> None:
        """These names are in use from ``at`` on (Unix seconds), and no others of ours."""
        self._uses = uses(spec)
        with contextlib.suppress(StateError):
            self._state.use(self._uses, at)

    def begin(self) -> None:
        """Sweep every hour on a thread of its own, until :meth:`close`."""
        # A daemon: the process must be able to end while the store never answers.
        threading.Thread(target=self._run, name="names in use", daemon=True).start()

    def close(self) -> None:
        """Begin no further sweep."""
        self._stop.set()

    def sweep(self, at: float) -> list[str]:
        """One round; the names that were forgotten. StateError where the store does not take it."""
        self._state.use(self._uses, at)
        self._state.adopt(at, UNKNOWN)
        found = self._state.unused(at)
        before, self._unused = self._unused, frozenset(found)
        return sorted({name for kind, name in found if (kind, name) in before and self._state.forget(kind, name, at)})

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            with contextlib.suppress(StateError):  # the collectors say what is the matter with it
                _tell(self.sweep(time.time()))


def _tell(names: Sequence[str]) -> None:
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        shown = ", ".join(names[:_SHOWN])
        _LOG.info("the state store has forgotten what no spec has had for a long time: %s%s", shown, more)
