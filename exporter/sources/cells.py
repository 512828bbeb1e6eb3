"""Single values of a database that nobody has checked: what cannot be used is None, and labels have a length."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any

from exporter.sources.base import shortened

LABEL_LENGTH = 160
_REASONS = {
    "below": "below_expectation",
    "low_performance": "low_performance",
    "low_engagement": "below_expectation",
    "manual": "manual",
    "timeout": "timeout",
}


def label(value: object) -> str:
    """A label of at most ``LABEL_LENGTH`` characters: longer ones are cut and end in a hash that keeps them apart."""
    return shortened("" if value is None else str(value), LABEL_LENGTH)


def count(value: object) -> float | None:
    """A finite number of at least 0, else None."""
    found = number(value)
    return found if found is not None and found >= 0 else None


def rate(value: object) -> float | None:
    """A number in (0, 1), else None."""
    found = number(value)
    return found if found is not None and 0 < found < 1 else None


def number(value: object) -> float | None:
    """A finite number, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    found = float(value)
    return found if math.isfinite(found) else None


def reason(value: object) -> str:
    """A reason in few words: ``Below 50% of expected engagement rate`` is below_expectation; other texts become words
    without numbers, joined by ``_``, at most 40 characters."""
    words = re.sub(r"[^a-z]+", "_", str(value or "").lower()).strip("_")
    known = next((name for start, name in _REASONS.items() if words.startswith(start)), None)
    return known or words[:40].strip("_") or "unknown"


def mapping(value: object) -> dict[str, Any]:
    """A JSON object that the driver has read, or its text; empty for anything else."""
    if isinstance(value, str | bytes):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):  # RecursionError: a text of a million brackets
            return {}
    return value if isinstance(value, dict) else {}
