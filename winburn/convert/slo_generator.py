"""slo-generator v2: ServiceLevelObjective of ``sre.google.com/v2``, and its shared config with the policies.

Keys as in https://github.com/google/slo-generator, samples/ and slo_generator/backends/prometheus.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from exporter.promql import format_duration, quote
from winburn.convert.alerts import short_window
from winburn.convert.draft import DEFAULT_PERIOD, Document, Draft, Options, Outcome, OwnTier, Remarks
from winburn.convert.fields import Fields
from winburn.convert.indicator import Indicator, from_events, from_ratio, pair
from winburn.convert.kubernetes import settle_kind
from winburn.convert.labels import clean_groups, clean_labels, share, slug
from winburn.convert.notes import ConvertError, Note, shown
from winburn.convert.promql_tokens import WINDOW, PromqlError, tidy
from winburn.convert.promql_tree import Matcher, Selector, parse
from winburn.convert.selectors import plain

_METHODS = ("query_sli", "good_bad_ratio", "distribution_cut")


def slo_generator(documents: Sequence[Document], configs: Sequence[Document], options: Options) -> Iterator[Outcome]:
    """The SLOs of the documents; the policies come from the shared ``configs`` of the same input."""
    policies = {
        name: fields
        for config in configs
        for name in config.fields.inner("error_budget_policies").node.items
        if (fields := config.fields.inner("error_budget_policies").maybe(name)) is not None
    }
    for document in documents:
        name = document.fields.inner("metadata").text("name") or ""
        try:
            yield _slo(document, policies, options)
        except ConvertError as error:
            yield Note(document.file, error.line or document.fields.line, name, f"not converted: {error.message}")
    for config in configs:
        lost = [key for key in config.fields.node.items if key != "error_budget_policies"]
        if lost:
            message = (
                f"of the shared config only error_budget_policies were read; {', '.join(lost)} were not carried: give "
                "the Prometheus with --source-url"
            )
            yield Note(config.file, config.fields.line, "", message)
        for key in lost:
            config.fields.raw(key)
        yield from (Note(config.file, line, "", text) for line, text in config.fields.unread())


def _slo(document: Document, policies: dict[str, Fields], options: Options) -> Draft:
    top = document.fields
    settle_kind(document)
    remarks = Remarks(document.file, top.line)
    metadata, spec = top.inner("metadata"), top.inner("spec")
    name = slug(metadata.need("name"))
    labels = metadata.texts("labels")
    service = labels.pop("service_name", None) or labels.pop("service", None) or name
    if lost := metadata.texts("annotations"):
        remarks.add(f"metadata.annotations ({', '.join(lost)}) were not carried", line=metadata.line)
    value = spec.number("goal")
    if value is None:
        raise ConvertError(spec.line, "goal is missing; add it, as a share like 0.999, and convert again")
    objective, warnings = share(value, spec.line_of("goal"), "goal")
    remarks.add(*warnings, line=spec.line_of("goal"))
    found = _indicator(spec, remarks)
    groups, about_groups = clean_groups(found.group_by)
    clean, about_labels = clean_labels(labels, groups)
    remarks.add(*found.warnings, *about_groups, line=spec.line_of("service_level_indicator"))
    remarks.add(*about_labels, line=metadata.line)
    if exporters := spec.words("exporters"):
        remarks.add(f"exporters ({', '.join(exporters)}) were not carried: winburn serves its metrics itself")
    tiers, period = _policy(spec, policies, options, remarks)
    description = spec.text("description")
    remarks.unread(top)
    return Draft(
        name=name,
        service=slug(service),
        objective=objective,
        period=period,
        sli=found.sli,
        file=document.file,
        line=top.line,
        group_by=groups,
        labels=clean,
        tiers=tiers,
        remarks=(description,) if description else (),
        notes=remarks.notes(name),
    )


def _indicator(spec: Fields, remarks: Remarks) -> Indicator:
    backend, method = spec.need("backend"), spec.need("method")
    if backend.partition("/")[0].lower() not in {"prometheus", "prometheus_self"}:
        line = spec.line_of("backend")
        raise ConvertError(line, f"its metrics come from the backend {shown(backend)}; only Prometheus can be carried")
    sli = spec.inner("service_level_indicator")
    if method == "query_sli":
        return from_ratio(_placed(sli.need("expression")), success=True)
    if method == "good_bad_ratio":
        return _good_bad(sli, remarks)
    if method == "distribution_cut":
        return _cut(sli)
    raise ConvertError(spec.line_of("method"), f"the method {shown(method)} is not one of {', '.join(_METHODS)}")


def _placed(query: str) -> str:
    """The query with ``$window`` for slo-generator's ``[window``."""
    return tidy(query.strip().replace("[window", f"[{WINDOW}"))


