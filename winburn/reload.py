"""Reading the spec again while its numbers are served."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from exporter.contract import Sample, sample
from exporter.spec import SecretError, Spec, SpecErrors, lint, load
from exporter.state import StateError
from winburn.memory import forget_reloads

_LOG = logging.getLogger("winburn")


class Reloads:
    """How the last one went, for the health families. ``read_at``: the Unix time of the first reading."""

    def __init__(self, read_at: float) -> None:
        self._good, self._read_at = True, read_at

    def succeeded(self, at: float) -> None:
        """The spec that was read then is in force."""
        self._good, self._read_at = True, at

    def failed(self) -> None:
        """The spec that was read is not in force."""
        self._good = False

    def samples(self) -> list[Sample]:
        """winburn_config_last_reload_*."""
        return [
            sample("winburn_config_last_reload_successful", float(self._good)),
            sample("winburn_config_last_reload_success_timestamp_seconds", self._read_at),
        ]


class Reloader:
    """Reads the spec at ``path`` and lets ``change`` put it in force, one request after the other.

    ``change`` gives sentences about what could not change, and raises SecretError or StateError where it changed
    nothing. ``trim`` takes the part of a spec that is ours.
    """

    def __init__(
        self,
        path: Path,
        change: Callable[[Spec], Sequence[str]],
        reloads: Reloads,
        *,
        trim: Callable[[Spec], Spec] = lambda spec: spec,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._change, self._reloads, self._trim, self._clock = path, change, reloads, trim, clock
        self._turn = threading.Lock()

    def __call__(self) -> tuple[bool, str]:
        """Whether the spec is in force now, and the answer for who asked: all its errors where it is not."""
        with self._turn:
            answer = self._answer()
            forget_reloads()
            return answer

    def _answer(self) -> tuple[bool, str]:
        try:
            spec = load(self._path)
            warnings = lint(spec)
            left = self._change(self._trim(spec))
        except (SpecErrors, SecretError, StateError) as error:
            return self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - see below
            # A mistake of ours: the spec before must go on being served, and nobody be left without an answer.
            _LOG.exception("reload")
            return self._failed(f"unexpected {type(error).__name__}; the log says more")
        self._reloads.succeeded(self._clock())
        for warning in (*warnings, *left):
            _LOG.warning("%s", warning)
        _LOG.info("reloaded %s", self._path)
        return True, "\n".join(["reloaded; the next refresh is by the new spec", *left])

    def _failed(self, why: str) -> tuple[bool, str]:
        self._reloads.failed()
        _LOG.error("not reloaded, the spec of before stays in force: %s", "; ".join(why.splitlines()))
        return False, f"not reloaded, the spec of before stays in force:\n{why}"
