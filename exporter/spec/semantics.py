"""What the schema cannot say of a spec: references, exclusive keys, times that fit together. Every mistake at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from exporter.promql import format_duration
from exporter.spec.addresses import check_http
from exporter.spec.models import Spec, StateStore
from exporter.spec.semantics_access import check_access
from exporter.spec.semantics_alerting import check_alerting
from exporter.spec.semantics_composite import check_composites
from exporter.spec.semantics_dashboard import check_dashboard
from exporter.spec.semantics_engagement import check_engagement
from exporter.spec.semantics_experiment import check_experiment
from exporter.spec.semantics_slo import check_slo
from exporter.spec.semantics_worth import check_guardrails
from exporter.spec.source_models import FileSource, HttpSource, PrometheusSource, Source, SqlSource
from exporter.spec.tree import Parts, Problem, shown

_SHORTEST_WINDOW = 300
_LONGEST_LAG = 600


def check(
    spec: Spec, sources: Mapping[str, str | None], slos: Collection[str], place: Callable[[Parts], str]
) -> list[Problem]:
    """The mistakes of a spec that fits the schema.

    ``sources`` gives the type of every source that is written down, None for one that is itself mistaken; ``slos``
    the name of every SLO that is; ``place`` the ``file:line`` of a value.
    """
    return [
        *_times(spec),
        *(problem for name, source in spec.sources.items() for problem in _source(name, source)),
        *_state(spec.state),
        *check_alerting(spec.alerting),
        *_push(spec),
        *_twice("SLO", ("slos",), spec.slos, place),
        *(problem for i, slo in enumerate(spec.slos) for problem in check_slo(slo, ("slos", i), sources, spec.refresh)),
        *check_composites(spec, slos),
        *check_guardrails(spec),
        *_twice("experiment", ("experiments",), spec.experiments, place),
        *(
            problem
            for i, experiment in enumerate(spec.experiments)
            for problem in (
                *_twice("metric", ("experiments", i, "metrics"), experiment.metrics, place),
                *check_experiment(experiment, ("experiments", i), sources, slos),
            )
        ),
        *(check_engagement(spec.engagement, sources) if spec.engagement else ()),
        *_twice("dashboard", ("dashboards",), spec.dashboards, place),
        *(problem for i, own in enumerate(spec.dashboards) for problem in check_dashboard(own, ("dashboards", i))),
    ]


def _times(spec: Spec) -> Iterator[Problem]:
    if _milliseconds(_SHORTEST_WINDOW) % max(1, _milliseconds(spec.refresh)):
        yield Problem(("refresh",), f"{_time(spec.refresh)} does not divide 5m, the shortest window{_divisors(spec)}")
    if spec.lag >= _LONGEST_LAG:
        yield Problem(
            ("lag",), f"{_time(spec.lag)} must be less than 10m; a scrape interval and a little more is right, like 20s"
        )
    if spec.max_age is not None and spec.max_age < spec.refresh:
        message = (
            f"{_time(spec.max_age)} is less than refresh ({_time(spec.refresh)}), so series would vanish between two "
            f"refreshes; write {_time(3 * spec.refresh)} or remove it"
        )
        yield Problem(("max_age",), message)


def _divisors(spec: Spec) -> str:
    """The nearest whole seconds that divide 5m, as a proposal."""
    divisors = [seconds for seconds in range(1, _SHORTEST_WINDOW + 1) if _SHORTEST_WINDOW % seconds == 0]
    below = [_time(seconds) for seconds in divisors if seconds < spec.refresh][-1:]
    above = [_time(seconds) for seconds in divisors if seconds > spec.refresh][:1]
    return f"; write {' or '.join(below + above)}"


def _source(name: str, source: Source) -> Iterator[Problem]:
    parts = ("sources", name)
    if isinstance(source, FileSource):
        return
    yield from _url_or_file(source, parts, "url")
    if isinstance(source, PrometheusSource | HttpSource):
        yield from check_http(source.url, (*parts, "url"))
        yield from check_access(source, [source.url] if source.url is not None else [], parts)
    elif source.url is not None and "://" not in source.url:
        # The URL itself is not quoted: a password may stand in it.
        yield Problem(
            (*parts, "url"), "no database URL; write one like sqlite:///shop.db or postgresql+psycopg://host/db"
        )


def _state(state: StateStore) -> Iterator[Problem]:
    yield from _url_or_file(state, ("state",), "url")
    if state.url is not None and "://" not in state.url:
        yield Problem(("state", "url"), "no database URL; write one like sqlite:///winburn-state.db")


def _push(spec: Spec) -> Iterator[Problem]:
    if spec.alerting.push and not spec.alerting.alertmanager:
        message = "nobody to push to; give alertmanager with the address of every Alertmanager, or remove push"
        yield Problem(("alerting", "push"), message)
    if spec.live.grafana is not None:
        yield from check_http(spec.live.grafana.url, ("live", "grafana", "url"))


def _url_or_file(
    owner: SqlSource | PrometheusSource | HttpSource | StateStore, parts: Parts, key: str
) -> Iterator[Problem]:
    given = [name for name in (key, f"{key}_file") if getattr(owner, name) is not None]
    if not given:
        yield Problem(parts, f"{key} is required; give it, or {key}_file with the path of a file that holds it")
    if len(given) == 2:
        yield Problem(parts, f"{key} and {key}_file are both given; keep one of them")


def _twice(what: str, parts: Parts, named: Sequence[Any], place: Callable[[Parts], str]) -> Iterator[Problem]:
    first: dict[str, Parts] = {}
    for i, item in enumerate(named):
        here = (*parts, i, "name")
        if item.name in first:
            message = (
                f"the {what} {shown(item.name)} is defined already at {place(first[item.name])}; rename one of them"
            )
            yield Problem(here, message)
        first.setdefault(item.name, here)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _time(seconds: float) -> str:
    return format_duration(seconds) if seconds else "0s"
