"""Numbers, times and gaps as people read them: the same in every format."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from winburn.backtest.text import duration, number, percent, plural
from winburn.report.values import Missing, Number, Period

DASH = "—"
"""In place of what is not defined; its reason stands beside it."""

__all__ = ["DASH", "duration", "number", "plural"]


def gap(missing: Missing) -> str:
    """A dash with its reason."""
    return f"{DASH} ({missing.reason})" if missing.reason else DASH


def count(value: Number) -> str:
    """A number of things."""
    return gap(value) if isinstance(value, Missing) else number(value)


def share(value: Number) -> str:
    """A share as a percentage."""
    return gap(value) if isinstance(value, Missing) else percent(value)


def exact_share(value: Number) -> str:
    """A share as a percentage with four digits, never rounded up: 99.89999 % is not 99.9 %."""
    if isinstance(value, Missing):
        return gap(value)
    shown = math.floor(value * 1e6 * (1 + 1e-12) + 1e-9) / 1e4
    return f"{f'{shown:.4f}'.rstrip('0').rstrip('.')} %"


def once(row: Sequence[str]) -> tuple[str, ...]:
    """A row in which a reason stands once: further gaps that have it too are bare dashes."""
    return tuple(DASH if cell.startswith(DASH) and cell in row[:i] else cell for i, cell in enumerate(row))


def change(value: Number) -> str:
    """A relative difference with its sign."""
    if isinstance(value, Missing):
        return gap(value)
    return f"{value * 100:+.3g} %" if abs(value) < 10 else f"{value * 100:+,.0f} %"


def interval(lower: Number, upper: Number) -> str:
    """Two ends; an open one is said so."""
    if isinstance(lower, Missing) and isinstance(upper, Missing):
        return gap(lower)
    ends = ["open" if isinstance(end, Missing) else change(end) for end in (lower, upper)]
    return f"{ends[0]} to {ends[1]}"


def evidence(value: Number) -> str:
    """An e-value."""
    if isinstance(value, Missing):
        return gap(value)
    return f"{value:.2g}" if value < 1 else f"{value:,.3g}" if value < 1000 else f"{value:.1e}"


def probability(value: Number) -> str:
    """A p-value."""
    if isinstance(value, Missing):
        return gap(value)
    return f"{value:.2g}" if value >= 1e-4 else f"{value:.1e}"


def money(value: Number, currency: str) -> str:
    """An amount with its currency."""
    return gap(value) if isinstance(value, Missing) else f"{value:,.2f} {currency}".rstrip()


def span(value: Number) -> str:
    """Seconds as a duration."""
    return gap(value) if isinstance(value, Missing) else duration(value)


def moment(value: Number, zone: str, *, seconds: bool = False) -> str:
    """A time in a zone, to the minute."""
    if isinstance(value, Missing):
        return gap(value)
    return f"{datetime.fromtimestamp(value, ZoneInfo(zone)):{'%Y-%m-%d %H:%M:%S' if seconds else '%Y-%m-%d %H:%M'}}"


def clock(since: float, until: float, zone: str) -> str:
    """From when to when; the day once where it is the same."""
    one, other = (datetime.fromtimestamp(time, ZoneInfo(zone)) for time in (since, until))
    short = one.date() == other.date()
    return f"{one:%Y-%m-%d %H:%M} to {other:{'%H:%M' if short else '%Y-%m-%d %H:%M'}}"


def period(value: Period) -> str:
    """The period in words."""
    times = f"{moment(value.start, value.timezone)} to {moment(value.end, value.timezone)} {value.timezone}"
    return f"{value.label}{': ' if value.label else ''}{times} ({duration(value.seconds)})"


def sentence(text: str) -> str:
    """With a capital letter and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text[-1:] in ".!?" else ".")
