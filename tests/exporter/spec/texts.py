"""Texts of specs: pieces, and one with every key that is supported."""

SOURCES = 'sources:\n  prod: {type: prometheus, url: "http://localhost:9090"}\n'


def slo(name: str) -> str:
    return (
        f"slos:\n  - name: {name}\n    service: shop\n    objective: 99.9\n    period: 30d\n"
        "    sli: {source: prod, total: requests_total, bad: errors_total}\n"
    )


EXPERIMENT = """experiments:
  - name: button
    control: blue
    variants: {blue: 0.5, green: 0.5}
    metrics: [{name: conversion, kind: proportion, source: csv}]
"""

EVERY_KEY = """
refresh: 15s
lag: 20s
max_age: 1m
limits: {groups: 20, series: 4000}
sources:
  prom:
    {type: prometheus, url: "http://localhost:9090", headers: {X-Scope-OrgID: a}, token_file: t, timeout: 10s}
  base: {type: sql, url: "sqlite:///data.db", timeout: 1m30s}
  secret: {type: sql, url_file: /run/secrets/url}
  csv: {type: file, path: counts.csv}
slos:
  - name: api-availability
    service: api
    category: availability
    objective: 99.95
    period: 30d
    sli:
      source: prom
      total: requests_total{job="api"}
      bad: requests_total{job="api",code=~"5.."}
    no_data: page
    labels: {team: core}
    runbook: https://runbooks.example/api
    alerting: {page: [fast, medium], ticket: [slow, trickle], low_traffic_gate: 1e-4}
  - name: orders-quality
    service: orders
    objective: 99
    period: 7d
    sli:
      source: base
      sql: SELECT slot, total, good FROM orders WHERE t >= :start AND t < :end AND width = :step
  - name: web-latency
    service: web
    objective: 99
    period: {calendar: month, timezone: Europe/Berlin}
    group_by: [zone]
    sli:
      source: prom
      latency:
        histogram: http_request_duration_seconds
        threshold: 0.3
        native: false
    corrections:
      - from: 2026-11-01T22:00:00Z
        to: 2026-11-01T23:30:00Z
        reason: drill
      - rrule: FREQ=WEEKLY;BYDAY=SU
        start: "02:00"
        duration: 1h
        timezone: Europe/Berlin
        reason: maintenance
    alerting:
      tiers:
        - name: quick
          severity: page
          long: 1h
          short: 5m
          factor: 14.4
        - {name: slow, severity: ticket, long: 1d, short: 2h, budget_share: 0.1}
  - {name: probe, service: web, objective: 99.9, period: 30d, sli: {source: prom, bool: probe_success}}
  - name: queue
    service: web
    objective: 99.9
    period: 30d
    sli:
      source: prom
      slices:
        good_when: max(queue_length) < 100
        slice: 1m
  - {name: ratio, service: web, objective: 99.9, period: 30d, sli: {source: prom, ratio: 'avg_over_time(bad[$window])'}}
  - name: files
    service: web
    objective: 99.9
    period: 30d
    sli:
      source: csv
      csv: {time: slot, total: all, bad: wrong, where: {site: eu}}
  - name: shop
    service: web
    objective: 99.9
    period: 30d
    sli:
      composite:
        - slo: probe
          weight: 2
        - slo: way
  - {name: way, service: web, objective: 99.9, period: 30d, sli: {journey: [probe, queue]}}
experiments:
  - name: price-tag
    kind: bandit
    status: draft
    control: old
    variants: {old: 0.25, new: 0.75}
    metrics:
      - {name: sold, kind: proportion, role: primary, direction: increase, source: base, query: SELECT 1}
      - name: returned
        kind: proportion
        role: secondary
        direction: decrease
        source: prom
        prometheus: {exposures: shown_total, events: returned_total, by: arm}
      - {name: kept, kind: proportion, role: secondary, source: csv, csv: {n: users, time: at, where: {site: eu}}}
    alpha: 0.01
    false_discovery: all
    early_kill: {margin: 0.05, alpha: 0.01}
    labels: {team: growth}
alerting:
  alertmanager: ["http://localhost:9093", "http://localhost:9094"]
  push: true
  external_labels: {cluster: eu1}
  receivers: {page: {webhook_file: pager.url}, ticket: {webhook: "https://tickets.example/hook"}}
live: {grafana: {url: "http://localhost:3000", token_file: grafana.token}}
links: {grafana: "https://grafana.example", runbooks: "https://runbooks.example"}
state: {url: "sqlite:///state.db"}
"""
