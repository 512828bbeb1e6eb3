from __future__ import annotations

from typing import Any

import pytest

from exporter.spec import Spec, is_native
from exporter.spec.native import lint_native
from tests.alert_rules.example import slo


def native(**more: Any) -> Spec:
    sources = {"prod": {"type": "prometheus", "url": "http://localhost:9090", "rules": True}}
    return Spec.model_validate({"sources": sources, "slos": [slo("a", **more)]})


def warnings(one: Spec) -> list[str]:
    return list(lint_native(one.slos[0], one))


def test_only_a_source_that_the_rules_can_read_has_a_native_branch() -> None:
    one = native()
    assert is_native(one.slos[0], one)
    assert not warnings(one)
    other = one.model_copy(update={"sources": {"prod": one.sources["prod"].model_copy(update={"rules": False})}})
    assert not is_native(other.slos[0], other)


@pytest.mark.parametrize(
    ("sli", "reason"),
    [
        ({"slices": {"good_when": "max(q) < 3"}}, "slices has no form"),
        ({"latency": {"histogram": "h", "threshold": 1, "native": True}}, "native histograms"),
        ({"total": '{job="a"}', "bad": "b"}, "without a metric's name"),
    ],
)
def test_what_has_no_native_form_is_told(sli: dict[str, Any], reason: str) -> None:
    one = native(sli={"source": "prod", **sli})
    assert not is_native(one.slos[0], one)
    (warning,) = warnings(one)
    assert warning.startswith("slos[a].sli: its burn alerts have no native branch")
    assert reason in warning


def test_a_correction_that_promql_cannot_say_is_told() -> None:
    berlin = {"rrule": "FREQ=DAILY", "start": "02:00", "duration": "1h", "timezone": "Europe/Berlin", "reason": "x"}
    once = {"from": "2026-11-01T22:00:00Z", "to": "2026-11-01T23:00:00Z", "reason": "x"}
    one = native(corrections=[once, berlin])
    (warning,) = warnings(one)
    assert warning.startswith("slos[a].corrections[1]: events count in it while the exporter is gone, and may page")