def _good_bad(sli: Fields, remarks: Remarks) -> Indicator:
    operators = sli.words("operators") or ("increase", "sum")
    good, bad, valid = (_filter(sli, key, operators) for key in ("filter_good", "filter_bad", "filter_valid"))
    if good is None or (bad is None and valid is None):
        raise ConvertError(sli.line, "good_bad_ratio needs filter_good, and filter_bad or filter_valid")
    if bad is None or valid is not None:
        if bad is not None:
            remarks.add("filter_bad and filter_valid are both given; filter_valid was taken for the total")
        return from_events(good, valid or "", good=True)
    return from_events(bad, f"{good} + {bad}", good=False)


def _filter(sli: Fields, key: str, operators: tuple[str, ...]) -> str | None:
    """The query that slo-generator makes of a filter: its operators around it, one after the other."""
    text = sli.text(key)
    if text is None:
        return None
    query = _placed(text)
    query = query if f"[{WINDOW}" in query else f"{query}[{WINDOW}]"
    for operator in operators:
        query = f"{operator}({query})"
    return query


def _cut(sli: Fields) -> Indicator:
    text, bound = sli.need("expression"), sli.number("threshold_bucket")
    if bound is None:
        raise ConvertError(sli.line, "distribution_cut needs threshold_bucket")
    line = sli.line_of("expression")
    try:
        tree = parse(re.sub(r"\[window[^\]]*\]\s*$", "", text.strip()))
    except PromqlError as error:
        raise ConvertError(line, f"expression is no PromQL: {error}") from None
    if not isinstance(tree, Selector) or not tree.metric.endswith("_bucket") or not plain(tree):
        raise ConvertError(line, f"expression must be a selector of a histogram's _bucket, not {shown(text)}")
    matchers = tuple(matcher for matcher in tree.matchers if matcher.label != "le")
    total = Selector(f"{tree.metric.removesuffix('_bucket')}_count", matchers)
    return pair(total, Selector(tree.metric, (*matchers, Matcher("le", "=", quote(f"{bound:f}")))), good=True)


def _policy(
    spec: Fields, policies: dict[str, Fields], options: Options, remarks: Remarks
) -> tuple[tuple[OwnTier, ...] | None, float]:
    """Tiers and period of the error budget policy that the SLO names."""
    name = spec.text("error_budget_policy") or "default"
    policy = policies.get(name)
    if policy is None:
        remarks.add(
            f"the error budget policy {name} is not in the input: the usual burn alerts and a period of "
            f"{format_duration(options.period or DEFAULT_PERIOD)} were taken; convert the shared config along"
        )
        return None, options.period or DEFAULT_PERIOD
    steps = [(step, window) for step in policy.each("steps") if (window := step.number("window")) is not None]
    whole = [int(window) for _, window in steps if 3600 <= window <= 10**9]
    period = options.period or (max(whole) if whole else DEFAULT_PERIOD)
    remarks.add(f"the longest window of the error budget policy {name} became the period: {format_duration(period)}")
    tiers: list[OwnTier] = []
    for step, window in steps:
        tier = _step(step, window, {tier.name for tier in tiers}, remarks)
        if tier is not None:
            tiers.append(tier)
    return tuple(tiers), period


def _step(step: Fields, window: Decimal, taken: set[str], remarks: Remarks) -> OwnTier | None:
    given = step.text("name") or f"{window}s"
    name = slug(given)
    while name in taken:
        name += "-2"
    for key in ("message_alert", "message_ok"):
        step.text(key)
    threshold = step.number("burn_rate_threshold")
    if not step.flag("alert"):
        remarks.add(f"the policy's step {given} does not alert and was not carried; its burn rate is a metric still")
        return None
    if threshold is None or threshold <= 0 or not 60 <= window <= 10**9:
        remarks.add(f"the policy's step {given} has no usable window and burn_rate_threshold: not carried")
        return None
    long = int(window) // 60 * 60
    short = short_window(long)
    remarks.add(
        f"the policy's step {given} has one window; a short one of {format_duration(short)} was added, so that the "
        "alert clears soon after the errors end; its messages were not carried"
    )
    return OwnTier(name, "page", long, short, threshold)
