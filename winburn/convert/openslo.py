"""OpenSLO v1: SLO, and the SLI, Service, DataSource, AlertPolicy and AlertCondition that it refers to.

Keys as in https://github.com/OpenSLO/OpenSLO, README.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from winburn.convert.draft import DEFAULT_PERIOD, Document, Draft, Options, Outcome, Period, Remarks, Source
from winburn.convert.fields import Fields
from winburn.convert.labels import clean_groups, clean_labels, percent, share, slug
from winburn.convert.notes import ConvertError, Note
from winburn.convert.openslo_alerts import alerting
from winburn.convert.openslo_sli import indicator
from winburn.convert.openslo_time import period_of

KINDS = ("SLO", "SLI", "Service", "DataSource", "AlertPolicy", "AlertCondition", "AlertNotificationTarget")

Library = dict[tuple[str, str], Document]
"""The objects of all documents by kind and name."""


def openslo(documents: Sequence[Document], options: Options) -> Iterator[Outcome]:
    """The SLOs among the documents, the data sources they use, and a note on what nothing refers to."""
    library: Library = {}
    for document in documents:
        key = (document.fields.text("kind") or "", document.fields.inner("metadata").text("name") or "")
        if key in library:
            what = f"{key[0]} {key[1]} is given twice; the first one was taken"
            yield Note(document.file, document.fields.line, "", what)
        library.setdefault(key, document)
    used: set[tuple[str, str]] = set()
    for document in documents:
        if document.fields.text("kind") == "SLO":
            yield from _slo(document, library, used, options)
    yield from _sources(library, used)
    yield from _others(documents, used)


def _others(documents: Sequence[Document], used: set[tuple[str, str]]) -> Iterator[Outcome]:
    for document in documents:
        kind, name = document.fields.text("kind") or "", document.fields.inner("metadata").text("name") or ""
        line = document.fields.line
        if kind in {"SLO", "DataSource"}:
            continue
        if kind not in KINDS:
            yield Note(document.file, line, "", f"OpenSLO v1 has no kind {kind}; it was not carried")
        elif (kind, name) not in used:
            yield Note(document.file, line, "", f"no SLO refers to the {kind} {name}; it was not carried")
        else:
            described = _header(document.fields)
            if kind == "Service" and described:
                what = f"displayName and description of the Service {name} were not carried: only its name is"
                yield Note(document.file, line, "", what)
            yield from (Note(document.file, at, "", text) for at, text in document.fields.unread())


def _header(top: Fields) -> list[str]:
    """Reads what every object has; returns what is worth a comment."""
    top.raw("apiVersion")
    metadata, spec = top.inner("metadata"), top.inner("spec")
    return [text for text in (metadata.text("displayName"), spec.text("description")) if text]


def _slo(document: Document, library: Library, used: set[tuple[str, str]], options: Options) -> Iterator[Outcome]:
    top = document.fields
    name = top.inner("metadata").text("name") or ""
    try:
        spec = top.inner("spec")
        objectives = spec.each("objectives")
        if not objectives:
            raise ConvertError(spec.line, "objectives is missing; add one with a target and convert again")
        shared = Remarks(document.file, top.line)
        basis = _Basis(document, library, used, options, shared)
        taken: set[str] = set()
        for index, objective in enumerate(objectives):
            own = _own_name(slug(name or "slo"), objective, index, len(objectives), taken)
            try:
                yield basis.draft(own, objective, first=index == 0)
            except ConvertError as error:
                yield Note(document.file, error.line or objective.line, own, f"not converted: {error.message}")
        yield from (Note(document.file, line, name, text) for line, text in top.unread())
    except ConvertError as error:
        yield Note(document.file, error.line or top.line, name, f"not converted: {error.message}")


def _own_name(name: str, objective: Fields, index: int, count: int, taken: set[str]) -> str:
    """The SLO's name; with several objectives also that of the objective, or its number."""
    display = objective.text("displayName")
    if count == 1:
        return name
    own = f"{name[:60]}-{slug(display)[:38]}" if display else f"{name}-{index + 1}"
    if own in taken:
        own = f"{name}-{index + 1}"
    taken.add(own)
    return own


