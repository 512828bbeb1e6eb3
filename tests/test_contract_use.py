"""Every series that rules and dashboards name is in the contract, and the contract has no series that nobody sees."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import alert_rules
import dashboards
from exporter.contract import FAMILIES, LATENCY_SERIES, PROCESS_SERIES
from exporter.spec import load_text

ROOT = Path(__file__).resolve().parent.parent
SPEC = """\
sources:
  prod: {type: prometheus, url: "http://localhost:9090"}
  shop: {type: sql, url: "sqlite:///shop.db"}
slos:
  - {name: web, service: web, objective: 99.9, period: 30d, sli: {source: prod, total: a_total, bad: b_total}}
engagement: {source: shop}
experiments:
  - name: button
    control: blue
    variants: {blue: 0.5, green: 0.5}
    metrics: [{name: conversion, kind: proportion, source: shop, query: "SELECT variant, n, successes FROM t"}]
"""

PROMETHEUS_OWN = {"ALERTS", "ALERTS_FOR_STATE", "up"}

NOT_SHOWN = {
    "experiment_applied_total": "the audit trail says more; for alerts of one's own",
    "experiment_variant_events": "the numerator of experiment_variant_metric_value, for queries of one's own",
}
"""Families that no rule and no dashboard names, with the reason; an entry that is named after all is removed."""

# A metric name stands where no label name can: before a brace, bracket, operator or the end, and not inside quotes.
_NAME = re.compile(r'"(?:[^"\\]|\\.)*"|([a-zA-Z_:][a-zA-Z0-9_:]*)')


def named_series(expression: str) -> set[str]:
    """Names in an expression that begin like ours or Prometheus' own; label names and functions do not."""
    ours = ("slo_", "experiment", "winburn_", "variant_", "pattern_", "prediction_", "suggestion_")
    prefixes = (*ours, "alert_acknowledged", "process_", "python_", "ALERTS", "up")
    found = {match.group(1) for match in _NAME.finditer(expression) if match.group(1)}
    labels = {label for family in FAMILIES.values() for label in family.all_labels}
    return {name for name in found if name.startswith(prefixes)} - (labels - set(FAMILIES))


def expressions() -> Iterator[tuple[str, str]]:
    """(where, PromQL) of every generated rule and dashboard query."""
    spec = load_text(SPEC)
    for name, text in {**alert_rules.generate(spec), **dashboards.generate(spec)}.items():
        if name.endswith(".rules.yml"):
            for group in yaml.safe_load(text)["groups"]:
                yield from ((f"{name}: {rule.get('alert')}", str(rule["expr"])) for rule in group["rules"])
        elif name.endswith(".json"):
            yield from ((name, expr) for expr in _exprs(json.loads(text)))


def _exprs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("expr", "definition") or (key == "query" and isinstance(value, str)):
                yield str(value)
            else:
                yield from _exprs(value)
    elif isinstance(node, list):
        for item in node:
            yield from _exprs(item)


def test_every_series_of_rules_and_dashboards_is_in_the_contract() -> None:
    known = {*FAMILIES, *PROCESS_SERIES, *LATENCY_SERIES, *PROMETHEUS_OWN}
    unknown = {(where, name) for where, expr in expressions() for name in named_series(expr) - known}
    assert not unknown
    assert len(list(expressions())) > 30


def test_every_series_of_the_contract_is_shown_somewhere_or_has_a_reason_not_to_be() -> None:
    shown = {name for _, expr in expressions() for name in named_series(expr)}
    assert set(FAMILIES) - shown == set(NOT_SHOWN) - shown
    assert not set(NOT_SHOWN) - set(FAMILIES)


def test_every_family_of_the_contract_is_made_by_the_exporter() -> None:
    strings = {
        node.value
        for package in ("exporter", "winburn")
        for path in (ROOT / package).rglob("*.py")
        if "contract" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not {name for name in FAMILIES if name not in strings}


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ('max by (slo, slo_group) (slo_burn_rate{slo="slo_x",window="1h"} > 14.4)', {"slo_burn_rate"}),
        ('label_values(slo_info{category=~"$category"}, slo_service)', {"slo_info"}),
        ("absent(winburn_build_info)", {"winburn_build_info"}),
        ("slo_burnrate", {"slo_burnrate"}),
    ],
)
def test_names_are_found_in_expressions(expression: str, names: set[str]) -> None:
    assert named_series(expression) == names
