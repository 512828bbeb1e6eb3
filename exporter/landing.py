"""The landing page: a pure function from a snapshot to HTML without script, readable on a phone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TypeVar

from exporter.landing_cells import cell, compact, gauge, pill, ratio_percent, signed_percent, whisker
from exporter.landing_style import STYLE, STYLE_HASH
from exporter.overview import Experiment, Overview, Part, Slo, Variant, overview
from exporter.snapshot import Snapshot

__all__ = ["STYLE_HASH", "page"]

_Row = TypeVar("_Row")

_ROWS = 100  # of a kind; worst first, so what is left out is fine. Grafana shows the rest
_REFRESH_SECONDS = 5
_TONES = {
    "breached": "bad",
    "at risk": "warn",
    "ok": "good",
    "running": "info",
    "failed": "bad",
    "better": "good",
    "worse": "bad",
}
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' "
    "rx='8' fill='%23d9480f'/%3E%3Cpath d='M6 21l7-8 5 5 8-10' fill='none' stroke='white' stroke-width='3.5' "
    "stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E"
)
_LOGO = (
    '<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="#d9480f"/>'
    '<path d="M6 21l7-8 5 5 8-10" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round" '
    'stroke-linejoin="round"/></svg>'
)


def page(
    snapshot: Snapshot | None,
    *,
    version: str,
    stale: bool = False,
    telemetry_path: str = "/metrics",
    live: bool = False,
) -> str:
    """The page as HTML. ``stale`` says that the snapshot has expired: then only health is shown of it.

    ``live`` says that there is a live page to link to.
    """
    rows = overview(() if snapshot is None else snapshot.samples)
    if snapshot is None:
        body = _alert("Nothing has been evaluated yet.")
    elif stale:
        body = _alert(f"The last refresh was for {_time(snapshot.at)}. Its numbers are too old to be shown.")
    else:
        first = (*snapshot.waiting, *snapshot.joining)
        waiting = _alert(f"Waiting for the first run of {', '.join(first)}.") if first else ""
        body = waiting + _tiles(rows) + _slo_section(rows.slos) + _experiment_section(rows.experiments)
    when = "" if snapshot is None else f"Evaluated at {_time(snapshot.at)} · {compact(snapshot.series)} series"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="refresh" content="{_REFRESH_SECONDS}">\n<title>{_title(rows, stale)}</title>\n'
        f'<link rel="icon" href="{_ICON}">\n<style>{STYLE}</style>\n</head>\n<body>\n'
        f"<header>\n<h1>{_LOGO}winburn <small>{escape(version)}</small></h1>\n{_links(telemetry_path, live=live)}\n"
        f'<p class="when">{when}</p>\n</header>\n'
        f"<main>\n{body}{_health_sections(rows)}</main>\n"
        "<footer>Win rates and burn rates as Prometheus metrics. This page renews itself every "
        f"{_REFRESH_SECONDS} seconds.</footer>\n</body>\n</html>\n"
    )


def _title(rows: Overview, stale: bool) -> str:  # noqa: FBT001 - private, one caller
    bad = sum(slo.status == "breached" for slo in rows.slos)
    return f"({bad} breached) winburn" if bad and not stale else "winburn"


def _links(telemetry_path: str, *, live: bool) -> str:
    targets = {"Metrics": telemetry_path, "Configuration": "/config", "Readiness": "/-/ready"}
    if live:
        targets = {"Live": "/live", **targets}
    # Relative, so that they hold behind a proxy that puts the page under a prefix.
    links = "".join(f'<a href="{escape(target.removeprefix("/"))}">{name}</a>' for name, target in targets.items())
    return f'<nav aria-label="Endpoints">{links}</nav>'


def _alert(text: str) -> str:
    return f'<p class="alert" role="status">{escape(text)}</p>\n'


def _tiles(rows: Overview) -> str:
    status = Counter(slo.status for slo in rows.slos)
    running = sum(experiment.status == "running" for experiment in rows.experiments)
    killed = sum(variant.killed for experiment in rows.experiments for variant in experiment.variants)
    tiles = [
        ("bad", status["breached"], "SLOs breached"),
        ("warn", status["at risk"], "at risk"),
        ("", status["no data"] + status["not measured"], "without data"),
        ("good", status["ok"], "ok"),
        ("", running, "experiments running"),
        ("bad", killed, "variants killed"),
    ]
    items = "".join(
        f'<li class="{tone if number else ""}"><b>{number}</b><span>{words}</span></li>'
        for tone, number, words in tiles
    )
    return f'<ul class="tiles" aria-label="Totals">{items}</ul>\n'


def _slo_section(slos: Sequence[Slo]) -> str:
    columns = ("SLO", "Status", ">Budget left", ">Burn rate 5m", ">Burn rate 1h", ">Events in 1h")
    return _section("Service level objectives", "SLOs, worst first", columns, slos, _slo_row, "No SLO yet.")


def _slo_row(slo: Slo) -> str:
    details = " · ".join(
        escape(text)
        for text in (slo.group, slo.service, "" if slo.objective is None else f"{100 * slo.objective:.10g} %")
        if text
    )
    return (
        f'<tr role="row"><th scope="row" role="rowheader">{escape(slo.name)}<span class="sub">{details}</span></th>'
        + cell("Status", pill(slo.status, _TONES.get(slo.status, "")), kind="state")
        + cell("Budget left", _budget(slo), kind="num wide")
        + cell("Burn rate 5m", _burn(slo.burn_5m))
        + cell("Burn rate 1h", _burn(slo.burn_1h))
        + cell("Events in 1h", compact(slo.events_1h))
        + "</tr>\n"
    )


def _budget(slo: Slo) -> str | None:
    if slo.budget_ratio is None:
        return None
    tone = "bad" if slo.budget_ratio <= 0 else "warn" if slo.budget_ratio < 0.25 else "good"
    seconds = "" if slo.budget_seconds is None else f'<span class="sub">{_minutes(slo.budget_seconds)}</span>'
    return gauge(slo.budget_ratio, ratio_percent(slo.budget_ratio) + seconds, tone)


def _burn(rate: float | None) -> str | None:
    return None if rate is None else f"{rate:,.2f}×" if abs(rate) < 10 else f"{rate:,.0f}×"


def _minutes(seconds: float) -> str:
    minutes = seconds / 60
    text = f"{minutes:,.1f}" if abs(minutes) < 100 else f"{minutes:,.0f}"
    return f"{text} min".replace("-", "−")


def _experiment_section(experiments: Sequence[Experiment]) -> str:
    columns = ("Variant", "Verdict", ">Participants", ">Win rate", ">Lift, with interval")
    return _section("Experiments", "Experiments", columns, experiments, _experiment_body, "No experiment yet.")


def _experiment_body(experiment: Experiment) -> str:
    metric = f"by {experiment.metric}" if experiment.metric else ""
    people = "" if experiment.participants is None else f"{compact(experiment.participants)} participants"
    details = " · ".join(escape(text) for text in (metric, people) if text)
    status = pill(experiment.status, _TONES.get(experiment.status, "")) if experiment.status else ""
    ends = [e for v in experiment.variants for e in (v.lift, v.lift_lower, v.lift_upper) if e is not None]
    reach = max(map(abs, ends), default=0.0)
    return (
        '<tbody class="experiment" role="rowgroup"><tr class="group" role="row">'
        f'<th scope="rowgroup" role="rowheader" colspan="5"><div class="row"><span>{escape(experiment.name)}</span>'
        f'{status}<span class="sub">{details}</span></div></th></tr>\n'
        + "".join(_variant_row(variant, reach) for variant in experiment.variants)
        + "</tbody>\n"
    )


def _variant_row(variant: Variant, reach: float) -> str:
    word = "killed" if variant.killed else "control" if variant.control else variant.verdict
    tone = "bad" if variant.killed else _TONES.get(word or "", "")
    win = None if variant.win is None else gauge(variant.win, ratio_percent(variant.win), "")
    return (
        f'<tr role="row"><th scope="row" role="rowheader">{escape(variant.name)}</th>'
        + cell("Verdict", None if word is None else pill(word, tone), kind="state")
        + cell("Participants", compact(variant.participants))
        + cell("Win rate", win)
        + cell("Lift", _lift(variant, reach), kind="num wide")
        + "</tr>\n"
    )


def _lift(variant: Variant, reach: float) -> str | None:
    if variant.lift is None:
        return None
    lower, upper = variant.lift_lower, variant.lift_upper
    # A lift without a lower end is bounded all the same: nothing can fall by more than all of it.
    ends = (signed_percent(-1.0 if lower is None else lower), "∞" if upper is None else signed_percent(upper))
    picture = whisker(variant.lift, lower, upper, reach, _TONES.get(variant.verdict or "", ""))
    text = f'{signed_percent(variant.lift)}<span class="sub">{ends[0]} to {ends[1]}</span>'
    return f'<span class="lift">{picture}<span>{text}</span></span>'


def _health_sections(rows: Overview) -> str:
    parts = [*(("source", part) for part in rows.sources), *(("collector", part) for part in rows.collectors)]
    columns = ("Part", "State", ">Last success", ">Duration", ">Series")
    return _section(
        "Sources and collectors", "Health of sources and collectors", columns, parts, _part_row, "None yet."
    )


def _part_row(kind_and_part: tuple[str, Part]) -> str:
    kind, part = kind_and_part
    good, bad = ("up", "down") if kind == "source" else ("ok", "failing")
    state = pill("waiting", "") if part.success is None else pill(good, "good") if part.success else pill(bad, "bad")
    last = None if part.last_success is None else _time(part.last_success)
    duration = None if part.seconds is None else _seconds(part.seconds)
    return (
        f'<tr role="row"><th scope="row" role="rowheader">{escape(part.name)}<span class="sub">{kind}</span></th>'
        + cell("State", state, kind="state")
        + cell("Last success", last, hide=kind == "source")
        + cell("Duration", duration, hide=kind == "source")
        + cell("Series", compact(part.series), hide=kind == "source")
        + "</tr>\n"
    )


def _seconds(seconds: float) -> str:
    return f"{1000 * seconds:,.0f} ms" if seconds < 1 else f"{seconds:,.1f} s"


def _time(unix: float) -> str:
    return f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _section(
    title: str, caption: str, columns: Sequence[str], rows: Sequence[_Row], render: Callable[[_Row], str], empty: str
) -> str:
    """One card with a table; a column that begins with ``>`` holds numbers."""
    if not rows:
        return f'<section><h2>{title}</h2><p class="note">{empty}</p></section>\n'
    heads = "".join(_head(column) for column in columns)
    body = "".join(map(render, rows[:_ROWS]))
    if not body.startswith("<tbody"):
        body = f'<tbody role="rowgroup">{body}</tbody>'
    more = (
        f'<p class="note">{len(rows) - _ROWS} more are left out here; Grafana shows them all.</p>'
        if len(rows) > _ROWS
        else ""
    )
    return (
        f'<section><h2>{title}</h2><table role="table"><caption>{caption}</caption>'
        f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead>\n{body}</table>{more}</section>\n'
    )


def _head(column: str) -> str:
    kind = ' class="num"' if column.startswith(">") else ""
    return f'<th scope="col" role="columnheader"{kind}>{column.removeprefix(">")}</th>'
