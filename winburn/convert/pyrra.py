"""Pyrra's ServiceLevelObjective.

Keys as in https://github.com/pyrra-dev/pyrra, kubernetes/api/v1alpha1/servicelevelobjective_types.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from exporter.promql import parse_duration
from winburn.convert.alerts import alert_name_lost, runbook_of
from winburn.convert.draft import Document, Draft, Options, Outcome, Remarks
from winburn.convert.fields import Fields
from winburn.convert.indicator import Indicator, from_gauge, pair
from winburn.convert.kubernetes import settle_kind
from winburn.convert.labels import clean_groups, clean_labels, percent, slug
from winburn.convert.notes import ConvertError, shown
from winburn.convert.promql_tokens import PromqlError
from winburn.convert.promql_tree import Selector, parse
from winburn.convert.selectors import matching, plain, written

_PREFIX = "pyrra.dev/"
_KINDS = ("ratio", "latency", "latencyNative", "bool_gauge", "boolGauge")


def pyrra(document: Document, options: Options) -> Iterator[Outcome]:
    """The SLO of a ServiceLevelObjective."""
    top = document.fields
    settle_kind(document)
    metadata, spec = top.inner("metadata"), top.inner("spec")
    given = metadata.need("name")
    remarks = Remarks(document.file, top.line)
    objective, warnings = percent(_target(spec), spec.line_of("target"), "target")
    remarks.add(*warnings, line=spec.line_of("target"))
    indicator, groups = _indicator(spec.inner("indicator"), remarks)
    kept, about_groups = clean_groups(groups)
    remarks.add(*indicator.warnings, *about_groups, line=spec.line_of("indicator"))
    labels, runbook = _metadata(metadata, remarks)
    clean, about_labels = clean_labels(labels, kept)
    remarks.add(*about_labels, line=metadata.line)
    burnrates, no_data = _alerting(spec.inner("alerting"), remarks)
    period = _window(spec, options)
    description = spec.text("description")
    if spec.text("partial_response_strategy"):
        remarks.add("partial_response_strategy was not carried: it is for Thanos Ruler only")
    remarks.unread(top)
    name = slug(given)
    yield Draft(
        name=name,
        service=slug(labels.get("service", given)),
        objective=objective,
        period=period,
        sli=indicator.sli,
        file=document.file,
        line=top.line,
        group_by=kept,
        no_data=no_data,
        labels=clean,
        runbook=runbook,
        page=burnrates,
        ticket=burnrates,
        remarks=(description,) if description else (),
        notes=remarks.notes(name),
    )


def _target(spec: Fields) -> Decimal:
    text = spec.need("target")
    try:
        value = Decimal(text.strip().removesuffix("%"))
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        raise ConvertError(spec.line_of("target"), f"target must be a percentage like 99.9, not {shown(text)}")
    return value


def _window(spec: Fields, options: Options) -> float:
    """The period in seconds; a shorter one than the spec knows is refused by its own check later."""
    text = spec.need("window").strip()
    if options.period is not None:
        return options.period
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConvertError(spec.line_of("window"), f"window: {error}") from None


def _indicator(fields: Fields, remarks: Remarks) -> tuple[Indicator, tuple[str, ...]]:
    given = [(kind, found) for kind in _KINDS if (found := fields.maybe(kind)) is not None]
    if len(given) != 1:
        others = ", ".join(key for key in fields.node.items if key not in _KINDS)
        what = "several kinds" if given else f"the unknown kind {others}" if others else "no kind"
        raise ConvertError(fields.line, f"indicator has {what}; there are {', '.join(_KINDS[:4])}: keep one")
    kind, found = given[0]
    groups = found.words("grouping")
    if kind == "ratio":
        total, errors = _selector(found, "total", remarks), _selector(found, "errors", remarks)
        return pair(total, errors, good=False), groups
    if kind == "latency":
        total, success = _selector(found, "total", remarks), _selector(found, "success", remarks)
        remarks.add(*_narrowed(total, success), line=found.line)
        return pair(total, success, good=True), groups
    if kind == "latencyNative":
        return _native(found, remarks), groups
    return from_gauge(_vector(found, remarks)), groups


def _narrowed(total: Selector, success: Selector) -> tuple[str, ...]:
    extra = {label for label, _, _ in matching(success) - matching(total)} - {"le", "__name__"}
    if not extra:
        return ()
    return (f"only events with the given {', '.join(sorted(extra))} can be a success, all others are bad; check it",)


def _native(found: Fields, remarks: Remarks) -> Indicator:
    total = _selector(found, "total", remarks)
    try:
        threshold = parse_duration(found.need("latency").strip())
    except ValueError as error:
        raise ConvertError(found.line_of("latency"), f"latency: {error}") from None
    return Indicator({"latency": {"histogram": written(total), "threshold": threshold, "native": True}})


def _selector(found: Fields, key: str, remarks: Remarks) -> Selector:
    return _vector(found.inner(key), remarks)


def _vector(fields: Fields, remarks: Remarks) -> Selector:
    text, line = fields.need("metric"), fields.line_of("metric")
    try:
        tree = parse(text)
    except PromqlError as error:
        raise ConvertError(line, f"{fields.dotted('metric')} is no PromQL: {error}") from None
    if not isinstance(tree, Selector) or tree.window is not None:
        raise ConvertError(
            line, f"{fields.dotted('metric')} must be a plain selector, as Pyrra asks, not {shown(text)}"
        )
    if tree.moved:
        remarks.add(f"{fields.dotted('metric')}: its offset was not carried, events are counted when they come")
        tree = Selector(tree.metric, tree.matchers)
    if not plain(tree):
        raise ConvertError(line, f"{fields.dotted('metric')} selects everything, or is no selector: {shown(text)}")
    return tree


def _metadata(metadata: Fields, remarks: Remarks) -> tuple[dict[str, str], str | None]:
    labels, annotations = metadata.texts("labels"), metadata.texts("annotations")
    own = {name.removeprefix(_PREFIX): text for name, text in labels.items() if name.startswith(_PREFIX)}
    lost = [name for name in labels if not name.startswith(_PREFIX)]
    lost += ["namespace"] if metadata.text("namespace") else []
    if lost:
        remarks.add(f"metadata: {', '.join(lost)}: of the resource in Kubernetes, not carried", line=metadata.line)
    return own, runbook_of(annotations, remarks, metadata.line_of("annotations"))


def _alerting(alerting: Fields, remarks: Remarks) -> tuple[bool, str]:
    """Whether there are burn alerts, and what the spec's no_data is."""
    disabled, burnrates, absent = alerting.flag("disabled"), alerting.flag("burnrates"), alerting.flag("absent")
    for key in ("name", "absentName"):
        if name := alerting.text(key):
            remarks.add(alert_name_lost(name), line=alerting.line_of(key))
    on = not disabled and burnrates is not False
    if on:
        remarks.add(
            "Pyrra's factors 14, 7, 2 and 1, its scaled windows and its 'for' give way to tiers that spend "
            "2, 5, 10 and 10 % of the budget, with a gate for low traffic; give alerting.tiers to keep your own"
        )
    if disabled or absent is False:
        return on, "ignore"
    remarks.add("Pyrra's absent alert becomes no_data: page, which an idle service does not fire; ticket is quieter")
    return on, "page"
