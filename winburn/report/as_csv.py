"""The document as tidy CSV files: one table a file, one observation a row, times in ISO 8601 UTC, shares 0..1.

What is undefined is an empty field; ``missing.csv`` says why. A text that a spreadsheet would take for a formula has an
apostrophe in front.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from winburn.report.document import Document
from winburn.report.values import Missing

Row = dict[str, Any]

_TIMES = frozenset({"at", "since", "until", "started_at", "ended_at", "killed_at", "exhausted_at", "start", "end"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # of Japanese spreadsheets too


def csv_files(document: Document) -> dict[str, str]:
    """File name -> text; every table has a file, with its head alone where it has no rows."""
    missing: list[Row] = []
    files = {f"{name}.csv": _file(heads, make(document), name, missing) for name, (heads, make) in TABLES.items()}
    heads = ("table", "row", "field", "reason")
    return {**files, "missing.csv": _file(heads, iter(missing), "missing", [])}


def _file(heads: tuple[str, ...], rows: Iterable[Row], table: str, missing: list[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heads)
    for i, row in enumerate(rows, 1):
        writer.writerow([_cell(head, row.get(head)) for head in heads])
        missing += [
            {"table": table, "row": i, "field": head, "reason": row[head].reason}
            for head in heads
            if isinstance(row.get(head), Missing)
        ]
    return out.getvalue()


def _cell(head: str, value: Any) -> str:
    if value is None or isinstance(value, Missing):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        if head in _TIMES or head == "time":
            return datetime.fromtimestamp(value, UTC).isoformat().replace("+00:00", "Z")
        return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _flat(part: Any, **more: Any) -> Row:
    """The plain fields of a part of the document; those of a tuple of pairs are joined."""
    found: Row = dict(more)
    for field in fields(part):
        value = getattr(part, field.name)
        found[field.name] = "; ".join(f"{k}={v}" for k, v in value) if field.name == "labels" else value
    return found


def _slos(document: Document) -> Iterator[Row]:
    for slo in document.slos:
        paging, forecast = slo.paging, slo.forecast
        known: Mapping[str, Any] = (
            dict.fromkeys(("pages", "tickets", "paged_seconds", "precision", "paging_origin"), paging)
            if isinstance(paging, Missing)
            else {
                "pages": len(paging.pages),
                "tickets": paging.tickets,
                "paged_seconds": paging.seconds,
                "precision": paging.precision,
                "paging_origin": paging.origin,
            }
        )
        more = {"exhaustion_probability": forecast.probability, "exhausted_at": forecast.exhausted_at}
        yield {**_flat(slo), "slo": slo.name, "slo_group": slo.group, **known, **more}


def _of_slos(part: Callable[[Any], Iterable[Any]]) -> Callable[[Document], Iterator[Row]]:
    def rows(document: Document) -> Iterator[Row]:
        for slo in document.slos:
            for each in part(slo):
                yield _flat(each, slo=slo.name, slo_group=slo.group)

    return rows


def _before(slo: Any) -> list[Any]:
    return [] if isinstance(slo.before, Missing) else [slo.before]


def _budget(document: Document) -> Iterator[Row]:
    for slo in document.slos:
        for piece in slo.budget:
            for time, value in piece:
                yield {"slo": slo.name, "slo_group": slo.group, "time": time, "budget_left": value}


def _experiments(document: Document) -> Iterator[Row]:
    for each in document.experiments:
        yield {**_flat(each), "experiment": each.name}


def _of_experiments(part: str) -> Callable[[Document], Iterator[Row]]:
    def rows(document: Document) -> Iterator[Row]:
        for each in document.experiments:
            for one in getattr(each, part):
                yield _flat(one, experiment=each.name)

    return rows


def _evidence(document: Document) -> Iterator[Row]:
    for each in document.experiments:
        if isinstance(each.evidence, Missing):
            continue
        more = {"experiment": each.name, "origin": each.evidence.origin, "boundary": each.evidence.boundary}
        for variant, pieces in each.evidence.lines:
            for time, value in (point for piece in pieces for point in piece):
                yield {**more, "variant": variant, "time": time, "e_value": value}


def _of_content(part: str) -> Callable[[Document], Iterator[Row]]:
    def rows(document: Document) -> Iterator[Row]:
        if not isinstance(document.content, Missing):
            yield from (_flat(one) for one in getattr(document.content, part))

    return rows


_SLO = ("slo", "slo_group")
TABLES: Mapping[str, tuple[tuple[str, ...], Callable[[Document], Iterable[Row]]]] = {
    "period": (("start", "end", "label", "timezone"), lambda d: [_flat(d.period)]),
    "slos": (
        (*_SLO, "service", "category", "objective", "period", "labels", "events", "bad", "achieved", "met", "spent",
         "remaining", "coverage", "others", "corrected_seconds", "pages", "tickets", "paged_seconds", "precision",
         "paging_origin", "exhaustion_probability", "exhausted_at", "origin"),
        _slos,
    ),
    "slo_before": ((*_SLO, "events", "bad", "achieved", "verdict"), _of_slos(_before)),
    "slo_incidents": (
        (*_SLO, "since", "until", "bad", "total", "spent", "peak", "going"), _of_slos(lambda s: s.incidents)
    ),
    "slo_pages": (
        (*_SLO, "since", "until", "tiers", "burnt", "going"),
        _of_slos(lambda s: () if isinstance(s.paging, Missing) else s.paging.pages),
    ),
    "slo_corrections": ((*_SLO, "since", "until", "reason"), _of_slos(lambda s: s.corrections)),
    "slo_budget": ((*_SLO, "time", "budget_left"), _budget),
    "experiments": (
        ("experiment", "kind", "status", "control", "metric", "labels", "alpha", "started_at", "ended_at",
         "participants", "split_p", "split_deviation", "split_broken", "remaining_units", "remaining_seconds",
         "next_steps"),
        _experiments,
    ),
    "experiment_results": (
        ("experiment", "variant", "metric", "kind", "role", "control", "value", "lift", "lower", "upper", "e_value",
         "p_value", "win", "verdict"),
        _of_experiments("results"),
    ),
    "experiment_variants": (
        ("experiment", "variant", "control", "participants", "share", "planned", "killed", "killed_at", "killed_why"),
        _of_experiments("arms"),
    ),
    "experiment_money": (
        ("experiment", "variant", "currency", "cost", "per_day", "per_day_lower", "per_day_upper", "roi", "roi_lower",
         "roi_upper"),
        _of_experiments("money"),
    ),
    "experiment_recommendations": (
        ("experiment", "variant", "action", "reason", "text"), _of_experiments("advice")
    ),
    "experiment_evidence": (("experiment", "variant", "time", "e_value", "boundary", "origin"), _evidence),
    "content_kills": (("at", "variant", "persona", "reason", "rate", "expected"), _of_content("kills")),
    "content_patterns": (
        ("pattern", "persona", "uses", "freshness", "engagement", "e_value", "state"), _of_content("patterns")
    ),
    "content_leaders": (
        ("variant", "persona", "pattern", "impressions", "engagement", "predicted", "against_prediction"),
        _of_content("leaders"),
    ),
    "content_personas": (
        ("persona", "kills", "kill_ratio", "time_to_kill", "calibration_error"), _of_content("personas")
    ),
    "decisions": (
        ("at", "kind", "entity", "member", "action", "who", "why"), lambda d: (_flat(one) for one in d.decisions)
    ),
    "notes": (("note",), lambda d: ({"note": note} for note in (*d.failures, *d.notes))),
}  # fmt: skip
"""Table -> its heads, and what makes its rows."""
