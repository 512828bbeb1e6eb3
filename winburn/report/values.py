"""What every part of the document is made of: numbers that may be missing, and why; the period; what was decided."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Missing:
    """In place of a number that is not defined; ``reason`` is the end of a sentence, like ``no events``."""

    reason: str


Number = float | Missing


@dataclass(frozen=True, slots=True)
class Period:
    """What is reviewed: from ``start`` to ``end``, times told in ``timezone``; ``label`` is its name if it has one."""

    start: float
    end: float
    label: str
    timezone: str = "UTC"
    release: bool = False
    """Whether it began with a release: then it is compared with as long a time before."""

    @property
    def before(self) -> float:
        """Where as long a time before it begins."""
        return self.start - self.seconds

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Decision:
    """An entry of the audit trail: what was changed, by whom and why."""

    at: float
    kind: str
    entity: str
    member: str
    action: str
    who: str
    why: str


def known(value: float | None, reason: str) -> Number:
    """The number, or why there is none; NaN is none."""
    return Missing(reason) if value is None or value != value else float(value)  # noqa: PLR0124 - nan is not itself
