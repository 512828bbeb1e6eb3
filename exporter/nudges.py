"""Changes of sources that are worth a refresh of their own, told by other threads."""

from __future__ import annotations

import threading


class Nudges:
    """What has changed since it was last taken. ``told`` is set while there is something to take."""

    def __init__(self) -> None:
        self.told = threading.Event()
        self._turn = threading.Lock()
        self._changes: dict[str, float | None] = {}

    def tell(self, source: str, changed_at: float | None) -> None:
        """The source has changed, at this Unix time if that is known; of several changes the first is remembered."""
        with self._turn:
            known = self._changes.get(source)
            self._changes[source] = changed_at if known is None else known
            self.told.set()

    def take(self) -> dict[str, float | None]:
        """Source -> when it changed."""
        with self._turn:
            taken, self._changes = self._changes, {}
            self.told.clear()
            return taken
