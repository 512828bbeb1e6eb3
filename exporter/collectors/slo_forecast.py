"""When budgets run out: the forecast of each SLO, made anew once an hour, a few at each refresh.

A forecast costs milliseconds, and an hour of thirty days changes little: spread over the refreshes, a thousand SLOs
cost no refresh much.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from exporter.collectors.slo_evaluate import Evaluation, corrected_times
from exporter.collectors.slo_samples import names_of
from exporter.contract import Sample, optional
from exporter.ledger import COARSE_WIDTH
from exporter.spec import Calendar
from exporter.stats import forecast

_AT_ONCE = 5
_MEASURED = 0.5
"""Share of an hour that must be measured for its counts to tell about hours to come."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A forecast made at the Unix time ``made``."""

    made: float
    exhaustion: forecast.Exhaustion


class Forecaster:
    """Keeps the forecasts of one collector's SLOs."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Forecast] = {}
        self._shown: dict[tuple[str, str], tuple[Forecast, tuple[Sample, ...]]] = {}

    def keep(self, slos: Collection[str]) -> None:
        """Forget the forecasts of all other SLOs."""
        self._known = {key: known for key, known in self._known.items() if key[0] in slos}

    def attach(self, evaluations: Sequence[Evaluation]) -> list[Evaluation]:
        """The evaluations with their forecasts; the oldest few of those that are due are made anew."""
        due = [e for e in evaluations if self._is_due(e)]
        due.sort(key=lambda e: self._known[_key(e)].made if _key(e) in self._known else 0.0)
        for evaluation in due[:_AT_ONCE]:
            self._known[_key(evaluation)] = make(evaluation)
        alive = {_key(e) for e in evaluations}
        self._known = {key: known for key, known in self._known.items() if key in alive}
        self._shown = {key: shown for key, shown in self._shown.items() if key in self._known}
        return [replace(e, forecast=_exhaustion(self._known.get(_key(e)))) for e in evaluations]

    def samples(self, evaluation: Evaluation) -> tuple[Sample, ...]:
        """The forecast's samples: quantiles of when the budget is gone, and the probability that it will be."""
        key = _key(evaluation)
        known, shown = self._known.get(key), self._shown.get(key)
        if known is None:
            return ()
        if shown is None or shown[0] is not known:
            shown = self._shown[key] = (known, _samples(evaluation, known))
        return shown[1]

    def _is_due(self, evaluation: Evaluation) -> bool:
        end, slo = evaluation.group.ledger.end, evaluation.track.slo
        # Of a calendar's period nothing slides out, and its end is near: the burn rate over the period tells more.
        if end is None or isinstance(slo.period, Calendar) or slo.period_seconds % COARSE_WIDTH:
            return False
        known = self._known.get(_key(evaluation))
        return known is None or known.made < end // COARSE_WIDTH * COARSE_WIDTH


def _samples(evaluation: Evaluation, known: Forecast) -> tuple[Sample, ...]:
    names, found = names_of(evaluation), known.exhaustion
    family = "slo_error_budget_exhaustion_timestamp_seconds"
    times = [
        optional(family, known.made + seconds, **names, forecast_quantile=f"{quantile:g}")
        for quantile, seconds in zip(forecast.QUANTILES, found.seconds, strict=True)
    ]
    chance = optional("slo_error_budget_exhaustion_probability_ratio", found.probability, **names)
    return (*(sample for each in times for sample in each), *chance)


def make(evaluation: Evaluation) -> Forecast:
    """A forecast from the whole hours of a group's ledger; hours less than half measured, and corrected ones, count as
    unmeasured."""
    ledger, first = evaluation.group.ledger, evaluation.group.first_measured
    now = (ledger.end or 0.0) // COARSE_WIDTH * COARSE_WIDTH
    horizon = evaluation.track.horizon
    hours = int(min(horizon, now - (first if first is not None else now)) // COARSE_WIDTH)
    if hours < 1:
        return Forecast(now, forecast.Exhaustion(float("nan"), (float("nan"),) * 3, float("nan")))
    edges = now - np.arange(hours, -1, -1, dtype=np.float64) * COARSE_WIDTH
    total, bad, measured = ledger.counted(edges)
    untold = measured < _MEASURED * COARSE_WIDTH
    for begin, stop in corrected_times(evaluation.track):
        untold |= (edges[:-1] < stop) & (edges[1:] > begin)
    total, bad = np.where(untold, np.nan, total), np.where(untold, np.nan, np.minimum(bad, total))
    slo = evaluation.track.slo
    return Forecast(now, forecast.exhaustion(bad, total, slo.objective, float(slo.period_seconds)))


def _exhaustion(known: Forecast | None) -> float | None:
    if known is None or np.isnan(known.exhaustion.probability):
        return None
    return known.exhaustion.probability


def _key(evaluation: Evaluation) -> tuple[str, str]:
    return evaluation.track.slo.name, evaluation.group.name
