"""The shape of the native branch; what it does is shown by promtool in tests/e2e/test_native_rules.py."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from alert_rules import RULES_FILE, generate
from alert_rules.native import native_branch, native_group, outside, span
from exporter.spec import Correction, Spec, tiers_in_force
from tests.alert_rules.example import slo, spec


def native(**more: Any) -> Spec:
    sources = {"prod": {"type": "prometheus", "url": "http://localhost:9090", "rules": True}}
    return Spec.model_validate({"sources": sources, "slos": [slo("a", **more)]})


def records(one: Spec) -> dict[str, str]:
    return {record.name: record.expr for record in native_group(one.slos[0]).records}


def test_without_rules_on_the_source_nothing_is_recorded() -> None:
    one = spec(slos=[slo("a")])
    assert "slo:sli" not in generate(one)[RULES_FILE]
    assert not native_branch(one.slos[0], tiers_in_force(one.slos[0])[0][0], one)


def test_what_is_recorded_carries_the_slo_alone() -> None:
    groups = yaml.safe_load(generate(native(labels={"team": "x"}))[RULES_FILE])["groups"]
    (group,) = (each for each in groups if each["name"] == "winburn-native-a")
    assert group["interval"] == "1m"
    assert all(rule["labels"] == {"slo": "a"} for rule in group["rules"])


def test_a_good_series_that_is_missing_is_an_outage_and_a_bad_one_is_none() -> None:
    assert records(native())["slo:sli_bad:rate5m"] == (
        'sum(rate(requests_total{code=~"5.."}[5m])) or sum(rate(requests_total[5m])) * 0'
    )
    good = native(sli={"source": "prod", "total": "t", "good": "g"})
    assert records(good)["slo:sli_bad:rate5m"] == (
        "clamp_min(sum(rate(t[5m])) - (sum(rate(g[5m])) or sum(rate(t[5m])) * 0), 0)"
    )


def test_windows_are_recorded_once_and_the_five_minutes_are_the_rate() -> None:
    found = records(native())
    windows = {name.partition("increase")[2] for name in found if "increase" in name}
    assert windows == {"30m", "1h", "2h", "6h", "1d", "3d"}
    assert found["slo:sli_bad:increase1h"].startswith('sum_over_time(slo:sli_bad:rate5m{slo="a"}[59m59s]) * 60 and ')
    assert found["slo:sli_total:increase1h"].startswith('avg_over_time(slo:sli_total:rate5m{slo="a"}[59m59s]) * 3600 ')


def test_without_a_gate_there_is_no_table() -> None:
    assert not any("chance" in name for name in records(native(alerting={"low_traffic_gate": None})))


@pytest.mark.parametrize(("seconds", "minutes"), [(300, 5), (330, 6), (3600, 60)])
def test_windows_are_whole_minutes(seconds: int, minutes: int) -> None:
    assert span(seconds) == minutes * 60


def test_a_correction_ends_when_no_rate_sees_it_any_more() -> None:
    once = Correction.model_validate({"from": "1970-01-01T00:10:00Z", "to": "1970-01-01T00:20:00Z", "reason": "x"})
    assert list(outside(once)) == ["(1 - (time() > bool 600) * (time() < bool 1500))"]


def test_a_correction_that_cannot_be_said_stands_in_the_file() -> None:
    berlin = {"rrule": "FREQ=DAILY", "start": "02:00", "duration": "1h", "timezone": "Europe/Berlin", "reason": "x"}
    assert "# NOT left out here: corrections[0]: " in generate(native(corrections=[berlin]))[RULES_FILE]
