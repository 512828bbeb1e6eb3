"""Forecasts in the collector: from the ledger, once an hour, a few at a time."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.collectors.slo_evaluate import Evaluation, evaluate
from exporter.collectors.slo_forecast import Forecaster, make
from exporter.collectors.slo_group import GroupCounts
from exporter.collectors.slo_track import Track
from exporter.spec import Slo
from tests.exporter.collectors.scripted import DAY, slo

START = 1_700_000_400.0 // 3600 * 3600


def evaluated(days: float, bad_share: float, *, of: Slo | None = None) -> Evaluation:
    """A service with 1000 events an hour, the share of which was bad."""
    track = Track(of or slo(), 15.0, 0.0)
    times = START + np.arange(1, int(days * 288) + 1) * 300.0
    total = np.full(len(times), 1000.0)
    counts = GroupCounts(total, total * bad_share, np.full(len(times), 300.0), START, present=True)
    track.add(times, {"": counts})
    return evaluate([track], float(times[-1]))[0]


def test_a_budget_that_burns_twice_as_fast_as_allowed_runs_out_half_way() -> None:
    forecaster = Forecaster()
    (evaluation,) = forecaster.attach([evaluated(14.5, 0.002)])
    assert evaluation.forecast == 1
    times = {dict(s.labels)["forecast_quantile"]: s.value for s in forecaster.samples(evaluation) if "time" in s.name}
    assert times["0.5"] == pytest.approx(START + 15 * DAY, abs=2 * DAY)
    assert times["0.1"] <= times["0.5"] <= times["0.9"]


def test_little_history_foretells_nothing() -> None:
    forecaster = Forecaster()
    (evaluation,) = forecaster.attach([evaluated(5, 0.0005)])
    assert evaluation.forecast is None
    assert forecaster.samples(evaluation) == ()


def test_corrected_hours_do_not_count() -> None:
    whole = slo()
    day = {"from": "2023-11-15T00:00:00Z", "to": "2023-11-30T00:00:00Z", "reason": "all of it"}
    corrected = Slo.model_validate({**whole.model_dump(), "period": "30d", "corrections": [day]})
    assert np.isnan(make(evaluated(14.5, 0.002, of=corrected)).exhaustion.probability)


def test_calendar_periods_have_no_forecast() -> None:
    month = Slo.model_validate({**slo().model_dump(), "period": {"calendar": "month"}})
    assert Forecaster().attach([evaluated(20, 0.002, of=month)])[0].forecast is None
