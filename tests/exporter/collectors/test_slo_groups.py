"""Grouped SLOs over scripted counters: births, departures, the cap, restarts."""

from __future__ import annotations

import math
from collections.abc import Mapping

from exporter.collectors.slo import SloCollector
from exporter.contract import Report
from exporter.sources.base import LABEL_LENGTH, series_key
from exporter.spec import Slo
from exporter.state import State
from tests.exporter.collectors.scripted import BAD, START, TOTAL, Scripted, Series

Steps = list[tuple[float, float]]


def zone_key(zone: str, code: str) -> str:
    return series_key({"__name__": "r", "job": "web", "instance": "a", "zone": zone, "code": code})


def grouped(**more: object) -> Slo:
    sli = {"source": "prod", "total": TOTAL, "bad": BAD}
    fields = {"name": "web", "service": "web", "objective": 99.9, "period": "30d", "group_by": ["zone"], "sli": sli}
    return Slo.model_validate({**fields, **more})


def growing(per_poll: float, *, begin: int = 0, end: int = 10_000, polls: int = 400) -> Steps:
    steps = [(START + i * 15.0, per_poll * (i - begin)) for i in range(begin, min(end, polls))]
    return steps if end >= polls else [*steps, (START + end * 15.0, math.nan)]


def script(zones: Mapping[str, tuple[Steps, Steps]]) -> Scripted:
    total: Series = {}
    bad: Series = {}
    for zone, (good_steps, bad_steps) in zones.items():
        total[zone_key(zone, "200")] = good_steps
        if bad_steps:
            total[zone_key(zone, "500")] = bad[zone_key(zone, "500")] = bad_steps
    return Scripted({TOTAL: total, BAD: bad})


def running(source: Scripted, slo: Slo, *, limit: int = 50, state: State | None = None) -> SloCollector:
    store = state or State("sqlite://")
    return SloCollector(source, [slo], store, refresh=15.0, origin=0.0, keep_seconds=60.0, groups=limit)


def by_group(reports: list[Report], family: str, window: str = "") -> dict[str, float]:
    return {
        labels["slo_group"]: sample.value
        for report in reports
        for sample in (*report.samples, *report.lasting)
        if sample.name == family and (labels := dict(sample.labels)).get("window", "") == window
    }


def test_each_value_is_an_slo_of_its_own() -> None:
    source = script({"eu": (growing(10), growing(1)), "us": (growing(5), [])})
    collector = running(source, grouped())
    for i in range(41):
        reports = collector.collect(START + i * 15)
    assert by_group(reports, "slo_events", "5m") == {"zone=eu": 220, "zone=us": 100}
    assert by_group(reports, "slo_bad_events", "5m") == {"zone=eu": 20, "zone=us": 0}
    assert by_group(reports, "slo_status") == {"zone=eu": 1, "zone=us": 0}
    info = next(s for s in reports[0].lasting if s.name == "slo_info")
    assert dict(info.labels)["zone"] == "eu"


def test_a_group_born_on_a_known_target_counts_from_its_first_value() -> None:
    source = script({"eu": (growing(10), []), "us": (growing(5, begin=20), [])})
    source.script[TOTAL][zone_key("us", "200")][0] = (START + 300.0, 7.0)
    collector = running(source, grouped())
    for i in range(21):
        reports = collector.collect(START + i * 15)
    assert by_group(reports, "slo_events", "5m")["zone=us"] == 7
    for i in range(21, 31):
        reports = collector.collect(START + i * 15)
    assert by_group(reports, "slo_coverage_ratio", "5m")["zone=us"] == 0.5  # measured from its first reading on


def test_a_vanished_group_is_no_data_while_the_others_go_on() -> None:
    source = script({"eu": (growing(10), []), "us": (growing(5, end=40), [])})
    collector = running(source, grouped())
    for i in range(65):
        reports = collector.collect(START + i * 15)
    assert by_group(reports, "slo_status") == {"zone=eu": 0, "zone=us": 3}
    assert by_group(reports, "slo_coverage_ratio", "5m") == {"zone=eu": 1, "zone=us": 0}


