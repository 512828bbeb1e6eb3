"""Above the cap of series: sums in place of series, and back. tests/e2e/test_victoria_metrics.py asks real servers."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from exporter.collectors.slo_kinds import reads
from exporter.collectors.slo_sums import CALM_SECONDS, in_sums
from exporter.promql import parse_duration
from exporter.sources.base import Matrix, Reading, SourceError, TooManySeries, group_name, label_of, series_key
from exporter.spec import Slo
from exporter.state import State
from tests.exporter.collectors.scripted import BAD, GOOD, START, TOTAL, Scripted, collector, key, slo, steady, values

QUERY = re.compile(r"(sum|count)(?: by \((\w+)\))? \((?:rate\((\w+)\[(\w+)\]\)|(\w+))\)")


@dataclass
class Summing(Scripted):
    """Refuses selectors with more series than ``series_limit`` at an instant; adds up rates without extrapolation."""

    def _reading(self, selector: str, at: float) -> Reading | SourceError:
        match = QUERY.fullmatch(selector)
        if match is None:
            reading = super()._reading(selector, at)
            crowded = not isinstance(reading, SourceError) and len(reading) > self.series_limit
            return TooManySeries(f"{selector}: too many") if crowded else reading
        _, by, rated, within, counted = match.groups()
        found: dict[str, float] = defaultdict(float)
        for name in self.script[rated or counted]:
            before, now = (self._value(rated or counted, name, at - back) for back in (_seconds(within), 0.0))
            if math.isnan(now) or (rated and math.isnan(before)):
                continue
            labels = {by: label_of(name, by)} if by else {}
            found[series_key(labels)] += (now - before) / _seconds(within) if rated else 1.0
        return dict(found)

    def _matrix(self, selector: str, times: np.ndarray) -> Matrix | SourceError:
        readings = [self._reading(selector, at) for at in times.tolist()]
        if failed := [reading for reading in readings if isinstance(reading, SourceError)]:
            return failed[0]
        keys = tuple(sorted({name for reading in readings for name in reading}))  # type: ignore[union-attr]
        rows = [[reading.get(name, math.nan) for reading in readings] for name in keys]  # type: ignore[union-attr]
        return Matrix(times, keys, np.array(rows).reshape(len(keys), len(times)))

    def _value(self, selector: str, name: str, at: float) -> float:
        steps = {name: self.script[selector][name]}
        reading = Scripted({"x": steps})._reading("x", at)
        return reading.get(name, math.nan) if isinstance(reading, dict) else math.nan


def _seconds(text: str | None) -> float:
    return parse_duration(text) if text else 0.0


def exact(reports: Sequence) -> float:
    return values(reports, "winburn_slo_exact")[""]


def test_a_crowd_is_counted_in_sums_and_says_so() -> None:
    script = steady(2 * 3600, total=10, bad=1)
    alone = collector(Summing(script), slo())
    crowded = collector(Summing(script, series_limit=1), slo())
    for at in (START + 3600, START + 3615, START + 3900):
        whole, sums = alone.collect(at), crowded.collect(at)
        for family in ("slo_events", "slo_bad_events"):
            for window in ("5m", "30m"):  # longer ones hold the birth of the series, to which rates are blind
                assert values(sums, family)[window] == pytest.approx(values(whole, family)[window], rel=1e-9)
        assert values(sums, "slo_coverage_ratio") == pytest.approx(values(whole, "slo_coverage_ratio"), rel=0.01)
        assert (exact(whole), exact(sums)) == (1, 0)
        assert sums[0].error is None


def test_the_ledger_goes_on_when_a_crowd_comes_and_when_it_has_gone() -> None:
    script = steady(3 * 3600, total=10, bad=1)
    many = {key("200", f"pod{number}"): [(START + 3600, 0.0), (START + 5400, math.nan)] for number in range(20)}
    source = Summing({TOTAL: {**script[TOTAL], **many}, BAD: script[BAD]}, series_limit=10)
    running = collector(source, slo(), refresh=60)
    seen = []
    for i in range(3 * 60 + 1):
        at = START + i * 60
        reports = running.collect(at)
        seen.append(exact(reports))
        if at >= START + 600:
            assert values(reports, "slo_events")["5m"] == pytest.approx(200, rel=1e-9), i
            assert values(reports, "slo_bad_events")["5m"] == pytest.approx(20, rel=1e-9), i
        assert reports[0].error is None
    changes = [i * 60 for i in range(1, len(seen)) if seen[i] != seen[i - 1]]
    assert changes == [3600, 5400 + CALM_SECONDS]
    assert values(reports, "slo_events")["period"] == pytest.approx(3 * 2400, rel=1e-9)
    assert values(reports, "slo_coverage_ratio")["1h"] == 1


def test_a_crowd_that_swings_around_the_limit_does_not_swing_the_slo() -> None:
    script = steady(4 * 3600)
    pods = {
        key("200", f"pod{number}"): [
            step for k in range(8) for step in ((START + k * 1800, 0.0), (START + k * 1800 + 900, math.nan))
        ]
        for number in range(20)
    }
    source = Summing({TOTAL: {**script[TOTAL], **pods}, BAD: script[BAD]}, series_limit=10)
    running = collector(source, slo(), refresh=100)
    seen = [exact(running.collect(START + i * 100)) for i in range(4 * 36)]
    assert seen == [0] * len(seen)


def test_between_the_limit_and_four_fifths_of_it_nothing_changes() -> None:
    script = steady(4 * 3600)
    pods = {key("200", f"pod{number}"): [(START, 0.0)] for number in range(9)}  # and two more: eleven
    pods[key("200", "pod9")] = [(START, 0.0), (START + 600, math.nan)]
    for limit, after in ((11, 0), (14, 1)):
        source = Summing({TOTAL: {**script[TOTAL], **pods}, BAD: script[BAD]}, series_limit=11)
        running = collector(source, slo(), refresh=100)
        assert exact(running.collect(START + 300)) == 0
        source.series_limit = limit
        for i in range(1, 44):
            reports = running.collect(START + 300 + i * 100)
        assert exact(reports) == after


def test_a_restart_goes_on_in_sums(tmp_path: object) -> None:
    state, script = State(f"sqlite:///{tmp_path}/state.db"), steady(2 * 3600, total=10, bad=1)
    source = Summing(script, series_limit=1)
    before = collector(source, slo(), state=state).collect(START + 3600)
    source.asked.clear()
    after = collector(source, slo(), state=state).collect(START + 3615)
    assert (exact(before), exact(after)) == (0, 0)
    assert source.asked == ["counters"], "the many series are not asked for again"
    assert values(after, "slo_events")["period"] == pytest.approx(values(before, "slo_events")["period"] + 10)


def test_groups_are_added_up_apart() -> None:
    zones = {
        series_key({"__name__": "t", "zone": zone, "pod": str(pod)}): [
            (START + i * 15, float(i * rate)) for i in range(241)
        ]
        for zone, rate in (("eu", 1), ("us", 3))
        for pod in range(4)
    }
    grouped = slo().model_copy(update={"group_by": ("zone",)})
    running = collector(Summing({TOTAL: zones, BAD: {}}, series_limit=3), grouped)
    reports = running.collect(START + 3600)
    found = {
        label: sample.value
        for sample in reports[0].samples
        if sample.name == "slo_events" and dict(sample.labels)["window"] == "30m"
        for label in [dict(sample.labels)["slo_group"]]
    }
    assert found == pytest.approx({group_name({"zone": "eu"}): 480, group_name({"zone": "us"}): 1440})


def test_good_that_vanishes_is_an_outage_in_sums_too() -> None:
    script = steady(3600, total=10, bad=1)
    script[GOOD][key("200")] = [(t, v) if t <= START + 1800 else (t, math.nan) for t, v in script[GOOD][key("200")]]
    reports = collector(Summing(script, series_limit=1), slo(total=TOTAL, good=GOOD)).collect(START + 3600)
    assert exact(reports) == 0
    assert values(reports, "slo_bad_events")["30m"] == pytest.approx(1200)


def test_a_source_that_refuses_sums_too_is_an_error() -> None:
    class Narrow(Summing):
        def _reading(self, _selector: str, _at: float) -> Reading | SourceError:
            return TooManySeries("too many, whatever is asked")

    reports = collector(Narrow(steady(600)), slo()).collect(START + 600)
    assert reports[0].error == "too many, whatever is asked"


def of(**sli: object) -> Slo:
    return Slo.model_validate(
        {
            "name": "web",
            "service": "web",
            "objective": 99,
            "period": "30d",
            "sli": {"source": "prod", **sli},
            "group_by": ["zone"],
        }
    )


def test_the_queries_of_a_native_histogram() -> None:
    found = in_sums(latency := of(latency={"histogram": "h{a='b'}", "threshold": 0.3, "native": True}), reads(latency))
    assert found is not None
    assert found.at_step(15.0) == {
        "total": "histogram_count(sum by (zone) (rate(h{a='b'}[2m])))",
        "good": "histogram_fraction(-Inf, 0.3, sum by (zone) (rate(h{a='b'}[2m]))) * "
        "histogram_count(sum by (zone) (rate(h{a='b'}[2m])))",
        "series": "count by (zone) (h{a='b'})",
        "part_series": "count by (zone) (h{a='b'})",
    }
    assert found.at_step(300.0)["total"] == "histogram_count(sum by (zone) (rate(h{a='b'}[5m])))"
    assert in_sums(latency, found) is None


def test_what_is_no_counter_has_no_sums() -> None:
    for each in (of(bool="up"), of(ratio="avg_over_time(up[$window])")):
        assert in_sums(each, reads(each)) is None
