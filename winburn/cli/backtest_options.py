"""What options of ``winburn backtest`` may say."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import click

from exporter.promql import format_duration, parse_duration


class Objective(click.ParamType[Decimal]):
    """A percentage of good events."""

    name = "objective"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """The exact number, or click's error."""
        try:
            objective = Decimal(value)
        except InvalidOperation:
            self.fail(f"{value!r} is not a number; write the percentage of good events, like 99.9", param, ctx)
        if not objective.is_finite() or not 0 < objective < 100:
            self.fail(f"{value} is not between 0 and 100, both excluded; write a percentage like 99.9", param, ctx)
        return objective


class Length(click.ParamType[float]):
    """A duration; ``least`` and ``divides`` (seconds) say which are allowed."""

    name = "duration"

    def __init__(self, *, least: float = 0.0, divides: float | None = None) -> None:
        self._least, self._divides = least, divides

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds, or click's error."""
        try:
            seconds = parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if seconds <= 0 or seconds < self._least:
            self.fail(f"{value} is too short" + (f"; at least {format_duration(self._least)}" if self._least else ""))
        if self._divides and round(self._divides * 1000) % round(seconds * 1000):
            self.fail(f"{format_duration(self._divides)} is not a whole number of {value}; write 15s, 1m or 5m")
        return seconds


class Gate(click.ParamType[str]):
    """A level of the low-traffic gate, or off."""

    name = "gate"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text, checked; `gate_level` reads it, because click takes None for an option that was not given."""
        try:
            level = gate_level(value)
        except ValueError:
            level = 0.0
        if level is not None and not 0 < level < 1:
            self.fail(f"{value!r} is neither off nor a probability between 0 and 1, like 1e-4", param, ctx)
        return value


def gate_level(text: str) -> float | None:
    """The level that :class:`Gate` let through; None where the gate is off."""
    return None if text == "off" else float(text)
