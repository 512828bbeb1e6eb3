"""The demo's spec, as the YAML a person would write."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from winburn.demo import traffic

OBJECTIVES = {"checkout-availability": 99.9, "search-latency": 99, "invoice-export": 99.5}
"""The SLOs that the shop's database answers, and their objectives in percent."""
PERIOD_DAYS = 30
KILL_ALPHA, EXPECTED_RATIO = 0.01, 0.5
KILL_LAG = 2
"""Seconds after which people have answered a post, if they do: only views of twice that age count against it."""

_HEAD = """\
# Written by `winburn demo`. Try: winburn check {file}
refresh: 2s
lag: 2s

sources:
  shop: {{type: sql, url: {database}}}
"""

_PROMETHEUS_SOURCE = "  prometheus: {{type: prometheus, url: {prometheus}}}\n"

_SQL_SLO = """
  - name: {name}
    service: {service}
    category: {category}
    objective: {objective}
    period: {period}d
    sli:
      source: shop
      sql: >-
        SELECT :start + CAST((at - :start) / :step AS INTEGER) * :step AS slot,
        SUM(requests) AS total, SUM({bad}) AS bad
        FROM request_log WHERE route = '{route}' AND at >= :start AND at < :end GROUP BY slot
    labels: {{team: {team}}}
"""

_EDGE_SLO = """
  - name: shop-edge
    service: shop
    category: availability
    objective: 99
    period: {period}d
    sli:
      source: prometheus
      total: shop_requests_total{{job="shop"}}
      bad: shop_requests_total{{job="shop",code=~"5.."}}
    labels: {{team: platform}}
"""

_EXPERIMENT = """
  - name: {name}
    control: {control}
    variants: {{{variants}}}
    metrics:
      - name: conversion
        kind: proportion
        source: shop
        query: >-
          SELECT variant, SUM(visits) AS n, SUM(converted) AS successes
          FROM visit_log WHERE experiment = '{name}' GROUP BY variant
        minimum_lift: 0.05
    value: {{metric: conversion, per_event: 12.5, currency: EUR, horizon: 30d}}
    cost:
      source: shop
      query: >-
        SELECT variant, 'operational' AS category, 0.35 * SUM(converted) AS amount
        FROM visit_log WHERE experiment = '{name}' GROUP BY variant
    labels: {{team: {team}}}
"""

_ENGAGEMENT = """
engagement:
  source: shop
  tables: threads
  early_kill: {{rule: evidence, expected_ratio: {ratio}, alpha: {alpha}, lag: {lag}s, min_views: 100}}
  fatigue: {{window: 7d, max_uses: 6, alpha: 0.05}}
  apply: {{kill: {{sql: {{source: shop, statement: "UPDATE variants SET status = 'killed' WHERE id = :variant"}}}}}}
"""

_TAIL = """
alerting:
  receivers:
    page: {{webhook: {receiver}}}
    ticket: {{webhook: {receiver}}}
    experiment: {{webhook: {receiver}}}
    heartbeat: {{webhook: {heartbeat}}}
"""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of the demo are. ``prometheus`` None leaves out what needs it."""

    spec: Path
    database: Path
    state: Path
    receiver: str
    prometheus: str | None = None


def spec_text(places: Places) -> str:
    """The spec: three SLOs, three experiments and the posts from the shop's database, and with Prometheus one SLO from
    the shop's own counters there."""
    slos = [
        _sql_slo("checkout-availability", "checkout", "availability", "failed", "checkout", "payments"),
        _sql_slo("search-latency", "search", "performance", "slow", "search", "discovery"),
        _sql_slo("invoice-export", "invoice-export", "availability", "failed", "invoices", "payments"),
    ]
    head = _HEAD.format(file=places.spec.name, database=_sqlite(places.database))
    if places.prometheus:
        head += _PROMETHEUS_SOURCE.format(prometheus=json.dumps(places.prometheus))
        slos.append(_EDGE_SLO.format(period=PERIOD_DAYS))
    tail = _TAIL.format(receiver=json.dumps(places.receiver), heartbeat=json.dumps(f"{places.receiver}/heartbeat"))
    experiments = [_experiment(each) for each in traffic.EXPERIMENTS]
    state = f"\nstate: {{url: {_sqlite(places.state)}}}\n"
    return (
        head
        + "\nslos:"
        + "".join(slos)
        + "\nexperiments:"
        + "".join(experiments)
        + _ENGAGEMENT.format(ratio=EXPECTED_RATIO, alpha=KILL_ALPHA, lag=KILL_LAG)
        + tail
        + state
    )


def _sql_slo(name: str, route: str, category: str, bad: str, service: str, team: str) -> str:
    return _SQL_SLO.format(
        name=name,
        service=service,
        category=category,
        objective=OBJECTIVES[name],
        period=PERIOD_DAYS,
        bad=bad,
        route=route,
        team=team,
    )


def _experiment(experiment: traffic.Experiment) -> str:
    variants = ", ".join(f"{variant.name}: {variant.share}" for variant in experiment.variants)
    return _EXPERIMENT.format(
        name=experiment.name, control=experiment.variants[0].name, variants=variants, team="growth"
    )


def _sqlite(path: Path) -> str:
    # JSON's strings are YAML's, whatever the folder is called.
    return json.dumps(f"sqlite:///{path.absolute()}")
