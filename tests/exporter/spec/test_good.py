"""Good specs of every kind: they load without a warning, say the same when they are shown, and fit the schema."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from exporter.spec import Calendar, Spec, json_schema, lint, load, load_text, masked, windows_of
from exporter.spec.strict_yaml import read_yaml

GOOD = sorted((Path(__file__).parent / "good").glob("*.yml"))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_it_loads_without_a_warning(path: Path) -> None:
    assert lint(load(path)) == []


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_what_is_shown_of_it_means_the_same(path: Path) -> None:
    spec = load(path)
    again = load_text(masked(spec))
    assert again.slos == spec.slos
    assert masked(again) == masked(spec)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_it_fits_the_schema_as_written_and_as_shown(path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    validator = jsonschema.Draft202012Validator(json_schema())
    for text in (path.read_text(encoding="utf-8"), masked(load(path))):
        assert list(validator.iter_errors(read_yaml("good", text)[0])) == []


def spec_of(name: str) -> Spec:
    return load(Path(__file__).parent / "good" / f"{name}.yml")


def test_the_kinds_are_told_apart() -> None:
    slos = {slo.name: slo for slo in spec_of("every_sli").slos}
    assert [slo.sli.kind for slo in slos.values()] == [
        "counters",
        "counters",
        "latency",
        "latency",
        "bool",
        "ratio",
        "slices",
        "sql",
        "csv",
        "csv",
        "composite",
        "journey",
    ]
    assert slos["latency"].period == Calendar(calendar="month", timezone="Europe/Berlin")
    csv, default = slos["csv"].sli.csv, slos["csv-with-bad"].sli.csv
    assert csv is not None
    assert default is not None
    assert (csv.bad, csv.good) == (None, "fine")
    assert (default.time, default.total, default.bad, default.good) == ("time", "total", "bad", None)


def test_corrections_are_moments_with_their_zone() -> None:
    drill = spec_of("corrections").slos[0].corrections[0]
    assert drill.begin == datetime(2026, 11, 1, 22, tzinfo=UTC)
    assert drill.end == datetime(2026, 11, 1, 23, 30, tzinfo=UTC)


def test_own_tiers_bring_their_windows_and_are_exact() -> None:
    slo = spec_of("own_tiers").slos[0]
    assert slo.alerting.tiers is not None
    assert slo.alerting.tiers[0].factor == Decimal("14.4")
    assert list(windows_of(slo)) == ["2m", "5m", "20m", "30m", "1h", "2h", "6h", "1d", "period"]
