"""SLOs made of other SLOs, over scripted counters."""

from __future__ import annotations

import pytest

from exporter.collectors.slo import SloCollector
from exporter.collectors.slo_composite import Components, in_order
from exporter.contract import Report
from exporter.spec import Slo
from exporter.state import State
from tests.exporter.collectors.scripted import BAD, START, TOTAL, Scripted, key, values


def made(name: str, **sli: object) -> Slo:
    return Slo.model_validate({"name": name, "service": "s", "objective": 99, "period": "30d", "sli": sli})


def parts() -> tuple[SloCollector, list[Slo]]:
    """Two SLOs: a has 10 events a poll, and all of them bad from the 20th poll on; b has 5, all good."""
    ticks = [(START + i * 15.0, i) for i in range(200)]
    down = [(t, 10.0 * max(0, i - 20)) for t, i in ticks]
    source = Scripted(
        {
            TOTAL: {key("200"): [(t, 10.0 * i) for t, i in ticks]},
            BAD: {key("500"): down},
            "t2": {key("200"): [(t, 5.0 * i) for t, i in ticks]},
            "b2": {},
        }
    )
    slos = [made("a", source="prod", total=TOTAL, bad=BAD), made("b", source="prod", total="t2", bad="b2")]
    return SloCollector(source, slos, State("sqlite://"), refresh=15.0, origin=0.0, keep_seconds=60.0), slos


def run(*composites: Slo, polls: int = 31) -> list[Report]:
    collector, _ = parts()
    components = Components(collector)
    ordered = in_order(composites)
    whole = SloCollector(components, ordered, State("sqlite://"), refresh=15.0, origin=0.0, keep_seconds=60.0)
    for i in range(polls):
        collector.collect(START + i * 15)
        reports = whole.collect(START + i * 15)
    return reports


def test_events_are_added_up_by_weight() -> None:
    reports = run(made("both", composite=[{"slo": "a", "weight": 2}, {"slo": "b"}]))
    assert values(reports, "slo_events", "both")["5m"] == 20 * (2 * 10 + 5)
    assert values(reports, "slo_bad_events", "both")["5m"] == 10 * 2 * 10


def test_a_component_that_is_down_takes_every_journey_with_it() -> None:
    reports = run(made("journey", journey=["a", "b"]))
    assert values(reports, "slo_events", "journey")["5m"] == 200
    assert values(reports, "slo_bad_events", "journey")["5m"] == 100
    assert values(reports, "slo_coverage_ratio", "journey")["5m"] == 1


def test_composites_of_composites_are_fed_in_order() -> None:
    inner = made("inner", composite=[{"slo": "a"}, {"slo": "b"}])
    outer = made("outer", composite=[{"slo": "inner"}, {"slo": "b"}])
    assert [slo.name for slo in in_order([outer, inner])] == ["inner", "outer"]
    reports = run(outer, inner)
    assert values(reports, "slo_events", "outer")["5m"] == 20 * (10 + 5 + 5)


def test_the_past_of_the_components_is_the_past_of_the_composite() -> None:
    collector, _ = parts()
    collector.collect(START + 1500)
    components = Components(collector)
    both = made("both", composite=[{"slo": "a"}, {"slo": "b"}])
    whole = SloCollector(components, [both], State("sqlite://"), refresh=15.0, origin=0.0, keep_seconds=60.0)
    reports = whole.collect(START + 1500)
    assert values(reports, "slo_events", "both")["1h"] == 100 * 15
    assert values(reports, "slo_burn_rate", "both")["period"] == pytest.approx((800 / 1500) / 0.01 * 1500 / 2592000)


def test_a_composite_waits_for_its_components() -> None:
    collector, _ = parts()
    components = Components(collector)
    both = made("both", composite=[{"slo": "a"}, {"slo": "b"}])
    whole = SloCollector(components, [both], State("sqlite://"), refresh=15.0, origin=0.0, keep_seconds=60.0)
    (report,) = whole.collect(START)
    assert report.error is None
    assert report.samples == ()