class _Basis:
    """What the objectives of one SLO have in common."""

    def __init__(
        self,
        document: Document,
        library: Library,
        used: set[tuple[str, str]],
        options: Options,
        shared: Remarks,
    ) -> None:
        self._document = document
        self._library = library
        self._used = used
        top = document.fields
        self._spec = top.inner("spec")
        self._remarks = tuple(_header(top))
        self._service = self._spec.text("service") or top.inner("metadata").text("name") or "slo"
        self._used.add(("Service", self._service))
        self._labels = top.inner("metadata").texts("labels")
        if lost := top.inner("metadata").texts("annotations"):
            shared.add(f"metadata.annotations ({', '.join(lost)}) were not carried")
        self._method = self._spec.text("budgetingMethod") or "Occurrences"
        self._period = self._window(options, shared)
        self._alerts = alerting(self._spec, self.find, shared)
        self._shared = shared

    def find(self, kind: str, name: str) -> Document | None:
        """The object that a reference names; it counts as used."""
        self._used.add((kind, name))
        return self._library.get((kind, name))

    def _window(self, options: Options, shared: Remarks) -> Period:
        windows = self._spec.each("timeWindow")
        if not windows:
            shared.add("no timeWindow is given: a rolling period of 30d was taken, or that of --period")
            return options.period or DEFAULT_PERIOD
        if len(windows) > 1:
            shared.add("timeWindow has several items; the first one was taken", line=windows[1].line)
            for window in windows[1:]:
                window.settle_all()
        return period_of(windows[0], shared)

    def draft(self, name: str, objective: Fields, *, first: bool) -> Draft:
        """The SLO of one objective; what is common is told at the ``first`` one."""
        remarks = Remarks(self._document.file, objective.line)
        goal = _target(objective, remarks)
        found, source = indicator(self._spec, objective, self._method, self.find, remarks)
        groups, about_groups = clean_groups(found.group_by)
        labels, about_labels = clean_labels(self._labels, groups)
        remarks.add(*found.warnings, *about_groups, *about_labels)
        if objective.number("compositeWeight") is not None:
            remarks.add("compositeWeight was not carried: OpenSLO sets no goal for the whole; write a composite SLO")
        display = objective.text("displayName")
        return Draft(
            name=name,
            service=slug(self._service),
            objective=goal,
            period=self._period,
            sli=found.sli,
            file=self._document.file,
            line=objective.line,
            source=source,
            group_by=groups,
            no_data=self._alerts.no_data,
            labels=labels,
            runbook=None,
            page=self._alerts.burn,
            ticket=self._alerts.burn,
            tiers=self._alerts.tiers,
            remarks=(*self._remarks, *([display] if display and display not in self._remarks else [])),
            notes=(*(self._shared.notes(name) if first else ()), *remarks.notes(name)),
        )


def _target(objective: Fields, remarks: Remarks) -> Decimal:
    target, in_percent = objective.number("target"), objective.number("targetPercent")
    if in_percent is not None:
        if target is not None:
            remarks.add("target and targetPercent are both given; targetPercent was taken")
        value, warnings = percent(in_percent, objective.line_of("targetPercent"), "targetPercent")
    elif target is not None:
        value, warnings = share(target, objective.line_of("target"), "target")
    else:
        raise ConvertError(objective.line, "the objective has neither target nor targetPercent; add one")
    remarks.add(*warnings)
    return value


def _sources(library: Library, used: set[tuple[str, str]]) -> Iterator[Outcome]:
    for (kind, name), document in library.items():
        if kind != "DataSource":
            continue
        top = document.fields
        if (kind, name) not in used:
            yield Note(document.file, top.line, "", f"no SLO refers to the DataSource {name}; it was not carried")
            continue
        _header(top)
        spec = top.inner("spec")
        spec.raw("type")
        details = spec.inner("connectionDetails")
        url = next((text for key in ("url", "address", "endpoint", "serverURL") if (text := details.text(key))), None)
        yield Source(slug(name), url or "")
        if url is None:
            yield Note(document.file, top.line, "", f"the DataSource {name} has no url: --source-url was taken")
        # The names only: the values may be secrets.
        lost = [key for key in details.node.items if not details.was_read(key)]
        if lost:
            yield Note(
                document.file,
                details.line,
                "",
                f"connectionDetails of {name} ({', '.join(lost)}) were not carried; keep secrets in files: token_file",
            )
        spec.settle("connectionDetails")
        yield from (Note(document.file, line, "", text) for line, text in top.unread())
