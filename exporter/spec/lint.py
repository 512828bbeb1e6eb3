"""Warnings: a spec that works, and perhaps not as its author thinks. Only what the spec alone can tell."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.promql import format_duration
from exporter.spec.experiment_models import Experiment
from exporter.spec.lint_alerting import lint_alerting
from exporter.spec.lint_slo import lint_slo
from exporter.spec.mask import has_password, is_secret_header
from exporter.spec.models import Links, Spec
from exporter.spec.native import lint_native
from exporter.spec.source_models import HttpSource, PrometheusSource
from exporter.spec.tiers import windows_of
from exporter.spec.tree import listed
from exporter.windows import PERIOD, WINDOWS

_REFRESHES_PER_WINDOW = 4
_BELIEVED = "whoever stands between reads and changes everything; ca_file with the server's authority keeps them out"
_PASSWORD = "a password stands in the spec; put the address into a file and name that in url_file"  # noqa: S105 - a text


def lint(spec: Spec) -> list[str]:
    """One sentence for each warning, each beginning with the path of what it is about, in the order of the spec."""
    return [
        *_nothing_to_do(spec),
        *_windows(spec),
        *_sources(spec),
        *(warning for slo in spec.slos for warning in (*lint_slo(slo, spec), *lint_native(slo, spec))),
        *(warning for experiment in spec.experiments for warning in _paths(experiment)),
        *lint_alerting(spec),
        *_runbooks(spec),
        *_state(spec),
    ]


def _nothing_to_do(spec: Spec) -> Iterator[str]:
    if not spec.slos and not spec.experiments and not spec.engagement:
        yield "slos: neither SLOs nor experiments are given, so nothing will be computed"


def _windows(spec: Spec) -> Iterator[str]:
    """The spec does not know the scrape interval: ``lag`` is that and a little more, and ``refresh`` is seldom less."""
    needed = _REFRESHES_PER_WINDOW * spec.refresh
    windows = {label: seconds for slo in spec.slos for label, seconds in windows_of(slo).items() if label != PERIOD}
    windows = dict(sorted(windows.items(), key=lambda item: item[1]))
    short = [label for label, seconds in windows.items() if seconds < needed]
    if short:
        yield (
            f"refresh: {format_duration(spec.refresh)} is long for the window {listed(short)}, which then holds "
            f"fewer than {_REFRESHES_PER_WINDOW} values; "
            f"{format_duration(_fitting(windows[short[0]]))} or less is better"
        )
    short = [label for label, seconds in windows.items() if seconds < 2 * spec.lag]
    if short:
        yield (
            f"lag: if it is {format_duration(spec.lag)} because metrics are scraped that seldom, the window "
            f"{listed(short)} may hold fewer than two scrapes (2 x {format_duration(spec.lag)} = "
            f"{format_duration(2 * spec.lag)}), and nothing can be seen in it"
        )


def _fitting(window: int) -> float:
    """The longest refresh that gives a window enough values, and that it and the shortest usual window allow."""
    longest = window // _REFRESHES_PER_WINDOW
    usual = min(WINDOWS.values())
    return next((x for x in range(longest, 0, -1) if not window % x and not usual % x), window / _REFRESHES_PER_WINDOW)


def _sources(spec: Spec) -> Iterator[str]:
    used = {slo.sli.source for slo in spec.slos} | {metric.source for x in spec.experiments for metric in x.metrics}
    used |= {experiment.definition.source for experiment in spec.experiments if experiment.definition}
    used |= {spec.engagement.source} if spec.engagement else set()
    for name, source in spec.sources.items():
        if name not in used:
            yield f"sources.{name}: no SLO and no metric uses this source"
        if has_password(getattr(source, "url", None)):
            yield f"sources.{name}.url: {_PASSWORD}"
        if isinstance(source, PrometheusSource | HttpSource):
            for header in filter(is_secret_header, source.headers):
                yield f"sources.{name}.headers.{header}: a secret stands in the spec; a token_file keeps it out"
            for key in filter(is_secret_header, source.params):
                yield f"sources.{name}.params.{key}: a secret stands in the spec, and in every log on the way"
            if source.tls is not None and source.tls.insecure_skip_verify:
                yield f"sources.{name}.tls.insecure_skip_verify: {_BELIEVED}"
    if spec.alerting.alertmanager_http.tls is not None and spec.alerting.alertmanager_http.tls.insecure_skip_verify:
        yield f"alerting.alertmanager_http.tls.insecure_skip_verify: {_BELIEVED}"


def _paths(experiment: Experiment) -> Iterator[str]:
    """A path is shown as it is, in ``/config`` and in messages up to its question mark."""
    here = f"experiments[{experiment.name}]"
    paths = {f"{here}.metrics[{x.name}].json": x.json_counts.path for x in experiment.metrics if x.json_counts}
    if experiment.definition is not None:
        paths[f"{here}.definition"] = experiment.definition.path
    for place, path in paths.items():
        names = (parameter.partition("=")[0] for parameter in path.partition("?")[2].split("&"))
        if any(map(is_secret_header, names)):
            yield f"{place}.path: a secret stands in the spec; the source's token_file or headers keep it out of paths"


def _runbooks(spec: Spec) -> Iterator[str]:
    told = spec.alerting.alertmanager or spec.alerting.receivers
    if told and spec.links.runbooks == Links().runbooks:
        yield "links.runbooks: not set, so that alerts link to a path and not to an address that opens"


def _state(spec: Spec) -> Iterator[str]:
    if has_password(spec.state.url):
        yield f"state.url: {_PASSWORD}"
