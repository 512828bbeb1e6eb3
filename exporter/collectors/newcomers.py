"""What a reload adds to a collector that runs: brought up to now beside it, so that nothing else waits for its past."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

_AT_ONCE = 50

Item = TypeVar("Item")

Aside = Callable[[], AbstractContextManager[Any]]
"""Opens a collector's sources a second time: a long question about the past must not stand before those of now."""


class Newcomers(Generic[Item]):
    """Items by name that wait until their past was read, on a thread that lives while any does.

    ``bring(sources, items, at)`` reads the past of some up to ``at``; it gives name -> sentence of those that failed,
    which are tried again at a later :meth:`grown`. ``sources`` is what ``aside`` opens. All else is for the
    collector's own thread.
    """

    def __init__(
        self, name: str, aside: Aside, bring: Callable[[Any, Sequence[Item], float], Mapping[str, str]]
    ) -> None:
        self._name, self._aside, self._bring = name, aside, bring
        self._waiting: dict[str, Item] = {}
        self._grown: dict[str, Item] = {}
        self.errors: dict[str, str] = {}
        """Name -> why its past could not be read at the last try."""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> dict[str, Item]:
        """Name -> item of those whose past is not read yet."""
        with self._lock:
            return {**self._waiting, **self._grown}

    def add(self, items: Mapping[str, Item]) -> None:
        """Let these wait."""
        with self._lock:
            self._waiting |= items

    def keep(self, names: Collection[str]) -> None:
        """Let only these go on; nobody waits for the others any more."""
        with self._lock:
            for of_name in (self._waiting, self._grown, self.errors):
                for name in [name for name in of_name if name not in names]:
                    del of_name[name]

    def grown(self, at: float) -> dict[str, Item]:
        """Those that are ready, once; the others are brought up to ``at`` meanwhile."""
        with self._lock:
            grown, self._grown = self._grown, {}
            idle = self._thread is None or not self._thread.is_alive()
            if self._waiting and idle:
                # A daemon: the process must be able to end while a source never answers.
                self._thread = threading.Thread(target=self._run, args=(at,), name=f"past {self._name}", daemon=True)
                self._thread.start()
        return grown

    def _run(self, at: float) -> None:
        with self._lock:
            names = list(self._waiting)
        try:
            with self._aside() as sources:
                for first in range(0, len(names), _AT_ONCE):
                    self._try(sources, names[first : first + _AT_ONCE], at)
        except Exception as error:  # noqa: BLE001 - said of those that it happened to, and tried again
            self._note({}, dict.fromkeys(names, f"its past could not be read: {type(error).__name__}"))

    def _try(self, sources: Any, names: Sequence[str], at: float) -> None:
        with self._lock:
            items = {name: self._waiting[name] for name in names if name in self._waiting}
        if items:
            errors = dict(self._bring(sources, list(items.values()), at))
            self._note({name: item for name, item in items.items() if name not in errors}, errors)

    def _note(self, ready: Mapping[str, Item], errors: Mapping[str, str]) -> None:
        with self._lock:
            for name, item in ready.items():
                if self._waiting.get(name) is item:  # not, if it has left meanwhile or came back as another
                    del self._waiting[name]
                    self.errors.pop(name, None)
                    self._grown[name] = item
            self.errors |= {name: error for name, error in errors.items() if name in self._waiting}
