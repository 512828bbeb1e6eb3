"""Unit tests of the alerts about data that are stale or left out."""

from __future__ import annotations

import math

from alert_rules.health_rules import health_group, stale_after
from alert_rules.rule import Rule, number
from alert_rules.scenario import PHASE, STEP, Firing, Scenario, held
from exporter.spec import Spec

_RATE_WINDOW = 10
"""Evaluations that the rate of dropped series looks back."""


def stale_scenario(spec: Spec) -> Scenario:
    """Three collectors: one works, one hangs in exporter b alone, one hangs in both; then it works again."""
    scenario = Scenario("data are stale: fires when a collector works in no exporter, and clears")
    (rule,) = _rules(spec, "WinburnDataStale")
    name = "winburn_collector_last_success_timestamp_seconds"
    end = math.ceil(stale_after(spec) / STEP) + held("WinburnDataStale") + PHASE
    well, hangs = f"0+{number(STEP)}", "0"
    again = f"{number(end * STEP)}+{number(STEP)}"
    for collector, in_a, in_b in (("slo:prod", hangs, hangs), ("experiments", well, hangs), ("slo:shop", well, well)):
        runs = [[(each, end), (again, PHASE)] if each == hangs else [(well, end + PHASE)] for each in (in_a, in_b)]
        scenario.replicas(name, runs, collector=collector)
    scenario.check(math.floor(stale_after(spec) / STEP) + held("WinburnDataStale"), "WinburnDataStale")
    scenario.check(end - 1, "WinburnDataStale", [Firing(rule, {"collector": "slo:prod", "source": "prod"})])
    scenario.check(end + PHASE - 1, "WinburnDataStale")
    return scenario


def dropped_scenario(spec: Spec) -> Scenario:
    """Three more series are left out in each refresh of exporter b; then no more."""
    scenario = Scenario("series are left out: fires while it goes on, and clears")
    (rule,) = _rules(spec, "WinburnSeriesDropped")
    hold = held("WinburnSeriesDropped")
    end, each = _RATE_WINDOW + hold + PHASE, 3 * STEP / spec.refresh
    after = end + _RATE_WINDOW + 1
    last = number(each * (end - 1))
    for family, in_b in (("slo_burn_rate", f"0+{number(each)}"), ("slo_events", "7")):
        more = [(last if family == "slo_burn_rate" else "7", after - end)]
        scenario.replicas("winburn_series_dropped_total", [[("7", after)], [(in_b, end), *more]], family=family)
    scenario.check(hold, "WinburnSeriesDropped")
    scenario.check(end - 1, "WinburnSeriesDropped", [Firing(rule, {"family": "slo_burn_rate"}, 3)])
    scenario.check(after - 1, "WinburnSeriesDropped")
    return scenario


def _rules(spec: Spec, alert: str) -> list[Rule]:
    return [rule for rule in health_group(spec).rules if rule.alert.name == alert]
