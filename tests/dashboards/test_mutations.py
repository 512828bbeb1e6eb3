"""The mutation table: mistakes, each of which its checker finds in a dashboard that was good before.

What only a real Prometheus finds (expressions that are no PromQL, queries that answer nothing) is spoiled in
tests/e2e/test_dashboard_queries.py.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from tests.dashboards import lint, sdk
from tests.dashboards.documents import Json, dashboards, panel

Mistake = tuple[str, Callable[[Json], None]]
"""Who finds it, and how it is made."""


def _expr(title: str, old: str, new: str) -> Callable[[Json], None]:
    def spoil(dashboard: Json) -> None:
        target = panel(dashboard, title)["targets"][0]
        assert old in target["expr"]
        target["expr"] = target["expr"].replace(old, new, 1)

    return spoil


def _set(title: str, *path: str | int, value: object) -> Callable[[Json], None]:
    def spoil(dashboard: Json) -> None:
        place = panel(dashboard, title)
        for key in path[:-1]:
            place = place[key]
        assert place[path[-1]] != value
        place[path[-1]] = value

    return spoil


def _drop(title: str, *path: str | int) -> Callable[[Json], None]:
    def spoil(dashboard: Json) -> None:
        place = panel(dashboard, title)
        for key in path[:-1]:
            place = place[key]
        del place[path[-1]]

    return spoil


def _both(title: str, **values: bool) -> Callable[[Json], None]:
    def spoil(dashboard: Json) -> None:
        target = panel(dashboard, title)["targets"][0]
        assert all(target[key] != value for key, value in values.items())
        target.update(values)

    return spoil


TABLE, BURN, BUDGET = "SLOs, worst first", "Burn rate over time (1h)", "Least budget left"
DEFAULTS = ("fieldConfig", "defaults")
LIVE = "Variants, as they change (Grafana Live)"
MISTAKES: dict[str, Mistake] = {
    "a unit that Grafana does not know": ("fields", _set(BUDGET, *DEFAULTS, "unit", value="percent0to1")),
    "two panels on the same place": ("layout", _set("At risk", "gridPos", "x", value=2)),
    "a panel that sticks out": ("layout", _set("Age of the data", "gridPos", "w", value=8)),
    "a panel too high for a phone": ("layout", _set("How to read this", "gridPos", "h", value=14)),
    "a metric that nobody exports": ("series", _expr(BURN, "slo_burn_rate", "slo_burnrate")),
    "a metric without a selector": ("series", _expr(BURN, "max by (name)", "burning + max by (name)")),
    "replicas that show twice": ("aggregation", _expr("Status over time", "by (name)", "by (name, instance)")),
    "a query that aggregates nothing": ("aggregation", _expr("Status over time", "max by (name) ", "")),
    "thresholds out of order": ("fields", _set(BUDGET, *DEFAULTS, "thresholds", "steps", 2, "value", value=-1)),
    "a first threshold with a value": ("fields", _set(BUDGET, *DEFAULTS, "thresholds", "steps", 0, "value", value=0)),
    "a variable that is not defined": ("variables", _expr(BURN, "$slo", "$objective")),
    "a panel without a title": ("words", _set(BURN, "title", value=" ")),
    "a panel without a description": ("words", _drop(BURN, "description")),
    "an id given twice": ("identity", _set("At risk", "id", value=1)),
    "a refId given twice": ("identity", _set(TABLE, "targets", 1, "refId", value="Status")),
    "a reducer that does not exist": ("reducers", _set(BUDGET, "options", "reduceOptions", "calcs", value=["latest"])),
    "a transformation that does not exist": ("transformations", _set(TABLE, "transformations", 1, "id", value="join")),
    "the table that collapses at one row": ("transformations", _drop(TABLE, "transformations", 0, "filter")),
    "a rename of a query that is gone": ("transformations", _drop(TABLE, "targets", 2)),
    "a sort by a column that is not there": (
        "transformations",
        _set(TABLE, "transformations", 4, "options", "sort", 0, "field", value="Budget"),
    ),
    "an override of a column that is not there": (
        "overrides",
        _set(TABLE, "fieldConfig", "overrides", 2, "matcher", "options", value="Name"),
    ),
    "a matcher that does not exist": (
        "overrides",
        _set(TABLE, "fieldConfig", "overrides", 1, "matcher", "id", value="byLabel"),
    ),
    "a property that does not exist": (
        "overrides",
        _set(TABLE, "fieldConfig", "overrides", 1, "properties", 0, "id", value="custom.displayMode"),
    ),
    "a mapping of an unknown type": (
        "fields",
        _set("Status over time", *DEFAULTS, "mappings", 0, "type", value="values"),
    ),
    "a state said by colour alone": (
        "fields",
        _set("Status over time", *DEFAULTS, "mappings", 0, "options", "2", "text", value=""),
    ),
    "a data source of one installation": ("datasources", _set(BURN, "targets", 0, "datasource", "uid", value="abc")),
    "a key of an older Grafana": ("sdk", _set(TABLE, "fieldConfig", "defaults", "custom", value={"mode": "lcd"})),
    "thresholds as a string": ("sdk", _set(BUDGET, *DEFAULTS, "thresholds", "steps", 0, "value", value="null")),
    "an option of the wrong type": ("sdk", _set(BUDGET, "options", "colorMode", value="colourful")),
    "a null where the SDK has an object": ("sdk", _set(BURN, "datasource", value=None)),
    "percent of a ratio, which is 0..1": ("units", _set(BUDGET, *DEFAULTS, "unit", value="percent")),
    "a ratio without a unit": ("units", _set("Error budget left over time", *DEFAULTS, "unit", value="short")),
    "seconds as bytes": ("units", _set("Age of the data", *DEFAULTS, "unit", value="bytes")),
    "a time of Prometheus, in seconds, as a date": ("units", _expr("Firing alerts", "1000 * ", "")),
    "a tile without a reducer": ("reducers", _drop(BUDGET, "options", "reduceOptions", "calcs")),
    "a table's query that is a series": ("formats", _set(TABLE, "targets", 1, "format", value="time_series")),
    "a graph that asks for now only": ("formats", _both(BURN, instant=True, range=False)),
    "a table that asks over time": ("formats", _both("Firing alerts", instant=False, range=True)),
    "a data source that was dropped": ("datasources", _drop(BURN, "targets", 0, "datasource")),
    "a refId that was dropped": ("identity", _set(BURN, "targets", 0, "refId", value="")),
    "an average of ratios": ("aggregation", _expr(BURN, "max by (name)", "avg by (name)")),
}
LIVE_MISTAKES: dict[str, Mistake] = {
    "a channel that nobody pushes": ("live", _set(LIVE, "targets", 0, "channel", value="stream/winburn/variants")),
    "a stream of somebody else": ("live", _set(LIVE, "targets", 0, "channel", value="stream/other/variant")),
    "a field that is not pushed": ("live", _set(LIVE, "targets", 0, "filter", "fields", 1, value="engagement")),
    "a channel asked of Prometheus": ("datasources", _set(LIVE, "datasource", "uid", value="${datasource}")),
    "a live table that keeps what is gone": (
        "live",
        _set(LIVE, "transformations", 0, "options", "reducers", 0, value="lastNotNull"),
    ),
    "a live table that nobody without Live can see": (
        "live",
        _set("Variants now", "transformations", 2, "options", "renameByName", "Value #Actual", value="Rate"),
    ),
    "more panels than a phone": (
        "phone",
        lambda dashboard: dashboard["panels"].append(copy.deepcopy(dashboard["panels"][0])),
    ),
}


def _found(dashboard: Json, finder: str) -> list[str]:
    found = [f"sdk: {line}" for line in sdk.check(dashboard)] + (lint.lint(dashboard) if finder != "sdk" else [])
    return [line for line in found if line.startswith(f"{finder}: ")]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_checker_finds(mistake: str) -> None:
    finder, spoil = MISTAKES[mistake]
    dashboard = dashboards()["winburn-slo-overview"]
    assert not _found(dashboard, finder)
    spoil(dashboard)
    assert _found(dashboard, finder)


@pytest.mark.parametrize("mistake", LIVE_MISTAKES)
def test_a_checker_finds_of_what_is_live(mistake: str) -> None:
    finder, spoil = LIVE_MISTAKES[mistake]
    dashboard = dashboards()["winburn-variants-live"]
    assert not _found(dashboard, finder)
    spoil(dashboard)
    assert _found(dashboard, finder)


def test_every_check_of_the_lint_has_a_mistake() -> None:
    finders = {finder for finder, _ in (MISTAKES | LIVE_MISTAKES).values()}
    assert finders == {check.__name__ for check in lint.CHECKS} | {"sdk"}
