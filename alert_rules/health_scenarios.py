"""Unit tests of the alerts about shards that never came up, and about data that are stale or left out."""

from __future__ import annotations

import math

from alert_rules.health_rules import SHARD_PATIENCE, health_group, stale_after
from alert_rules.rule import Rule, number
from alert_rules.scenario import PHASE, STEP, Firing, Scenario, held
from exporter.spec import Spec

_RATE_WINDOW = 10
"""Evaluations that the rate of dropped series looks back."""


def shards_scenario(spec: Spec) -> Scenario:
    """Phases: two of three shards come up, and one of them is restarted; dealt into four, the same one stays and three
    of the four come; all four are there, and the one of three still."""
    scenario = Scenario("one shard never came up: a page, until all of them or of another dealing are there")
    (_, rule), hold = _rules(spec, "WinburnDown"), held("WinburnDown")
    first = math.ceil(SHARD_PATIENCE / STEP) + hold
    second, third = first + PHASE, first + 2 * PHASE
    end = third + PHASE
    always, late, last = [("1", end)], [("_", second), ("1", end - second)], [("_", third), ("1", end - third)]
    gone = [("1", second), ("stale", 1), ("_", end - second - 1)]
    stays = [("1", 1), ("stale", 1), ("1", end - 2)]
    scenario.replicas("winburn_build_info", [always, always], version="1", python_version="3")
    there = {"1/3": [stays, stays], "2/3": [gone, gone], "4/4": [last, last]}
    for name in ("1/3", "2/3", "1/4", "2/4", "3/4", "4/4"):
        shard, _, shards = name.partition("/")
        scenario.replicas("winburn_shard_info", there.get(name, [late, late]), shard=shard, shards=shards)
    for count, told in ((3, [stays, stays]), (4, [late, late])):
        for index in range(1, count + 1):
            scenario.replicas("winburn_shard_expected", told, shard=str(index), shards=str(count))
    missing = [Firing(rule, {"shard": shard, "shards": "3"}) for shard in ("2", "3")]
    scenario.check(first - 1, "WinburnDown")
    scenario.check(first, "WinburnDown", missing[1:])
    scenario.check(third - 1, "WinburnDown", missing)
    scenario.check(end - 1, "WinburnDown")
    return scenario


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
