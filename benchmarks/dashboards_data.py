"""What a site with many SLOs and experiments has in its Prometheus: OpenMetrics of every family, with times."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from exporter.contract import FAMILIES, LATENCY_SERIES, PROCESS_SERIES
from exporter.contract.family import Family

VARIANTS = ("control", "a", "b")
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "period")
_TARGET = {"instance": "exporter:10345", "job": "winburn"}
_OF_TARGET = ("up", "scrape_duration_seconds", "scrape_samples_scraped", *sorted(PROCESS_SERIES))
_SPREAD = 97
"""Values of a series go round so many steps, so that chunks are not of one value."""
_ALERTS = {"alertname": "SLOErrorBudgetBurn", "severity": "page"}
_FIRING = 10
"""One SLO of so many pages."""


@dataclass(frozen=True, slots=True)
class Site:
    """How many SLOs and experiments; each experiment has three variants and one metric."""

    slos: int
    experiments: int


def series(site: Site) -> Iterator[tuple[str, str, int]]:
    """Family, the text of each of its series as Prometheus writes it, and the number of its entity."""
    for family in FAMILIES.values():
        for number, labels in _entities(family, site):
            yield family.name, _text(family.name, labels), number
    for number in range(0, site.slos, _FIRING):
        pages = _ALERTS | {"slo": f"slo-{number}"}
        yield "ALERTS", _text("ALERTS", pages | {"alertstate": "firing"}), number
        yield "ALERTS_FOR_STATE", _text("ALERTS_FOR_STATE", pages), number
    for name in _OF_TARGET:
        yield name, _text(name, {}), 0
    for name in LATENCY_SERIES:
        if name.endswith("_bucket"):
            yield from ((name, _text(name, {"le": le}), 0) for le in ("0.1", "1.0", "10.0", "+Inf"))


def lines(shown: Sequence[tuple[str, str, int]], times: range) -> Iterator[str]:
    """A block of lines for each series: a sample at each time."""
    tails = [[f" {_value(at // times.step + shift)} {at}" for at in times] for shift in range(_SPREAD)]
    ones = [f" 1 {at}" for at in times]
    for index, (name, text, _) in enumerate(shown):
        yield text + f"\n{text}".join(ones if _is_one(name) else tails[index % _SPREAD]) + "\n"


def _is_one(name: str) -> bool:
    """What queries ask to be 1: every experiment runs, every page fires."""
    return name.endswith("_info") or name in {"experiment_status", "ALERTS"}


def _value(step: int) -> str:
    """Between 0 and 1; verdicts and the like become fractions, which cost the same."""
    return f"{step % _SPREAD / _SPREAD:.4f}"


def _text(name: str, labels: Mapping[str, str]) -> str:
    inner = ",".join(f"{key}={json.dumps(value)}" for key, value in (labels | _TARGET).items())
    return f"{name}{{{inner}}}"


def _entities(family: Family, site: Site) -> Iterator[tuple[int, dict[str, str]]]:
    """The entities that a family has series of, with their labels."""
    if "experiment" in family.labels:
        for number in range(site.experiments):
            for rest in _each(family, {"experiment": f"experiment-{number}"}):
                yield number, rest | ({"service": f"service-{number % 50}"} if family.name == "experiment_info" else {})
    elif "slo" in family.labels:
        for number in range(site.slos):
            own = {"slo": f"slo-{number}", "slo_service": f"service-{number % 50}", "category": f"c{number % 5}"}
            for rest in _each(family, {key: value for key, value in own.items() if key in family.labels}):
                yield number, rest | ({"team": f"team-{number % 20}"} if family.name == "slo_info" else {})
    else:
        yield from ((0, rest) for rest in _each(family, {}))


_VALUES: Mapping[str, Sequence[str]] = {
    "variant": VARIANTS,
    "window": WINDOWS,
    "forecast_quantile": ("0.1", "0.5", "0.9"),
    "status": ("running", "paused", "draft", "completed", "failed"),
    "metric": ("conversion",),
    "primary_metric": ("conversion",),
    "segment": ("country=de", "country=fr"),
    "currency": ("EUR",),
    "category": ("operational",),
    "slo": ("slo-0",),
}


def _each(family: Family, known: dict[str, str]) -> Iterator[dict[str, str]]:
    free = [label for label in family.labels if label not in known]
    windows = WINDOWS[:4] if "variant" in free else WINDOWS
    choices = [windows if label == "window" else _VALUES.get(label, (f"some-{label}",)) for label in free]
    yield from (known | dict(zip(free, values, strict=True)) for values in itertools.product(*choices))
