"""A backtest as one HTML page that needs nothing else: no script, no file, no network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from exporter.promql import format_duration
from winburn.backtest.page_style import STYLE
from winburn.backtest.picture import picture
from winburn.backtest.run import Backtest
from winburn.backtest.svg import draw
from winburn.backtest.text import (
    FIRING_HEADS,
    NONE,
    WHAT_IF_HEADS,
    duration,
    facts,
    firing_rows,
    number,
    percent,
    reaction_heads,
    reaction_rows,
    what_if_rows,
    when,
)
from winburn.drawing.html import html_file

_NONE_CLASS = ' class="none"'
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(results: Sequence[Backtest]) -> str:
    """The page of all SLOs."""
    body = (
        f"<header><h1>What would have paged</h1><p>{escape(_span(results))}</p></header>\n<main>\n"
        f"{_contents(results)}{''.join(_section(result) for result in results)}</main>\n"
        f"<footer>{_NOTES}</footer>\n"
    )
    return html_file(f"Backtest: {_title(results)}", STYLE, _POLICY, body)


_NOTES = """<h2>How to read it</h2><ul>
<li>Every moment is judged by the conditions of the generated alerts: burn rates of a long and a short window above the
tier's factor, and the low-traffic gate. Live alerts come later by the spec's lag and up to a refresh and an
evaluation.</li>
<li>Detected in: from the first bad slot of the run of burn above 1, in the tier's short or long window, that led to
the alert. Spent: the share of the period's error budget that went since then, when the alert fired and when it
cleared.</li>
<li>Pages and tickets: tiers of one severity that fire together are one notification.</li>
<li>What is before a service was first measured counts as ordinary traffic without errors.</li></ul>"""


def _title(results: Sequence[Backtest]) -> str:
    return ", ".join(result.name for result in results[:3]) + (" ..." if len(results) > 3 else "") or "no SLO"


def _span(results: Sequence[Backtest]) -> str:
    if not results:
        return "No SLO was backtested."
    span = results[0].course.span
    length = duration(span.end - span.start)
    return f"{when(span.start)} to {when(span.end)} UTC ({length}), judged every {format_duration(span.step)}"


def _contents(results: Sequence[Backtest]) -> str:
    if len(results) < 2:
        return ""
    rows = [
        (
            r.name,
            str(r.summary.pages),
            str(r.summary.tickets),
            percent(r.summary.spent),
            percent(r.summary.remaining),
        )
        for r in results
    ]
    heads = ("SLO", "pages", "tickets", "budget spent", "left at the end")
    return f"<section><h2>All SLOs</h2>{_table(heads, rows)}</section>\n"


def _section(result: Backtest) -> str:
    slo = result.slo
    head = (
        f"<section><h2>{escape(result.name)}</h2>"
        f'<p class="soft">{escape(slo.service)}: {slo.objective:f} % over {escape(slo.period_label)}</p>'
    )
    if result.course.past.first_measured is None:
        return f"{head}<p>No data: its counters had no series, its query no events.</p></section>\n"
    sentences = "".join(f"<li>{escape(' '.join(line.split()))}</li>" for line in facts(result)[1:])
    return "".join(
        [
            head,
            _tiles(result),
            draw(picture(result)),
            f"<ul>{sentences}</ul>",
            "<h3>Alerts</h3>",
            _table(FIRING_HEADS, firing_rows(result)) if result.firings else "<p>None would have fired.</p>",
            f"<h3>What if</h3>{_table(WHAT_IF_HEADS, what_if_rows(result))}" if result.what_ifs else "",
            _reactions(result),
            "</section>\n",
        ]
    )


def _reactions(result: Backtest) -> str:
    if not result.reactions:
        return "<p>No burn alert is in force.</p>"
    table = _table(reaction_heads(result), reaction_rows(result))
    return f"<h3>Steady errors: until it fires / after them until it clears</h3>{table}"


def _tiles(result: Backtest) -> str:
    s = result.summary
    tiles = [
        (str(s.pages), "page" if s.pages == 1 else "pages", "bad" if s.pages else ""),
        (str(s.tickets), "ticket" if s.tickets == 1 else "tickets", "warn" if s.tickets else ""),
        (percent(s.spent), "of a period's budget spent", ""),
        (percent(s.remaining), "left at the end", "bad" if s.remaining is not None and s.remaining <= 0 else ""),
        (number(s.bad), f"bad of {number(s.total)} events", ""),
        (percent(s.coverage), "measured", "warn" if s.coverage < 0.95 else ""),
    ]
    items = "".join(
        f'<li class="{kind}"><b>{escape(big)}</b><span>{escape(small)}</span></li>' for big, small, kind in tiles
    )
    return f'<ul class="tiles">{items}</ul>'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join(f"<tr>{_row(heads, row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(heads: Sequence[str], row: Sequence[str]) -> str:
    first, *rest = row
    cells = "".join(
        f'<td{_NONE_CLASS if text == NONE else ""} data-label="{escape(head)}">{escape(text)}</td>'
        for head, text in zip(heads[1:], rest, strict=True)
    )
    return f'<th scope="row">{escape(first)}</th>{cells}'