def test_the_worst_groups_are_shown_and_the_rest_counted() -> None:
    zones = {f"z{i}": (growing(100), growing(1) if i == 7 else []) for i in range(10)}
    collector = running(script(zones), grouped(), limit=3)
    for i in range(21):
        reports = collector.collect(START + i * 15)
    shown = by_group(reports, "slo_events", "5m")
    assert len(shown) == 3
    assert "zone=z7" in shown
    totals = {s.name: s.value for s in reports[0].samples if s.name.startswith("slo_groups")}
    assert totals == {"slo_groups": 10, "slo_groups_dropped": 7}


def test_a_value_of_any_length_is_a_group_of_its_own_with_a_label_of_200_characters() -> None:
    """Paths and messages end up in labels; each stands in some fifty series of its group, and in the state store."""
    long = "/" + "x" * 100_000
    collector = running(script({f"{long}a": (growing(10), growing(1)), f"{long}b": (growing(5), [])}), grouped())
    for i in range(41):
        reports = collector.collect(START + i * 15)
    events = by_group(reports, "slo_events", "5m")
    assert sorted(events.values()) == [100, 220]
    assert {len(group) for group in events} == {len("zone=") + LABEL_LENGTH}
    assert all(group.startswith(f"zone={long[:100]}") for group in events)
    longest = max(
        len(value) for report in reports for each in (*report.samples, *report.lasting) for _, value in each.labels
    )
    assert longest == len("zone=") + LABEL_LENGTH


def test_what_is_shown_stays_shown_until_something_else_burns() -> None:
    calm = {f"z{i}": (growing(100), []) for i in range(4)}
    burning = {"late": (growing(100), growing(50, begin=30))}
    collector = running(script({**calm, **burning}), grouped(), limit=2)
    shown = [set(by_group(collector.collect(START + i * 15), "slo_events", "5m")) for i in range(60)]
    assert len({frozenset(each) for each in shown[1:30]}) == 1
    assert "zone=late" in shown[-1]
    assert len(shown[-1] & shown[1]) == 1


def test_one_that_is_worse_but_does_not_burn_waits_for_a_free_place() -> None:
    def errors(number: float, begin: int) -> Steps:
        return [(START, 0.0), (START + begin * 15.0, number)]

    zones = {"shown": (growing(100), errors(1, 2)), "later": (growing(100), errors(2, 20))}
    collector = running(script(zones), grouped(), limit=1)
    shown = [set(by_group(collector.collect(START + i * 15), "slo_events", "5m")) for i in range(30)]
    assert shown[3:] == [{"zone=shown"}] * 27


def test_a_restart_changes_nothing() -> None:
    zones = {
        "eu": (growing(10), growing(1)),
        "us": (growing(5, begin=10, end=30), []),
        "ap": (growing(3, begin=25), []),
    }
    straight, state = running(script(zones), grouped()), State("sqlite://")
    restarted = running(script(zones), grouped(), state=state)
    for i in range(60):
        expected = straight.collect(START + i * 15)
        if i in (5, 12, 26, 31, 50):
            restarted = running(script(zones), grouped(), state=state)
        assert restarted.collect(START + i * 15) == expected


def test_only_some_groups_are_followed_where_that_is_asked_for() -> None:
    zones = {"eu": (growing(10), growing(1)), "us": (growing(5), [])}
    state = State("sqlite://")
    only = {"web": frozenset({"zone=eu"})}
    collector = SloCollector(
        script(zones), [grouped()], state, refresh=15.0, origin=0.0, keep_seconds=60.0, only=only
    )  # fmt: skip
    for i in range(5):
        reports = collector.collect(START + i * 15)
    assert set(by_group(reports, "slo_events", "5m")) == {"zone=eu"}
    others = SloCollector(
        script(zones), [grouped()], state, refresh=15.0, origin=0.0, keep_seconds=60.0, only={"web": frozenset()}
    )  # fmt: skip
    assert by_group(others.collect(START + 75), "slo_events", "5m") == {}
    assert {ledger.slo_group for ledger in state.ledgers()} == {""}


def test_what_is_skipped_is_neither_counted_nor_measured() -> None:
    zones = {"eu": (growing(10), growing(1))}
    collector = running(script(zones), grouped())
    for i in range(11):
        collector.collect(START + i * 15)
    collector.tracks[0].skip(START + 20 * 15)
    for i in range(21, 31):
        reports = collector.collect(START + i * 15)
    assert by_group(reports, "slo_events", "30m") == {"zone=eu": 110 + 99}
    assert by_group(reports, "slo_coverage_ratio", "30m")["zone=eu"] == (150 + 135) / 1800
