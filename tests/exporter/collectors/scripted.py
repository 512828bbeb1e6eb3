"""Scripted counters in the place of a Prometheus, for tests of collectors; the e2e tests run the real one."""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from exporter.collectors.slo import SloCollector
from exporter.contract import Report
from exporter.sources.base import Matrix, Reading, SourceError, series_key
from exporter.spec import Slo
from exporter.state import State

DAY = 86400.0
START = 1_700_000_100.0
TOTAL, BAD, GOOD = "t", "b", "g"

Series = dict[str, list[tuple[float, float]]]


@dataclass
class Scripted:
    """Counters that are written down: selector -> series key -> (time, value) steps; NaN ends a series."""

    script: Mapping[str, Series]
    name: str = "prod"
    up: bool | None = None
    broken: str | None = None
    retention: float | None = None
    asked: list[str] = field(default_factory=list)
    series_limit: int = 5000

    def counters(self, selectors: Sequence[str], at: float) -> list[Reading | SourceError]:
        self.asked.append("counters")
        if self.broken:
            raise SourceError(self.broken)
        return [self._reading(selector, at) for selector in selectors]

    def history(self, selectors: Sequence[str], start: float, end: float, step: float) -> list[Matrix | SourceError]:
        self.asked.append("history")
        if self.broken:
            raise SourceError(self.broken)
        times = start + np.arange(round((end - start) / step) + 1) * step
        return [self._matrix(selector, times) for selector in selectors]

    def retention_start(self, at: float) -> float | None:
        return None if self.retention is None else at - self.retention

    def _reading(self, selector: str, at: float) -> Reading | SourceError:
        if selector not in self.script:
            return SourceError(f"{selector}: unknown")
        values = {key: _value(steps, at) for key, steps in self.script[selector].items()}
        return {key: value for key, value in values.items() if not math.isnan(value)}

    def _matrix(self, selector: str, times: np.ndarray) -> Matrix | SourceError:
        if selector not in self.script:
            return SourceError(f"{selector}: unknown")
        series = self.script[selector]
        values = np.array([[_value(steps, at) for at in times] for steps in series.values()]).reshape(-1, len(times))
        return Matrix(times, tuple(series), values)


def _value(steps: list[tuple[float, float]], at: float) -> float:
    i = bisect.bisect_right(steps, at, key=lambda step: step[0])
    return steps[i - 1][1] if i else math.nan


def key(code: str, instance: str = "a") -> str:
    return series_key({"__name__": "http_requests_total", "job": "web", "instance": instance, "code": code})


def slo(period: str = "30d", objective: float = 99.9, **sli: str) -> Slo:
    sli = {"source": "prod", "total": TOTAL, "bad": BAD} if not sli else {"source": "prod", **sli}
    return Slo.model_validate({"name": "web", "service": "web", "objective": objective, "period": period, "sli": sli})


def collector(source: Scripted, *slos: Slo, state: State | None = None, refresh: float = 15.0) -> SloCollector:
    return SloCollector(source, slos, state or State("sqlite://"), refresh=refresh, origin=0.0, keep_seconds=60.0)


def values(reports: Sequence[Report], family: str, entity: str = "web") -> dict[str, float]:
    """Label window (or "") -> value of a family in the reports of one SLO."""
    found = {}
    for report in reports:
        for sample in (*report.samples, *report.lasting):
            labels = dict(sample.labels)
            if report.entity == entity and sample.name == family:
                found[labels.get("window", "")] = sample.value
    return found


def steady(
    seconds: float, every: float = 15.0, total: float = 10, bad: float = 0, start: float = START
) -> dict[str, Series]:
    """Counters that grow by ``total`` and ``bad`` events every ``every`` seconds from 0 at ``start``."""
    ticks = [(start + i * every, float(i)) for i in range(int(seconds / every) + 1)]
    return {
        TOTAL: {key("200"): [(t, i * (total - bad)) for t, i in ticks], key("500"): [(t, i * bad) for t, i in ticks]},
        BAD: {key("500"): [(t, i * bad) for t, i in ticks]},
        GOOD: {key("200"): [(t, i * (total - bad)) for t, i in ticks]},
    }
