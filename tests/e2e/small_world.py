"""An SLO on counters and an experiment in a file, as small as a spec can be that has both and keeps state."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.exporter import Exporter
from tests.exporter.sources.fake_prometheus import Fake

SPEC = """\
refresh: 1s
lag: 2s
sources:
  prod: {{type: prometheus, url: "{prod}"}}
  csv: {{type: file, path: counts.csv}}
slos:
  - name: checkout
    service: checkout
    objective: 99
    period: 7d
    sli:
      source: prod
      total: hits_total
      bad: misses_total
experiments:
  - name: buttons
    control: a
    variants: {{a: 0.5, b: 0.5}}
    metrics:
      - name: conversion
        kind: proportion
        source: csv
        csv: {{}}
state: {{url: "sqlite:///state/winburn.db"}}
"""
COUNTS = "variant,n,successes\na,{n},{a}\nb,{n},{b}\n"


def counting(since: float) -> Fake:
    """A Prometheus whose counters rise steadily since then: 100 requests a second, one in a thousand bad."""
    fake = Fake()
    for name, rate in (("hits_total", 100.0), ("misses_total", 0.1)):
        fake.series[name] = [({"job": "shop"}, lambda at, rate=rate: str(max(0.0, (at - since) * rate)))]
    return fake


def written(prod: Fake, folder: Path) -> Path:
    """The spec's file, with the counts and the folder for state that it names."""
    (folder / "state").mkdir()
    (folder / "counts.csv").write_text(COUNTS.format(n=1000, a=100, b=100))
    path = folder / "winburn.yml"
    path.write_text(SPEC.format(prod=prod.url))
    return path


def events(exporter: Exporter) -> float:
    return exporter.scrape().values("slo_events", slo="checkout", window="period")[0]


def killed(exporter: Exporter) -> list[float]:
    return exporter.scrape().values("experiment_variant_early_kill", experiment="buttons", variant="b")
