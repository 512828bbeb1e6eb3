"""A backtest as text for a terminal: tables in plain columns, the same bytes for the same data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from exporter.promql import format_duration
from exporter.spec import tiers_in_force
from winburn.backtest.firings import Firing
from winburn.backtest.run import Backtest
from winburn.backtest.summary import Summary

NONE = "-"


def table(result: Backtest) -> str:
    """Everything about one SLO, ending with a newline."""
    slo, span = result.slo, result.course.span
    title = f"{result.name} ({slo.service}): {slo.objective:f} % over {slo.period_label}"
    lines = [f"{title}, {when(span.start)} to {when(span.end)} UTC, every {format_duration(span.step)}", ""]
    if result.course.past.first_measured is None:
        return "\n".join([*lines, "  no data: its counters had no series, its query no events", "", ""])
    lines += [*indented(facts(result)), ""]
    if result.firings:
        lines += [*indented(columns(FIRING_HEADS, firing_rows(result))), ""]
    if result.what_ifs:
        lines += [*indented(columns(WHAT_IF_HEADS, what_if_rows(result))), ""]
    if result.reactions:
        lines += ["  steady errors: until it fires / after them until it clears", ""]
        lines += [*indented(columns(reaction_heads(result), reaction_rows(result))), ""]
    else:
        lines += ["  no burn alert is in force", ""]
    return "\n".join([*lines, ""])


def facts(result: Backtest) -> list[str]:
    """The summary in sentences."""
    s, span = result.summary, result.course.span
    left = f"left at the end {percent(s.remaining)}"
    least = f", least {percent(s.lowest)} at {when(s.lowest_at)}" if s.lowest_at is not None else ""
    events = f"{number(s.bad)} bad of {number(s.total)} events"
    sent = f"{plural(s.pages, 'page')} ({duration(s.paged_seconds)} in all), {plural(s.tickets, 'ticket')}"
    return [
        f"would have sent: {sent}",
        f"budget spent:    {percent(s.spent)} of one period's ({events}); {left}{least}",
        f"worst hour:      {_worst_hour(s)}",
        f"coverage:        {percent(s.coverage)} of {duration(span.end - span.start)} was measured",
        *(f"never fires:     {name}: its factor is beyond the burn rate of all events bad" for name in s.never),
    ]


def _worst_hour(s: Summary) -> str:
    if (worst := s.worst_hour) is None:
        return "none had bad events"
    events = f"{number(worst.bad)} bad of {number(worst.total)}"
    return f"from {when(worst.since)}: {events}, {percent(worst.spent)} of the budget"


FIRING_HEADS = (
    "tier",
    "severity",
    "from",
    "until",
    "lasted",
    "peak burn",
    "detected in",
    "spent when fired",
    "at its end",
    "left then",
)


def firing_rows(result: Backtest) -> list[tuple[str, ...]]:
    """One row for each firing, as FIRING_HEADS says."""
    end = result.course.span.end
    return [_firing(firing, end) for firing in result.firings]


def _firing(firing: Firing, end: float) -> tuple[str, ...]:
    return (
        firing.tier,
        firing.severity,
        ("<= " if firing.open else "") + when(firing.since),
        "still fires" if firing.until is None else when(firing.until),
        duration(firing.lasted(end)),
        number(firing.peak),
        NONE if firing.detection is None else duration(firing.detection),
        percent(firing.spent_when_fired),
        percent(firing.spent_at_end),
        percent(firing.remaining_at_end),
    )


WHAT_IF_HEADS = ("what if", "pages", "paged for", "tickets", "burn", "budget spent", "left at the end", "never fires")


def what_if_rows(result: Backtest) -> list[tuple[str, ...]]:
    """As written, and each what-if, as WHAT_IF_HEADS says."""
    return [_what_if("as written", result.summary), *(_what_if(name, s) for name, s in result.what_ifs)]


def _what_if(name: str, s: Summary) -> tuple[str, ...]:
    return (
        name,
        str(s.pages),
        duration(s.paged_seconds),
        str(s.tickets),
        NONE if s.burn is None else number(s.burn),
        percent(s.spent),
        percent(s.remaining),
        ", ".join(s.never) or NONE,
    )


def reaction_heads(result: Backtest) -> tuple[str, ...]:
    """``errors``, then the tiers with their windows and factors."""
    tiers = [f"{j.tier.name} {j.tier.long}/{j.tier.short} > {j.factor:g}" for j in result.course.tiers]
    return ("errors", *tiers, "first page")


def reaction_rows(result: Backtest) -> list[tuple[str, ...]]:
    """One row for each error ratio, as :func:`reaction_heads` says."""
    pages = {tier.name for tier, severity in tiers_in_force(result.slo) if severity == "page"}
    rows = []
    for row in result.reactions:
        cells = [
            "never" if r.detection is None or r.reset is None else f"{duration(r.detection)} / {duration(r.reset)}"
            for r in row
        ]
        first = min((r.detection for r in row if r.detection is not None and r.tier in pages), default=None)
        rows.append((f"{row[0].errors:f} %", *cells, "never" if first is None else duration(first)))
    return rows


def columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of left-aligned columns under their heads."""
    lines = (heads, *rows)
    widths = [max(len(row[i]) for row in lines) for i in range(len(heads))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in lines]


def indented(lines: Sequence[str]) -> Iterator[str]:
    """Each two spaces from the left."""
    return (f"  {line}" for line in lines)


def when(time: float | None) -> str:
    """UTC to the minute, with seconds where there are any."""
    if time is None:
        return NONE
    text = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return text.removesuffix(":00") if text.endswith(":00") else text


def duration(seconds: float) -> str:
    """In words of two units: ``52s``, ``4m19s``, ``3h36m``, ``2d``."""
    if seconds < 1:
        return "0s" if seconds <= 0 else f"{seconds:.1f}s"
    unit = 1 if seconds < 3600 else 60 if seconds < 86400 else 3600
    return format_duration(max(unit, round(seconds / unit) * unit))


def percent(share: float | None) -> str:
    """With two digits behind the point below 10 %."""
    if share is None:
        return NONE
    value = share * 100
    text = f"{value:.2f}" if abs(value) < 10 else f"{value:,.1f}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{text} %"


def number(value: float) -> str:
    """At least three digits that count, no zeros behind the point, thousands set apart."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def plural(count: int, noun: str) -> str:
    """``1 page``, ``2 pages``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
