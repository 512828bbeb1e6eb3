"""PromQL as strings: durations, quoting, and a few shapes. No parsing beyond what a check of the spec needs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_DURATION = re.compile(r"^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$")
_ORDER = ("y", "w", "d", "h", "m", "s", "ms")


def parse_duration(text: str) -> float:
    """Seconds of a Prometheus duration such as ``5m``, ``1h30m`` or ``250ms``; ValueError where it is none.

    Units as in https://prometheus.io/docs/prometheus/latest/querying/basics/ (1w = 7d, 1y = 365d).
    """
    match = _DURATION.match(text)
    if not match or not text:
        raise ValueError(f"{text!r} is not a duration; write it like 30s, 5m, 1h30m or 30d")
    return float(sum(int(count) * _UNITS[unit] for count, unit in zip(match.groups(), _ORDER, strict=True) if count))


def format_duration(seconds: float) -> str:
    """The shortest Prometheus duration of a positive number of seconds: 5400 -> ``1h30m``, 2592000 -> ``30d``."""
    milliseconds = round(seconds * 1000)
    if milliseconds <= 0:
        raise ValueError(f"a duration must be positive, not {seconds} s")
    parts = []
    for unit, size in (("d", 86400000), ("h", 3600000), ("m", 60000), ("s", 1000), ("ms", 1)):
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def quote(text: str) -> str:
    """A PromQL string literal. JSON's escapes are a subset of those that PromQL's Go-style strings know."""
    return json.dumps(text, ensure_ascii=False)


def union(parts: Sequence[str]) -> str:
    """``a or b or c`` as a balanced tree: a chain would compare every part's series with all before it, n times."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return f"({union(parts[:half])} or {union(parts[half:])})"
