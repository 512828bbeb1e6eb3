"""The collectors that a spec needs, each with all that it depends on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, cast

from exporter.access import access_of
from exporter.alerts import ALERTS
from exporter.collectors.alertmanager import AcknowledgementCollector
from exporter.collectors.engagement import EngagementCollector
from exporter.collectors.experiment import ExperimentCollector
from exporter.collectors.guardrail import GuardrailCollector
from exporter.collectors.slo import SloCollector
from exporter.collectors.slo_composite import Components, in_order
from exporter.collectors.slo_feed import Progress
from exporter.contract import Collector
from exporter.sources.alertmanager import AlertmanagerApi
from exporter.sources.build import open_engagement
from exporter.sources.sql import SqlSource
from exporter.spec import Engagement, Experiment, Slo, Spec
from exporter.spec.source_models import Alertmanagers
from exporter.state import Application, Latch, State
from winburn.shard import Shard, is_of

_LOG = logging.getLogger("winburn")

Wish = Callable[[Iterable[Application]], None]
"""Is told what is to be done to the outside."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One collector of a spec.

    ``key`` is all that it is made of: a collector whose key is the same goes on. ``build`` makes it, in the place of
    the one that is given. ``sources`` are the names of those it reads, ``owns`` what it keeps in the state store.
    """

    name: str
    key: tuple[object, ...]
    build: Callable[[Any], Collector]
    sources: frozenset[str] = frozenset()
    owns: frozenset[str] = frozenset()


class Home(Protocol):
    """What collectors are made for: see :class:`winburn.assemble.Assembly`."""

    state: State
    origin: float | None
    live: bool
    progress: Progress
    wish: Wish
    shard: Shard | None
    components: Components

    @property
    def sources(self) -> Mapping[str, Any]: ...

    def aside(self, name: str) -> AbstractContextManager[Any]: ...

    def all_aside(self, names: Iterable[str]) -> AbstractContextManager[dict[str, Any]]: ...

    def defined(self, experiment: Experiment) -> Experiment | None: ...


def pieces(spec: Spec, home: Home) -> list[Piece]:
    """Every collector of a spec whose sources ``home`` has opened, in the order in which they are asked."""
    found = [*_slos(spec, home)]
    if spec.experiments:
        # After the experiments: what an API says of their status must be known before anything is killed.
        found += [_experiments(spec, home), *_guardrails(spec, home)]
    if spec.engagement:
        found.append(_engagement(spec, spec.engagement, home))
    if spec.alerting.alertmanager and home.live and is_of(home.shard, "acknowledgements"):
        found.append(_acknowledgements(spec.alerting.alertmanager, spec.alerting.alertmanager_http))
    return found


def _grid(spec: Spec, home: Home) -> dict[str, Any]:
    return {
        "refresh": spec.refresh,
        "origin": (-spec.lag if home.origin is None else home.origin) % spec.refresh,
        "wide_origin": 0.0 if home.origin is None else home.origin,
        "keep_seconds": spec.keep_seconds,
    }


def _slos(spec: Spec, home: Home) -> Iterable[Piece]:
    make = partial(
        SloCollector, state=home.state, progress=home.progress, groups=spec.limits.groups, **_grid(spec, home)
    )
    settings = (spec.limits.groups, *_grid(spec, home).values())
    for name in sorted({slo.sli.source for slo in spec.slos if slo.sli.source}):
        slos, source = tuple(slo for slo in spec.slos if slo.sli.source == name), home.sources[name]
        yield _piece(
            f"slo:{name}",
            (source, slos, settings),
            partial(_taking_over, partial(make, source, slos), partial(home.aside, name)),
            [name],
            [slo.name for slo in slos],
        )
    if composites := tuple(in_order([slo for slo in spec.slos if not slo.sli.source])):
        build = partial(_taking_over, partial(make, home.components, composites), None)
        owns = [slo.name for slo in composites]
        yield _piece(f"slo:{Components.name}", (composites, settings), build, [], owns)


def _experiments(spec: Spec, home: Home) -> Piece:
    names = sorted({name for each in spec.experiments for name in _sources_of(each)})
    sources = {name: home.sources[name] for name in names}
    make = partial(ExperimentCollector, sources, spec.experiments, home.state, refresh=spec.refresh, wish=home.wish)
    make = partial(make, totals=home.shard is None or home.shard.count == 1)
    build = partial(_taking_over, make, partial(home.all_aside, names))
    return _piece("experiment", (sources, spec.experiments, spec.refresh), build, names)


def _sources_of(experiment: Experiment) -> set[str]:
    more = [each.source for each in (experiment.cost, experiment.definition) if each]
    return {metric.source for metric in experiment.metrics} | set(more)


def _guardrails(spec: Spec, home: Home) -> Iterable[Piece]:
    for name, slos in _guarding(spec).items():
        source = home.sources[name]
        guarded = tuple(e for e in spec.experiments if any(g.slo in slos for g in e.guardrails))
        grid = _grid(spec, home)
        make = partial(
            GuardrailCollector,
            source,
            slos,
            guarded,
            home.state,
            defined=home.defined,
            progress=home.progress,
            **grid,
        )
        build = partial(_taking_over, make, partial(home.aside, name))
        owns = [f"{e.name}:{g.slo}" for e in guarded for g in e.guardrails if g.slo in slos]
        yield _piece(f"guardrail:{name}", (source, slos, guarded, tuple(grid.values())), build, [name], owns)


def _guarding(spec: Spec) -> dict[str, dict[str, Slo]]:
    """Source -> the SLOs that read from it and are a guardrail of some experiment, by name."""
    names = {guardrail.slo for experiment in spec.experiments for guardrail in experiment.guardrails}
    found: dict[str, dict[str, Slo]] = {}
    for slo in sorted(spec.slos, key=lambda slo: (slo.sli.source_label, slo.name)):
        if slo.name in names and slo.sli.source:
            found.setdefault(slo.sli.source, {})[slo.name] = slo
    return found


def _engagement(spec: Spec, engagement: Engagement, home: Home) -> Piece:
    source = home.sources[engagement.source]

    def build(before: Any) -> EngagementCollector:
        return EngagementCollector(
            open_engagement(cast(SqlSource, source), engagement.tables),
            engagement,
            home.state,
            labels=spec.limits.labels,
            wish=partial(_wish_kills, home.wish),
            say=_LOG.warning,
            before=before,
        )

    return _piece("engagement", (source, engagement, spec.limits.labels), build, [engagement.source])


def _wish_kills(wish: Wish, latches: Sequence[Latch]) -> None:
    """Kills of content variants, which are applied once each."""
    wish(
        [
            Application(x.entity, x.member, "kill", repr(x.at), {**x.facts, "reason": x.reason, "at": x.at}, "variant")
            for x in latches
        ]
    )


def _acknowledgements(addresses: tuple[str, ...], http: Alertmanagers) -> Piece:
    def build(_before: Any) -> AcknowledgementCollector:
        identities = {alert.name: alert.identity for alert in ALERTS.values()}
        access = access_of(http)
        return AcknowledgementCollector([AlertmanagerApi(url, access=access) for url in addresses], identities)

    return _piece("alertmanager", (addresses, http), build)


def _taking_over(make: Callable[..., Any], aside: Any, before: Any) -> Any:
    return make(before=before, aside=aside)


def _piece(
    name: str,
    key: tuple[object, ...],
    build: Callable[[Any], Any],
    sources: Iterable[str] = (),
    owns: Iterable[str] = (),
) -> Piece:
    return Piece(name, key, build, frozenset(sources), frozenset(owns))
