"""The series under Sloth's and Pyrra's names before promtool: values, labels, and the joins of their dashboards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from alert_rules import generate
from alert_rules.compat import Kind, compat_file
from exporter.contract import select
from tests.alert_rules.example import EMPTY, FULL, slo, spec
from tests.e2e.test_rules import run, write
from winburn.servers import Servers

BOTH: tuple[Kind, ...] = ("sloth", "pyrra")
ONE = spec(
    slos=[
        slo("checkout-availability", objective=75, labels={"team": "payments"}),
        slo("zones", service="edge", objective=50, period="28d", group_by=["zone"]),
        slo("quiet", group_by=["zone"]),
    ]
)
GROUPS = {"zone=eu": ("0.25", "0.5"), "zone=us": ("0.125", "0.25")}
"""Group -> error ratio and burn rate."""
ID = 'sloth_id="checkout-availability", sloth_service="checkout", sloth_slo="availability", team="payments"'
ZONES = 'sloth_id="edge-zones", sloth_service="edge", sloth_slo="zones"'
JOIN = "on (sloth_id, sloth_slo, sloth_service) group_left ()"
PYRRA_BUDGET = '((pyrra_availability{slo="%s"} - on(slo) pyrra_objective{slo="%s"})) / (1 - pyrra_objective{slo="%s"})'


def series() -> list[dict[str, str]]:
    """What two exporters serve; b lags a little behind in what is bad."""
    found: list[dict[str, str]] = []

    def gauge(name: str, in_a: str, in_b: str | None = None, **labels: str) -> None:
        for replica, value in (("a", in_a), ("b", in_b or in_a)):
            selector = select(name, **labels).removesuffix("}")
            found.append({"series": f'{selector},job="winburn",instance="{replica}"}}', "values": f"{value}x4"})

    info = {"slo_service": "checkout", "category": "availability", "source": "prod", "period": "30d"}
    gauge("slo_info", "1", slo="checkout-availability", team="payments", **info)
    gauge("slo_objective_ratio", "0.75", slo="checkout-availability")
    gauge("slo_period_seconds", "2592000", slo="checkout-availability")
    for window, ratio, lagging in (("5m", "0.5", "0.25"), ("1h", "0.25", "0.125"), ("period", "0.125", "0.0625")):
        gauge("slo_error_ratio", ratio, lagging, slo="checkout-availability", window=window)
        rate = str(4 * float(ratio))
        gauge("slo_burn_rate", rate, slo="checkout-availability", window=window)
    gauge("slo_error_budget_remaining_ratio", "0.5", "0.75", slo="checkout-availability")
    gauge("slo_events", "600", slo="checkout-availability", window="5m")
    gauge("slo_bad_events", "300", "150", slo="checkout-availability", window="5m")
    for group, (ratio, rate) in GROUPS.items():
        of = {"slo": "zones", "slo_group": group}
        gauge("slo_info", "1", **of, **info, zone=group.removeprefix("zone="))
        gauge("slo_objective_ratio", "0.5", **of)
        gauge("slo_period_seconds", "2419200", **of)
        for window in ("5m", "period"):
            gauge("slo_error_ratio", ratio, **of, window=window)
            gauge("slo_burn_rate", rate, **of, window=window)
        gauge("slo_error_budget_remaining_ratio", str(1 - float(rate)), **of)
        gauge("slo_events", "900", **of, window="5m")
    return found


def zones(name: str, *values: float, more: str = "") -> list[tuple[str, float]]:
    return [
        (f'{name}{{{ZONES}{more}, slo="zones", slo_group="zone={zone}", zone="{zone}"}}', value)
        for zone, value in zip(("eu", "us"), values, strict=True)
    ]


def checkout(name: str, value: float, more: str = "") -> list[tuple[str, float]]:
    return [(f'{name}{{{ID}{more}, slo="checkout-availability"}}', value)]


EXPECTED: dict[str, list[tuple[str, float]]] = {
    "slo:sli_error:ratio_rate5m": [
        *checkout("slo:sli_error:ratio_rate5m", 0.5, ', sloth_window="5m"'),
        *zones("slo:sli_error:ratio_rate5m", 0.25, 0.125, more=', sloth_window="5m"'),
    ],
    "slo:sli_error:ratio_rate1h": checkout("slo:sli_error:ratio_rate1h", 0.25, ', sloth_window="1h"'),
    "slo:sli_error:ratio_rate30d": checkout("slo:sli_error:ratio_rate30d", 0.125, ', sloth_window="30d"'),
    "slo:sli_error:ratio_rate4w": zones("slo:sli_error:ratio_rate4w", 0.25, 0.125, more=', sloth_window="4w"'),
    "slo:sli_error:ratio_rate3d": [],
    "slo:objective:ratio": [
        *checkout("slo:objective:ratio", 0.75),
        (f'slo:objective:ratio{{{ZONES}, slo="zones"}}', 0.5),
    ],
    "slo:error_budget:ratio": [
        *checkout("slo:error_budget:ratio", 0.25),
        (f'slo:error_budget:ratio{{{ZONES}, slo="zones"}}', 0.5),
    ],
    "slo:time_period:days": [
        *checkout("slo:time_period:days", 30),
        (f'slo:time_period:days{{{ZONES}, slo="zones"}}', 28),
    ],
    "slo:current_burn_rate:ratio": [
        *checkout("slo:current_burn_rate:ratio", 2, ', sloth_window="5m"'),
        *zones("slo:current_burn_rate:ratio", 0.5, 0.25, more=', sloth_window="5m"'),
    ],
    "slo:period_burn_rate:ratio": [
        *checkout("slo:period_burn_rate:ratio", 0.5, ', sloth_window="30d"'),
        *zones("slo:period_burn_rate:ratio", 0.5, 0.25, more=', sloth_window="4w"'),
    ],
    "slo:period_error_budget_remaining:ratio": [
        *checkout("slo:period_error_budget_remaining:ratio", 0.5, ', sloth_window="30d"'),
        *zones("slo:period_error_budget_remaining:ratio", 0.5, 0.75, more=', sloth_window="4w"'),
    ],
    "sloth_slo_info": [
        *checkout("sloth_slo_info", 1, ', sloth_objective="75"'),
        (f'sloth_slo_info{{{ZONES}, sloth_objective="50", slo="zones"}}', 1),
    ],
    # Sloth's own definition of the burn rate, which its dashboards write out.
    f"slo:sli_error:ratio_rate5m / {JOIN} slo:error_budget:ratio": [
        *checkout("", 2, ', sloth_window="5m"'),
        *zones("", 0.5, 0.25, more=', sloth_window="5m"'),
    ],
    "pyrra_objective": [
        ('pyrra_objective{slo="checkout-availability"}', 0.75),
        ('pyrra_objective{slo="zones zone=eu"}', 0.5),
        ('pyrra_objective{slo="zones zone=us"}', 0.5),
    ],
    'pyrra_window{slo!~"zones.*"}': [('pyrra_window{slo="checkout-availability"}', 2592000)],
    "pyrra_availability": [
        ('pyrra_availability{slo="checkout-availability"}', 0.875),
        ('pyrra_availability{slo="zones zone=eu"}', 0.75),
        ('pyrra_availability{slo="zones zone=us"}', 0.875),
    ],
    "pyrra_requests:rate5m": [
        ('pyrra_requests:rate5m{slo="checkout-availability"}', 2),
        ('pyrra_requests:rate5m{slo="zones zone=eu"}', 3),
        ('pyrra_requests:rate5m{slo="zones zone=us"}', 3),
    ],
    "pyrra_errors:rate5m": [('pyrra_errors:rate5m{slo="checkout-availability"}', 1)],
    # The budget as Pyrra's detail dashboard computes it.
    PYRRA_BUDGET % (("checkout-availability",) * 3): [('{slo="checkout-availability"}', 0.5)],
    PYRRA_BUDGET % (("zones zone=us",) * 3): [('{slo="zones zone=us"}', 0.75)],
}


def checked() -> dict[str, Any]:
    tests = [
        {
            "expr": expr,
            "eval_time": "2m",
            "exp_samples": [{"labels": labels, "value": value} for labels, value in found],
        }
        for expr, found in EXPECTED.items()
    ]
    return {
        "rule_files": [compat_file(kind) for kind in BOTH],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series(), "promql_expr_test": tests}],
    }


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("which", [FULL, EMPTY, ONE], ids=["full", "empty", "one"])
def test_promtool_finds_nothing_wrong(servers: Servers, tmp_path: Path, which: Any, kind: Kind) -> None:
    files = generate(which, [kind])
    write(tmp_path, files)
    done = run(servers.need("promtool"), "check", "rules", "--lint=all", "--lint-fatal", tmp_path / compat_file(kind))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{files[compat_file(kind)].count('- record: ')} rules found" in done.stdout


def test_promtool_reads_the_values_that_their_dashboards_expect(servers: Servers, tmp_path: Path) -> None:
    write(tmp_path, {**generate(ONE, BOTH), "compat.test.yml": yaml.safe_dump(checked(), width=1000)})
    done = run(servers.need("promtool"), "test", "rules", tmp_path / "compat.test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


MUTATIONS = {
    "the lagging exporter is believed": (
        r"max by \(slo, slo_group\) \(slo_error",
        "min by (slo, slo_group) (slo_error",
    ),
    "the larger rest of the budget is believed": (r"min by", "max by"),
    "the group is lost": (r"max by \(slo, slo_group\) \(slo_burn_rate", "max by (slo) (slo_burn_rate"),
    "every group has a budget of its own": (r"1 - max by \(slo\)", "1 - max by (slo, slo_group)"),
    "pyrra's groups are one": (r'"slo", " ", "slo", "slo_group"', '"slo", " ", "slo"'),
    "a rate of an hour": (r"/ 300", "/ 3600"),
    "the burn rate of another window": (r'(slo_burn_rate\{[^}]*window=)"period"', r'\1"1h"'),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_broken_rule_is_found(servers: Servers, tmp_path: Path, name: str) -> None:
    right, wrong = MUTATIONS[name]
    files = generate(ONE, BOTH)
    broken = {each: re.sub(right, wrong, text) if "compat" in each else text for each, text in files.items()}
    assert broken != files, "the mutation changes nothing"
    write(tmp_path, {**broken, "compat.test.yml": yaml.safe_dump(checked(), width=1000)})
    done = run(servers.need("promtool"), "test", "rules", tmp_path / "compat.test.yml")
    assert done.returncode != 0
    assert "exp:" in done.stdout + done.stderr or "error" in done.stdout + done.stderr
