"""The dashboards against Grafana's own types of three major versions, and mistakes that nothing else finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dashboards import lint, sdk
from tests.dashboards.documents import Json, dashboards, panel
from tests.dashboards.grafana_types import MAJORS, check
from tests.grafana_npm import installed_or_skip

TABLE, BURN, BARS, STATES = (
    "SLOs, worst first",
    "Burn rate over time (1h)",
    "Coverage of the period",
    "Status over time",
)


@pytest.fixture(scope="module", autouse=True)
def _packages() -> None:
    installed_or_skip()


def _set(title: str, *path: str | int, value: object) -> Callable[[Json], None]:
    def spoil(page: Json) -> None:
        place = panel(page, title)
        for key in path[:-1]:
            place = place[key]
        assert isinstance(place, list) or place.get(path[-1]) != value
        place[path[-1]] = value

    return spoil


def _column(title: str, name: str, *path: str, value: object) -> Callable[[Json], None]:
    """Spoil a property of a column, whichever override it is in."""

    def spoil(page: Json) -> None:
        overrides = panel(page, title)["fieldConfig"]["overrides"]
        (found,) = (
            each
            for override in overrides
            if override["matcher"]["options"] == name
            for each in override["properties"]
            if each["id"] == path[0]
        )
        place, keys = found, ["value", *path[1:]]
        for key in keys[:-1]:
            place = place[key]
        assert place.get(keys[-1]) != value
        place[keys[-1]] = value

    return spoil


CUSTOM = ("fieldConfig", "defaults", "custom")
MISTAKES: dict[str, tuple[str, Callable[[Json], None]]] = {
    "a cell of a type that no table has": (
        TABLE,
        _column(TABLE, "Status", "custom.cellOptions", "type", value="color-backgrounds"),
    ),
    "a gauge of a mode that there is not": (
        TABLE,
        _column(TABLE, "Budget left", "custom.cellOptions", "mode", value="retro"),
    ),
    "a width that is a string": (TABLE, _column(TABLE, "Budget left", "custom.width", value="170px")),
    "a sparkline with an option too many": (
        TABLE,
        _column(TABLE, "Burn over time", "custom.cellOptions", "hideValues", value=True),
    ),
    "decimals that are a string": (TABLE, _column(TABLE, "Burn (1h)", "decimals", value="2")),
    "an end of a gauge that is a string": (TABLE, _column(TABLE, "Budget left", "max", value="1")),
}


@pytest.mark.parametrize("major", MAJORS)
def test_tsc_finds_nothing(major: str, tmp_path: Path) -> None:
    assert check(dashboards(), major, tmp_path) == {}


def test_tsc_finds_what_nothing_else_does(tmp_path: Path) -> None:
    spoilt = {}
    for mistake, (_, spoil) in MISTAKES.items():
        page = dashboards()["winburn-slo-overview"]
        spoil(page)
        assert (mistake, [*lint.lint(page), *sdk.check(page)]) == (mistake, [])
        spoilt[mistake] = page
    found = check(spoilt, MAJORS[-1], tmp_path)
    for mistake, (title, _) in MISTAKES.items():
        assert len(found.get(mistake, [])) == 1, (mistake, found.get(mistake))
        assert found[mistake][0].startswith(f"{title}."), found[mistake]
