"""The generated dashboards pass every checker, and every checker finds the mistakes it is there for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dashboards import lint, sdk
from tests.dashboards.documents import Json, dashboards, panel

UIDS = sorted(dashboards())
OVERVIEW = "winburn-slo-overview"


@pytest.mark.parametrize("uid", UIDS)
def test_lint_finds_nothing(uid: str) -> None:
    assert lint.lint(dashboards()[uid]) == []


@pytest.mark.parametrize("uid", UIDS)
def test_the_sdk_reads_and_writes_all_of_it(uid: str) -> None:
    assert sdk.check(dashboards()[uid]) == []


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


TABLE, BURN, BUDGET = "SLOs, worst first", "Burn rate over time (1h)", "Least budget left"
DEFAULTS = ("fieldConfig", "defaults")
MISTAKES: dict[str, tuple[str, Callable[[Json], None]]] = {
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
        _set(TABLE, "transformations", 3, "options", "sort", 0, "field", value="Budget"),
    ),
    "an override of a column that is not there": (
        "overrides",
        _set(TABLE, "fieldConfig", "overrides", 0, "matcher", "options", value="Name"),
    ),
    "a matcher that does not exist": (
        "overrides",
        _set(TABLE, "fieldConfig", "overrides", 0, "matcher", "id", value="byLabel"),
    ),
    "a property that does not exist": (
        "overrides",
        _set(TABLE, "fieldConfig", "overrides", 0, "properties", 0, "id", value="custom.displayMode"),
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
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_checker_finds(mistake: str) -> None:
    finder, spoil = MISTAKES[mistake]
    dashboard = dashboards()[OVERVIEW]
    spoil(dashboard)
    found = [f"sdk: {line}" for line in sdk.check(dashboard)] + (lint.lint(dashboard) if finder != "sdk" else [])
    assert [line for line in found if line.startswith(f"{finder}: ")]
