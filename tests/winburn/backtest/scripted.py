"""Counters that are written down, as a stand-in for Prometheus (which tests/e2e/test_backtest.py asks for real)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from exporter.sources.base import Matrix, Reading, SourceError, series_key
from exporter.spec import Slo
from winburn.backtest.past import Span
from winburn.backtest.run import Backtest, backtest

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
START = 1_700_000_100.0  # a multiple of 5 minutes
TOTAL, BAD, GOOD = "t", "b", "g"

Series = dict[str, tuple[np.ndarray, np.ndarray]]
"""Series key -> (times of its samples, values); NaN ends it until the next sample."""


@dataclass
class Scripted:
    """A CounterSource; a sample is seen until the next one."""

    script: Mapping[str, Series]
    name: str = "prod"
    up: bool | None = None
    broken: str | None = None
    retention: float | None = None
    asked: list[tuple[float, float, float]] = field(default_factory=list)

    def counters(self, selectors: Sequence[str], at: float) -> list[Reading | SourceError]:
        return [self._reading(matrix) for matrix in self.history(selectors, at, at, 1.0)]

    def history(self, selectors: Sequence[str], start: float, end: float, step: float) -> list[Matrix | SourceError]:
        if self.broken:
            raise SourceError(self.broken)
        self.asked.append((start, end, step))
        times = start + np.arange(round((end - start) / step) + 1) * step
        return [self._matrix(selector, times) for selector in selectors]

    def retention_start(self, at: float) -> float | None:
        return None if self.retention is None else at - self.retention

    def _matrix(self, selector: str, times: np.ndarray) -> Matrix | SourceError:
        if selector not in self.script:
            return SourceError(f"{selector}: unknown")
        series = self.script[selector]
        rows = [_seen(samples, times) for samples in series.values()]
        return Matrix(times, tuple(series), np.array(rows).reshape(-1, len(times)))

    def _reading(self, matrix: Matrix | SourceError) -> Reading | SourceError:
        if isinstance(matrix, SourceError):
            return matrix
        return {k: float(v) for k, v in zip(matrix.keys, matrix.values[:, 0], strict=True) if not np.isnan(v)}


def _seen(samples: tuple[np.ndarray, np.ndarray], times: np.ndarray) -> np.ndarray:
    index = np.searchsorted(samples[0], times, side="right") - 1
    return np.where(index >= 0, samples[1][np.maximum(index, 0)], np.nan)


def key(code: str, instance: str = "a") -> str:
    return series_key({"__name__": "http_requests_total", "job": "web", "instance": instance, "code": code})


def counters(total: np.ndarray, bad: np.ndarray, start: float = START, every: float = MINUTE) -> dict[str, Series]:
    """Counters at 0 at ``start`` that then grow by ``total`` and ``bad`` events every ``every`` seconds."""
    times = start + np.arange(len(total) + 1) * every
    good = np.concatenate(([0.0], np.cumsum(total - bad)))
    failed = np.concatenate(([0.0], np.cumsum(bad)))
    return {
        TOTAL: {key("200"): (times, good), key("500"): (times, failed)},
        BAD: {key("500"): (times, failed)},
        GOOD: {key("200"): (times, good)},
    }


def slo(objective: float = 99.9, period: str = "30d", sli: Mapping[str, Any] | None = None, **fields: Any) -> Slo:
    chosen = {"source": "prod", "total": TOTAL, "bad": BAD} if sli is None else {"source": "prod", **sli}
    document = {"name": "web", "service": "web", "objective": objective, "period": period, "sli": chosen}
    return Slo.model_validate({**document, **fields})


def run(source: Any, of: Slo, start: float, end: float, step: float = MINUTE, **more: Any) -> Backtest:
    (result,) = runs(source, of, start, end, step, **more)
    return result


def runs(source: Any, of: Slo, start: float, end: float, step: float = MINUTE, **more: Any) -> list[Backtest]:
    return backtest(source, of, Span(start, end, step), **{"keep": 30.0, "now": end, **more})


def incident(errors: float, before: float = 31 * DAY, after: float = 12 * HOUR, per_minute: float = 1e6) -> Scripted:
    """``before`` seconds of traffic without errors, then ``errors`` (a share) for ``after`` seconds."""
    total = np.full(round((before + after) / MINUTE), per_minute)
    bad = np.where(np.arange(len(total)) * MINUTE >= before, total * errors, 0.0)
    return Scripted(counters(total, bad))
