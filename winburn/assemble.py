"""From a spec to what runs: open the sources and the state store, and give each its collectors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from exporter.access import access_of
from exporter.alerts import ALERTS
from exporter.collectors.alertmanager import AcknowledgementCollector
from exporter.collectors.engagement import EngagementCollector
from exporter.collectors.experiment import ExperimentCollector
from exporter.collectors.guardrail import GuardrailCollector
from exporter.collectors.slo import SloCollector
from exporter.collectors.slo_composite import Components, in_order
from exporter.collectors.slo_feed import Progress
from exporter.contract import Collector, Sample, sample
from exporter.sources.alertmanager import AlertmanagerApi
from exporter.sources.base import CounterSource, CountSource, SlotSource
from exporter.sources.build import open_engagement, open_source
from exporter.sources.sql import SqlSource
from exporter.spec import FileSource, Slo, Spec, read_secret, source_url
from exporter.state import Application, Latch, State

_LOG = logging.getLogger("winburn")

AnySource = CounterSource | SlotSource | CountSource


KilledAt = Callable[[str, str], float | None]
"""Experiment and variant -> when it was killed."""


def _nobody(_experiment: str, _variant: str) -> None:
    """Where there are no experiments."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """What a spec becomes."""

    sources: Mapping[str, AnySource]
    collectors: tuple[Collector, ...]
    killed_at: KilledAt = _nobody
    next_steps: Callable[[], Mapping[str, str]] = dict
    suggestions: Callable[[], list[dict[str, Any]]] = list

    def health(self) -> Iterable[Sample]:
        """winburn_source_up of every source that was asked, and what collectors have left out."""
        up = [sample("winburn_source_up", s.up, source=name) for name, s in self.sources.items() if s.up is not None]
        return [*up, *(one for c in self.collectors if isinstance(c, EngagementCollector) for one in c.health())]


def open_state(spec: Spec) -> State:
    """The spec's state store; StateError or SecretError where it cannot be opened."""
    return State(spec.state.url if spec.state.url is not None else read_secret(spec.state.url_file or ""))


def assemble(
    spec: Spec,
    state: State,
    *,
    origin: float | None = None,
    live: bool = True,
    progress: Progress = lambda _name, _share: None,
    wish: Callable[[Iterable[Application]], None] = lambda _: None,
) -> Assembly:
    """Sources and collectors of a spec; what they need is opened at the first question, not here.

    ``origin`` is the phase of the instants at which they will be asked, by default that of the loop's grid. ``live`` is
    whether they are asked of now: what knows no past is left out otherwise. ``wish`` is called with what experiments
    want done to the outside. Raises SecretError where a ``url_file`` cannot be read, StateError where the store cannot.
    """
    sources = {name: _open(name, spec) for name in sorted(spec.sources)}
    wide_origin = 0.0 if origin is None else origin
    origin = (-spec.lag if origin is None else origin) % spec.refresh
    collector = partial(
        SloCollector,
        state=state,
        refresh=spec.refresh,
        origin=origin,
        wide_origin=wide_origin,
        groups=spec.limits.groups,
        keep_seconds=spec.keep_seconds,
        progress=progress,
    )
    slos = [
        collector(cast(CounterSource | SlotSource, sources[name]), [slo for slo in spec.slos if slo.sli.source == name])
        for name in sorted({slo.sli.source for slo in spec.slos if slo.sli.source})
    ]
    composites = in_order([slo for slo in spec.slos if not slo.sli.source])
    if composites:
        parts = Components({t.slo.name: t for each in slos for t in each.tracks}, [each.lock for each in slos])
        slos.append(collector(parts, composites))
    collectors: list[Collector] = [*slos]
    killed_at: KilledAt = _nobody
    next_steps: Callable[[], Mapping[str, str]] = dict
    suggestions: Callable[[], list[dict[str, Any]]] = list
    if spec.experiments:
        experiments = ExperimentCollector(cast(Any, sources), spec.experiments, state, refresh=spec.refresh, wish=wish)
        collectors.append(experiments)
        # After the experiments: what an API says of their status must be known before anything is killed.
        collectors += [
            GuardrailCollector(
                cast(CounterSource | SlotSource, sources[name]),
                guarding,
                spec.experiments,
                state,
                refresh=spec.refresh,
                origin=origin,
                wide_origin=wide_origin,
                keep_seconds=spec.keep_seconds,
                defined=experiments.defined,
                progress=progress,
            )
            for name, guarding in _guarding(spec).items()
        ]
        killed_at, next_steps = experiments.killed_at, experiments.next_steps
    if spec.engagement:
        variants = open_engagement(cast(SqlSource, sources[spec.engagement.source]), spec.engagement.tables)
        engagement = EngagementCollector(
            variants,
            spec.engagement,
            state,
            labels=spec.limits.labels,
            wish=partial(_wish_kills, wish),
            say=_LOG.warning,
        )
        collectors.append(engagement)
        suggestions = engagement.words
    if spec.alerting.alertmanager and live:
        access = access_of(spec.alerting.alertmanager_http)
        alertmanagers = [AlertmanagerApi(url, access=access) for url in spec.alerting.alertmanager]
        identities = {alert.name: alert.identity for alert in ALERTS.values()}
        collectors.append(AcknowledgementCollector(alertmanagers, identities))
    return Assembly(sources, tuple(collectors), killed_at, next_steps, suggestions)


def _wish_kills(wish: Callable[[Iterable[Application]], None], latches: Sequence[Latch]) -> None:
    """Kills of content variants, which are applied once each."""
    wish(
        [
            Application(x.entity, x.member, "kill", repr(x.at), {**x.facts, "reason": x.reason, "at": x.at}, "variant")
            for x in latches
        ]
    )


def _guarding(spec: Spec) -> dict[str, dict[str, Slo]]:
    """Source -> the SLOs that read from it and are a guardrail of some experiment, by name."""
    names = {guardrail.slo for experiment in spec.experiments for guardrail in experiment.guardrails}
    found: dict[str, dict[str, Slo]] = {}
    for slo in sorted(spec.slos, key=lambda slo: (slo.sli.source_label, slo.name)):
        if slo.name in names and slo.sli.source:
            found.setdefault(slo.sli.source, {})[slo.name] = slo
    return found


def _open(name: str, spec: Spec) -> AnySource:
    model = spec.sources[name]
    url = None if isinstance(model, FileSource) else source_url(model)
    return open_source(name, model, url=url, series_limit=spec.limits.series)
