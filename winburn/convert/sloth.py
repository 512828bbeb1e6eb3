"""Sloth: ``prometheus/v1``, the Kubernetes resource, and the short form with one SLO a file.

Keys as in https://github.com/slok/sloth, pkg/prometheus/api/v1 and pkg/kubernetes/api/sloth/v1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple

from winburn.convert.alerts import alert_name_lost, runbook_of
from winburn.convert.draft import DEFAULT_PERIOD, Document, Draft, Options, Outcome, Remarks
from winburn.convert.fields import Fields
from winburn.convert.indicator import Indicator, from_events, from_ratio
from winburn.convert.kubernetes import metadata_lost
from winburn.convert.labels import clean_groups, clean_labels, percent, slug
from winburn.convert.notes import ConvertError, Note, shown
from winburn.convert.promql_tokens import with_window


class Keys(NamedTuple):
    """How a form spells its keys."""

    error: str
    total: str
    ratio: str
    page: str
    ticket: str


_FILE = Keys("error_query", "total_query", "error_ratio_query", "page_alert", "ticket_alert")
_RESOURCE = Keys("errorQuery", "totalQuery", "errorRatioQuery", "pageAlert", "ticketAlert")

_LITERAL = re.compile(r"\{\{-?\s*`(.*?)`\s*-?\}\}", re.S)
_TEMPLATED = re.compile(
    r"""(,\s*)?([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)\s*(?:"[^"]*\{\{[^"]*\}\}[^"]*"|\{\{.*?\}\})(\s*,)?""", re.S
)


def sloth_file(document: Document, options: Options) -> Iterator[Outcome]:
    """The SLOs of a ``prometheus/v1`` file."""
    top = document.fields
    top.raw("version")
    yield from _service(document, top, _FILE, options)
    yield from (Note(document.file, line, "", text) for line, text in top.unread())


def sloth_resource(document: Document, options: Options) -> Iterator[Outcome]:
    """The SLOs of a PrometheusServiceLevel."""
    top = document.fields
    yield from metadata_lost(document)
    yield from _service(document, top.inner("spec"), _RESOURCE, options)
    yield from (Note(document.file, line, "", text) for line, text in top.unread())


def sloth_short(document: Document, options: Options) -> Iterator[Outcome]:
    """The SLO of a file in the short form, whose service and name are those of its path."""
    top = document.fields
    service, name = _from_path(document.file, top.text("alertName") or "")
    remarks = Remarks(document.file, top.line)
    remarks.add(f"no service and no name are given: {service} and {name} were taken from the path; check them")
    found = _sli(top, _RESOURCE, remarks)
    labels, runbook = _alert(top, remarks, "alertName", "alertLabels")
    parts = _Parts(name, service, labels, runbook, found, top.line_of("errorQuery"), top)
    yield _draft(document.file, top, parts, _RESOURCE, remarks, options)


def _service(document: Document, top: Fields, keys: Keys, options: Options) -> Iterator[Outcome]:
    service = top.text("service") or ""
    labels = top.texts("labels")
    for slo in top.each("slos"):
        name = slo.text("name") or ""
        try:
            yield _slo(document, slo, service, labels, keys, options)
        except ConvertError as error:
            yield Note(document.file, error.line or slo.line, name, f"not converted: {error.message}")
    top.settle("slos")


def _slo(
    document: Document, slo: Fields, service: str, shared: dict[str, str], keys: Keys, options: Options
) -> Outcome:
    remarks = Remarks(document.file, slo.line)
    given = slo.need("name")
    if not service.strip():
        service = given
        remarks.add("no service is given: its own name stands for it; set service")
    sli = slo.inner("sli")
    plugin = sli.maybe("plugin")
    if plugin is not None:
        what = f"the SLI plugin {plugin.text('id')} computes the query inside Sloth"
        raise ConvertError(plugin.line, f"{what}; write its queries as total and bad and convert again")
    found = _indicator(sli, keys, remarks)
    alerting = slo.inner("alerting")
    labels, runbook = _alert(alerting, remarks, "name", "labels")
    labels = {**shared, **slo.texts("labels"), **slo.texts("infoLabels"), **labels}
    parts = _Parts(f"{service}-{given}", service, labels, runbook, found, slo.line_of("sli"), alerting)
    return _draft(document.file, slo, parts, keys, remarks, options)


def _indicator(sli: Fields, keys: Keys, remarks: Remarks) -> Indicator:
    raw, events = sli.maybe("raw"), sli.maybe("events")
    if raw is not None and events is not None:
        remarks.add("sli has events and raw; Sloth allows one of them, and events were taken", line=raw.line)
        raw.text(keys.ratio)
    if events is not None:
        return _sli(events, keys, remarks)
    if raw is None:
        raise ConvertError(sli.line, "sli has neither events, raw nor plugin; add the queries and convert again")
    return from_ratio(_query(raw, keys.ratio, remarks), success=False)


def _sli(events: Fields, keys: Keys, remarks: Remarks) -> Indicator:
    error, total = _query(events, keys.error, remarks), _query(events, keys.total, remarks)
    return from_events(error, total, good=False)


def _query(fields: Fields, key: str, remarks: Remarks) -> str:
    """A query with ``$window``, without Helm's quoting; matchers whose value only Helm knows are left out."""
    text = with_window(_LITERAL.sub(lambda match: match.group(1), fields.need(key)))
    line = fields.line_of(key)
    if "{{" in text:
        lost = [match.group(2) for match in _TEMPLATED.finditer(text)]
        text = _TEMPLATED.sub(lambda match: "," if match.group(1) and match.group(3) else "", text)
        if lost:
            remarks.add(
                f"{key}: the matcher of {', '.join(lost)} was left out: only Helm knows its value; add it again, or "
                "convert what helm template prints",
                line=line,
            )
    if "{{" in text:
        piece = shown(text[text.index("{{") :])
        raise ConvertError(line, f"{key} holds the template {piece}; convert what helm template prints")
    return text


def _alert(alerting: Fields, remarks: Remarks, name_key: str, labels_key: str) -> tuple[dict[str, str], str | None]:
    name = alerting.text(name_key)
    if name:
        remarks.add(alert_name_lost(name), line=alerting.line_of(name_key))
    runbook = runbook_of(alerting.texts("annotations"), remarks, alerting.line_of("annotations"))
    return alerting.texts(labels_key), runbook


def _enabled(alerting: Fields, key: str, severity: str, remarks: Remarks) -> bool:
    alert = alerting.inner(key)
    for part in ("labels", "annotations"):
        if lost := alert.texts(part):
            remarks.add(
                f"{alert.dotted(part)} ({', '.join(lost)}) were not carried: alerts that {severity} have "
                f"severity={severity}; route by that",
                line=alert.line_of(part),
            )
    return not alert.flag("disable")


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the three forms keep in different places; ``line`` is that of the queries."""

    name: str
    service: str
    labels: dict[str, str]
    runbook: str | None
    found: Indicator
    line: int
    alerting: Fields


def _draft(file: str, slo: Fields, parts: _Parts, keys: Keys, remarks: Remarks, options: Options) -> Draft:
    value = slo.number("objective")
    if value is None:
        raise ConvertError(slo.line, "objective is missing; add it and convert again")
    objective, warnings = percent(value, slo.line_of("objective"), "objective")
    groups, about_groups = clean_groups(parts.found.group_by)
    clean, about_labels = clean_labels(parts.labels, groups)
    remarks.add(*warnings, line=slo.line_of("objective"))
    remarks.add(*parts.found.warnings, *about_groups, line=parts.line)
    remarks.add(*about_labels)
    name, description = slug(parts.name), slo.text("description")
    page = _enabled(parts.alerting, keys.page, "page", remarks)
    ticket = _enabled(parts.alerting, keys.ticket, "ticket", remarks)
    remarks.unread(slo)
    return Draft(
        name=name,
        service=slug(parts.service),
        objective=objective,
        period=options.period or DEFAULT_PERIOD,
        sli=parts.found.sli,
        file=file,
        line=slo.line,
        group_by=groups,
        labels=clean,
        runbook=parts.runbook,
        page=page,
        ticket=ticket,
        remarks=(description,) if description else (),
        notes=remarks.notes(name),
    )


def _from_path(file: str, alert: str) -> tuple[str, str]:
    """Service and name of ``…/SERVICE/slos/NAME.yaml`` (or with ``__`` for ``/``); else those of the alert or file."""
    path = PurePath(file)
    parts = [piece for part in (*path.parts[:-1], path.stem) for piece in part.split("__") if piece]
    if "slos" in parts[1:-1]:
        at = len(parts) - 1 - parts[::-1].index("slos", 1)
        return parts[at - 1], f"{parts[at - 1]}-{'-'.join(parts[at + 1 :])}"
    stem = alert or (path.stem if path.stem.strip("<>-") else "slo")
    return stem, stem
