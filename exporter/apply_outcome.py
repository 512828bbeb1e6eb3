"""What came of an attempt, and how an attempt is ended in time without doubt where there need be none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from exporter.state import Application


@dataclass(frozen=True, slots=True)
class Outcome:
    """``done``; ``refused``: it certainly did not happen; ``unknown``: it may have. ``detail`` is one line without
    secrets."""

    result: Literal["done", "refused", "unknown"]
    detail: str


class PointOfNoReturn:
    """Where an attempt begins to have effects: passed by it, or forbidden by whoever no longer waits; never both."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: str | None = None

    def pass_by(self) -> bool:
        """Whether the attempt may go on; from now on it may have happened."""
        return self._take("passed")

    def forbid(self) -> bool:
        """Whether it has had no effect, and will have none."""
        return self._take("forbidden")

    def _take(self, side: str) -> bool:
        with self._lock:
            self._taken = self._taken or side
            return self._taken == side


@dataclass(frozen=True, slots=True)
class Act:
    """Does an application at a Unix time; ``run`` passes by the point before it has effects, and raises nothing.

    It is waited for ``seconds``.
    """

    run: Callable[[Application, float, PointOfNoReturn], Outcome]
    seconds: float


def in_time(act: Act, application: Application, at: float) -> Outcome:
    """What came of it, waited for in a thread: few drivers can end what a silent server does not answer."""
    point, found = PointOfNoReturn(), list[Outcome]()

    def run() -> None:
        try:
            found.append(act.run(application, at, point))
        except BaseException as error:  # noqa: BLE001 - a mistake of ours must not look as if nothing had happened
            what = f"unexpected {type(error).__name__}"
            found.append(Outcome("refused" if point.forbid() else "unknown", what))

    worker = threading.Thread(target=run, name=f"apply-{application.action}", daemon=True)
    worker.start()
    worker.join(act.seconds)
    if found:
        return found[0]
    return Outcome("refused" if point.forbid() else "unknown", f"no answer within {act.seconds:g} s")
