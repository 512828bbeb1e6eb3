"""Groups, other kinds of SLI, calendar periods and corrections: the same burn rates as the live exporter's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from exporter.collectors.slo import SloCollector
from exporter.sources.base import series_key
from exporter.state import State
from tests.winburn.backtest.scripted import (
    BAD,
    DAY,
    HOUR,
    MINUTE,
    START,
    TOTAL,
    Scripted,
    Series,
    counters,
    key,
    run,
    runs,
    slo,
)
from winburn.backtest.page import page
from winburn.backtest.text import table

NEW_YEAR = 1_704_067_200.0  # 2024-01-01T00:00:00Z
CORRECTION = {"rrule": "FREQ=DAILY", "start": "03:07", "duration": "20m", "reason": "backup"}


def _random(seed: int, days: float, start: float) -> Scripted:
    rng = np.random.default_rng(seed)
    total = rng.poisson(40, round(days * 1440)).astype(float)
    share = np.where(rng.random(len(total)) < 0.02, 0.3, 0.0003)
    return Scripted(counters(total, rng.binomial(total.astype(int), share).astype(float), start))


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"period": "7d", "corrections": [CORRECTION]}, id="corrections"),
        pytest.param({"period": {"calendar": "month", "timezone": "Europe/Berlin"}}, id="calendar month"),
        pytest.param({"period": {"calendar": "week"}, "corrections": [CORRECTION]}, id="calendar with corrections"),
    ],
)
def test_burn_rates_are_those_of_the_live_exporter(fields: Mapping[str, Any]) -> None:
    source = _random(1, 12, NEW_YEAR - 8 * DAY)
    of = slo(**fields)
    result = run(source, of, NEW_YEAR - DAY, NEW_YEAR + 2 * DAY)
    # Multiples of 5 m: between them, an exporter that has just read its past knows it in slots that are shifted.
    for minutes in (-1435, -60, -5, 0, 5, 195, 240, 1445, 2880):
        at = NEW_YEAR + minutes * MINUTE
        live = SloCollector(source, [of], State("sqlite://"), refresh=60.0, origin=0.0, keep_seconds=60.0)
        samples = [s for report in live.collect(at) for s in report.samples]
        measured = {dict(s.labels)["window"]: s.value for s in samples if s.name == "slo_burn_rate"}
        i = int(np.searchsorted(result.course.times, at))
        ours = {label: rates[i] for label, rates in result.course.burn.items() if not np.isnan(rates[i])}
        assert ours == pytest.approx(measured, rel=1e-9)


def test_each_group_is_judged_by_itself() -> None:
    total = np.full(3 * 1440, 100.0)
    bad = np.where(np.arange(len(total)) >= 2880, 50.0, 0.0)
    script: dict[str, Series] = {TOTAL: {}, BAD: {}}
    for zone, failing in (("eu", bad), ("us", 0 * bad)):
        made = counters(total, failing)
        for role, code in ((TOTAL, "200"), (TOTAL, "500"), (BAD, "500")):
            name = series_key({"job": "web", "instance": "a", "code": code, "zone": zone})
            script[role][name] = made[role][key(code)]
    results = runs(Scripted(script), slo(group_by=["zone"]), START + 2 * DAY - HOUR, START + 2 * DAY + HOUR)
    assert [(r.group, r.summary.pages) for r in results] == [("zone=eu", 1), ("zone=us", 0)]
    assert "web zone=eu (web)" in table(results[0])
    assert "<h2>web zone=us</h2>" in page(results)


def test_probes_count_by_their_samples() -> None:
    """What the queries of a bool SLI answer: four samples a minute, none good in the last ten minutes."""
    times = START + np.arange(2881) * MINUTE
    up = np.where(times > START + 2870 * MINUTE, 0.0, 4.0)
    probe = series_key({"instance": "a"})

    class Probes(Scripted):
        def history(self, selectors: Any, start: float, end: float, step: float) -> Any:
            known = {selector: _answer(selector, step) for selector in selectors}
            return Scripted(known).history(selectors, start, end, step)

    def _answer(selector: str, step: float) -> Series:
        if selector == "probe_success":
            return {probe: (times, up / 4)}
        per_minute = up if selector.startswith("sum") else np.full(len(times), 4.0)
        sums = np.cumsum(per_minute)
        width = round(step / MINUTE)
        return {probe: (times[width:], sums[width:] - sums[:-width])}

    result = run(Probes({}), slo(sli={"bool": "probe_success"}), START + DAY, START + 2 * DAY)
    assert (result.summary.total, result.summary.bad) == (4 * 1440, 40)
    assert [f.tier for f in result.firings][:1] == ["fast"]


def test_a_corrected_time_does_not_count() -> None:
    total = np.full(2 * 1440, 100.0)
    bad = np.zeros_like(total)
    bad[1500:1510] = 100
    begin = START + 1500 * MINUTE
    iso = [np.datetime64(int(begin + s), "s").astype(str) + "Z" for s in (0, 600)]
    correction = {"from": iso[0], "to": iso[1], "reason": "drill"}
    span = (START + DAY, START + DAY + 6 * HOUR)
    assert run(Scripted(counters(total, bad)), slo(), *span).summary.pages == 1
    result = run(Scripted(counters(total, bad)), slo(corrections=[correction]), *span)
    assert (result.summary.pages, result.summary.bad, result.summary.total) == (0, 0, 100 * 350)
