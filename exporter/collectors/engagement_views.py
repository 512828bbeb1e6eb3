"""A little history of view counts: interactions come after their views, so only views of some age may count against a
variant."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

_POINTS = 16  # of the history, at most about so many


class Views:
    """Counts of views over the last ``age`` seconds, and how many there were ``age`` seconds ago.

    At its first sight nothing is known of a variant's past, so that none of its views count for ``age`` seconds,
    unless the source says when it counted them.
    """

    def __init__(self, age: float, document: Mapping[str, Any] | None = None) -> None:
        self._age = age
        stored = document or {"points": {}, "grown": {}}
        self._points: dict[str, list[list[float]]] = {name: list(points) for name, points in stored["points"].items()}
        self._grown: dict[str, float] = dict(stored["grown"])
        self.changed = False

    def note(self, variant: str, at: float, views: float, counted_at: float | None = None) -> None:
        """The views at ``at``, or as they were counted before. Fewer than before: the history starts again."""
        when = at if counted_at is None else min(at, counted_at)
        points = self._points.setdefault(variant, [])
        if points and views < points[-1][1]:
            points.clear()
        if not points or (views > points[-1][1] and when - points[-1][0] >= self._age / _POINTS):
            if points:
                self._grown[variant] = at
            points.append([when, views])
            self.changed = True
        while len(points) > 1 and points[1][0] <= at - self._age:
            points.pop(0)

    def old(self, variant: str, at: float) -> float:
        """Views that are at least ``age`` old at ``at``, as far as is known; never too many."""
        return max((n for t, n in self._points.get(variant, ()) if t <= at - self._age), default=0.0)

    def grown_at(self, variant: str) -> float | None:
        """When it was last seen to have new views; None before the first time."""
        return self._grown.get(variant)

    def keep(self, variants: Collection[str]) -> None:
        """Forget all others."""
        for name in [name for name in self._points if name not in variants]:
            del self._points[name]
            self._grown.pop(name, None)
            self.changed = True

    def document(self) -> dict[str, Any]:
        """As a JSON value, for the next process."""
        return {"points": self._points, "grown": self._grown}
