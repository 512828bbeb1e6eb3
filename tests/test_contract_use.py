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
    "alert_acknowledged_until_timestamp_seconds": "for rows of dashboards, which a later version brings",
    "experiment_variant_events": "the numerator of experiment_variant_metric_value, for queries of one's own",
    "experiment_variant_expected_loss_ratio": "for experiment-detail, which a later version brings",
    "experiment_variant_kill_e_value": "as above",
    "experiment_variant_p_value": "the tables show the e-value, which holds more",
    "experiments": "totals, for queries of one's own",
    "experiment_cost_limit": "for experiment-detail, as above",
    "experiment_design_effect": "for experiment-detail, as above",
    "experiment_last_participant_timestamp_seconds": "for experiment-detail, as above",
    "experiment_recommendation_info": "for experiment-detail, as above",
    "experiment_remaining_participants": "for experiment-detail, as above",
    "experiment_remaining_seconds": "for experiment-detail, as above",
    "experiment_segment_lift_lower_ratio": "for experiment-detail, as above",
    "experiment_segment_lift_ratio": "for experiment-detail, as above",
    "experiment_segment_lift_upper_ratio": "for experiment-detail, as above",
    "experiment_segment_srm_p_value": "for experiment-detail, as above",
    "experiment_segment_verdict": "for experiment-detail, as above",
    "experiment_stalled_after_seconds": "for experiment-detail, as above",
    "experiment_variant_cost": "for experiment-detail, as above",
    "experiment_variant_cost_impact": "for experiment-detail, as above",
    "experiment_variant_roi_lower_ratio": "for experiment-detail, as above",
    "experiment_variant_roi_ratio": "for experiment-detail, as above",
    "experiment_variant_roi_upper_ratio": "for experiment-detail, as above",
    "experiment_variant_slo_breach": "for experiment-detail, as above",
    "experiment_variant_slo_burn_rate": "for experiment-detail, as above",
    "experiment_variant_traffic_recommended_ratio": "for experiment-detail, as above",
    "experiment_variant_trend": "for experiment-detail, as above",
    "experiment_variant_value_per_day": "for experiment-detail, as above",
    "experiment_variant_value_per_day_lower": "for experiment-detail, as above",
    "experiment_variant_value_per_day_upper": "for experiment-detail, as above",
    "experiment_waiting_loss_per_day": "for experiment-detail, as above",
    "experiments_cost_impact": "for experiment-detail, as above",
    "experiments_win_ratio_mean": "for experiment-detail, as above",
    "pattern_engagement_ratio": "for variants-live, which a later version brings",
    "pattern_fatigue_e_value": "as above",
    "pattern_freshness_ratio": "as above",
    "prediction_calibration_error_ratio": "as above",
    "suggestion_info": "as above",
    "variant_engagement_ratio": "as above",
    "variant_impressions": "as above",
    "variant_interactions": "as above",
    "variant_kill_e_value": "as above",
    "variant_kills_total": "as above",
    "variant_predicted_engagement_ratio": "as above",
    "variant_sessions": "as above",
    "variant_sessions_stale": "as above",
    "variant_time_to_kill_seconds": "as above",
    "winburn_collector_duration_seconds": "for the health dashboard, which a later version brings",
    "winburn_collector_series": "as above",
    "winburn_config_last_reload_success_timestamp_seconds": "as above",
    "winburn_config_last_reload_successful": "as above",
    "winburn_live_clients": "as above",
    "winburn_live_push_total": "as above",
    "winburn_series_dropped_total": "as above",
}
"""Families that no rule and no dashboard names, with the reason; an entry that is named after all is removed."""

# A metric name stands where no label name can: before a brace, bracket, operator or the end, and not inside quotes.
_NAME = re.compile(r'"(?:[^"\\]|\\.)*"|([a-zA-Z_:][a-zA-Z0-9_:]*)')


def named_series(expression: str) -> set[str]:
    """Names in an expression that begin like ours or Prometheus' own; label names and functions do not."""
    prefixes = ("slo_", "experiment", "winburn_", "process_", "python_", "variant_", "pattern_", "ALERTS", "up")
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
