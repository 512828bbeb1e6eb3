"""The names of Sloth and Pyrra: golden, of the catalogue's series only, told apart, as their dashboards want them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from alert_rules import RULES_FILE, generate
from alert_rules.compat import KINDS, Kind, compat_file, compat_text, sloth_identity, sloth_windows
from exporter.contract import FAMILIES
from exporter.spec import Slo
from exporter.windows import PERIOD
from tests.alert_rules.example import EMPTY, FULL, slo, spec
from winburn.cli import main

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "rules"
BOTH: tuple[Kind, ...] = ("sloth", "pyrra")
OF_SLOTH = {
    *(f"slo:sli_error:ratio_rate{window}" for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")),
    "slo:objective:ratio",
    "slo:error_budget:ratio",
    "slo:time_period:days",
    "slo:current_burn_rate:ratio",
    "slo:period_burn_rate:ratio",
    "slo:period_error_budget_remaining:ratio",
    "sloth_slo_info",
}
OF_PYRRA = {
    "pyrra_objective",
    "pyrra_window",
    "pyrra_availability",
    "pyrra_requests:rate5m",
    "pyrra_errors:rate5m",
}


def rules(kind: Kind, name: str | None = None) -> list[dict[str, Any]]:
    groups = yaml.safe_load(compat_text(FULL, kind))["groups"]
    return [rule for group in groups for rule in group["rules"] if name is None or group["name"].endswith(f"-{name}")]


def one(**more: Any) -> Slo:
    (made,) = spec(slos=[slo(more.pop("name", "a"), **more)]).slos
    return made


@pytest.mark.parametrize("kind", BOTH)
def test_a_file_is_as_it_was_agreed(kind: Kind) -> None:
    path, text = GOLDEN / compat_file(kind), generate(FULL, [kind])[compat_file(kind)]
    if os.environ.get("WINBURN_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), (
        "if this is meant, run again with WINBURN_GOLDEN=1 and read the diff"
    )


def test_the_same_spec_gives_the_same_bytes_in_every_process_and_order() -> None:
    code = (
        "import sys; from alert_rules import generate; from tests.alert_rules.example import FULL;"
        "sys.stdout.reconfigure(encoding='utf-8'); print(generate(FULL, ('sloth', 'pyrra')))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "77")
    }
    assert len(outputs) == 1
    turned = FULL.model_copy(update={"slos": FULL.slos[::-1]})
    assert generate(turned, BOTH) == generate(FULL, BOTH)


def test_without_being_asked_for_there_is_no_such_file_and_the_others_stay_as_they_are() -> None:
    plain = generate(FULL)
    assert not any("compat" in name for name in plain)
    assert plain.items() <= generate(FULL, BOTH).items()


def test_a_30_day_slo_has_every_series_that_its_tool_records() -> None:
    assert {rule["record"] for rule in rules("pyrra", "checkout-availability")} == OF_PYRRA
    calendar = {rule["record"] for rule in rules("sloth", "edge-availability")}
    assert {rule["record"] for rule in rules("sloth", "checkout-availability")} == calendar == OF_SLOTH


@pytest.mark.parametrize("kind", BOTH)
def test_series_are_of_the_catalogue_and_which_exporter_said_it_is_aggregated_away(kind: Kind) -> None:
    for rule in rules(kind):
        bare = re.sub(r"\{[^}]*\}|by \([^)]*\)|\"[^\"]*\"", "", rule["expr"])
        named = set(re.findall(r"[a-z_][a-z0-9_]*", bare)) - {"max", "min", "label_replace", "label_join"}
        assert len(named) == 1
        assert named <= set(FAMILIES)
        assert re.search(r"\b(max|min) by \(slo(, slo_group)?\) \(", rule["expr"])
        assert "instance" not in rule["expr"]
        assert "job" not in rule["expr"]


@pytest.mark.parametrize("kind", BOTH)
def test_names_are_valid_in_every_prometheus_and_no_two_rules_give_one_series(kind: Kind) -> None:
    for rule in rules(kind):
        assert re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", rule["record"])
    seen = [(rule["record"], tuple(sorted(rule.get("labels", {}).items()))) for rule in rules(kind)]
    assert len(set(seen)) == len(seen)


def test_labels_are_those_of_the_slo_and_of_sloth_and_no_templates() -> None:
    note = 'zahlt {{ "bald" }}, größtenteils'
    own = {"team": "payments", "note": note}
    who = {"sloth_id": "checkout-availability", "sloth_service": "checkout", "sloth_slo": "availability"}
    found = {rule["record"]: rule["labels"] for rule in rules("sloth", "checkout-availability")}
    assert found["slo:objective:ratio"] == own | who
    assert found["slo:sli_error:ratio_rate1h"] == own | who | {"sloth_window": "1h"}
    assert found["slo:period_burn_rate:ratio"] == own | who | {"sloth_window": "30d"}
    assert found["sloth_slo_info"] == own | who | {"sloth_objective": "99.9"}


def test_pyrra_has_no_label_but_slo() -> None:
    # Pyrra's budget panel divides (availability - on(slo) objective) by (1 - objective): only {slo} matches {slo}.
    for rule in rules("pyrra"):
        assert set(rule.get("labels", {})) <= {"slo"}
        assert " by (slo) (" in rule["expr"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["shop-latency"], ["latency"]),
        (["latency"], ["latency"]),
        (["latency", "shop-latency"], ["latency", "shop-latency"]),
        (["shop", "shop-"], ["shop", "shop-"]),
        (["shop-a", "shop-shop-a"], ["a", "shop-shop-a"]),
    ],
)
def test_an_slo_has_the_short_name_that_sloth_knew_and_no_other_has_it(names: list[str], expected: list[str]) -> None:
    slos = spec(slos=[slo(name, service="shop") for name in names]).slos
    found = [sloth_identity(each, slos) for each in slos]
    assert all(each["sloth_id"] == f"shop-{each['sloth_slo']}" for each in found)
    assert [each["sloth_slo"] for each in found] == expected


def test_what_was_converted_from_sloth_has_the_identity_that_it_had_there() -> None:
    cases = ROOT / "tests" / "winburn" / "convert" / "cases"
    before, after = (
        yaml.safe_load((cases / name).read_text("utf-8")) for name in ("sloth_file.in.yaml", "sloth_file.out.yml")
    )
    slos = spec(slos=[slo(each["name"], service=each["service"]) for each in after["slos"]]).slos
    known = {(f"{before['service']}-{each['name']}", before["service"], each["name"]) for each in before["slos"]}
    found = {tuple(sloth_identity(each, slos).values()) for each in slos}
    assert found
    assert found <= known


def test_the_same_short_name_in_another_service_is_no_hindrance() -> None:
    slos = spec(slos=[slo("latency", service="search"), slo("shop-latency", service="shop")]).slos
    assert [sloth_identity(each, slos)["sloth_id"] for each in slos] == ["search-latency", "shop-latency"]


@pytest.mark.parametrize(
    ("period", "name"),
    # As github.com/prometheus/common/model.Duration.String writes them, and so Sloth names its series.
    [("30d", "30d"), ("28d", "4w"), ("7d", "1w"), ("90d", "90d"), ("365d", "1y"), ("36h", "1d12h"), ("1w1d", "8d")],
)
def test_the_period_is_written_as_prometheus_writes_it(period: str, name: str) -> None:
    windows = sloth_windows(one(period=period))
    assert list(windows.items())[-1] == (name, PERIOD)


def test_a_period_as_long_as_a_window_is_recorded_once_and_longer_windows_are_not() -> None:
    assert sloth_windows(one(period="1h")) == {"5m": "5m", "30m": "30m", "1h": PERIOD}
    assert sloth_windows(one(period={"calendar": "day"}))["1d"] == PERIOD


def test_an_empty_spec_gives_files_without_groups() -> None:
    for kind in BOTH:
        assert yaml.safe_load(compat_text(EMPTY, kind)) == {"groups": []}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_out_is_named_in_the_file_and_recorded_nowhere(kind: Kind) -> None:
    text = compat_text(FULL, kind)
    head = text.partition("groups:")[0]
    assert head.startswith("# DO NOT EDIT")
    left_out = {
        "sloth": ("sloth_version", "sloth_mode", "sloth_spec", "sloth_severity", "slo:numerator_correction:ratio"),
        "pyrra": (":burnrate", ":increase", "pyrra_requests_total", "ErrorBudgetBurn", "SLOMetricAbsent"),
    }[kind]
    for name in left_out:
        assert name in head
        assert name not in text.removeprefix(head)


def test_the_command_writes_and_checks_them(tmp_path: Path) -> None:
    file = tmp_path / "winburn.yml"
    file.write_text(
        "sources: {prod: {type: prometheus, url: 'http://localhost:9090'}}\n"
        "slos:\n"
        "  - {name: a, service: s, objective: 99.9, period: 30d, sli: {source: prod, total: t_total, bad: b_total}}\n",
        encoding="utf-8",
    )
    words = ["rules", str(file), "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(main, words).exit_code == 0
    names = {compat_file(kind) for kind in BOTH}
    assert {path.name for path in (tmp_path / "out").iterdir()} & names == set()
    asked = [*words, "--compat", "sloth", "--compat", "pyrra"]
    assert CliRunner().invoke(main, [*asked, "--check"]).exit_code == 1
    assert CliRunner().invoke(main, asked).exit_code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {*names, RULES_FILE}
    assert CliRunner().invoke(main, [*asked, "--check"]).exit_code == 0
    assert CliRunner().invoke(main, [*words, "--compat", "nobl9"]).exit_code == 2
