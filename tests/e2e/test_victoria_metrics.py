"""VictoriaMetrics, single node, beside Prometheus: the same samples must give the same ledger."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from exporter.access import Access
from exporter.collectors.slo import SloCollector
from exporter.sources.base import SourceError
from exporter.sources.prometheus import PrometheusSource
from exporter.spec import load_text
from exporter.state import State
from tests.e2e.sid import fetch_sid_victoria_metrics
from winburn.processes import LOOPBACK, Group, free_port, start, wait_http
from winburn.servers import ServersUnavailable, cache_folder

BASE = 1_700_000_100
"""Fixed, so that the blocks are the same each time; the retention reaches back to it. On the grid of 5 m slots."""
SCRAPES, EVERY, POLLED = 240, 15, 40

SPEC = """
sources:
  prod: {type: prometheus, url: "http://unused"}
slos:
  - name: requests
    service: shop
    objective: 99
    period: 7d
    sli: {source: prod, total: http_requests_total, bad: 'http_requests_total{code="500"}'}
  - name: by-zone
    service: shop
    objective: 99
    period: 7d
    group_by: [zone]
    sli: {source: prod, total: http_requests_total, good: 'http_requests_total{code!="500"}'}
  - name: latency
    service: shop
    objective: 99
    period: 7d
    sli: {source: prod, latency: {histogram: 'seconds{job="shop"}', threshold: 0.3}}
"""


@pytest.fixture
def victoria_metrics(group: Group, tmp_path: Path) -> str:
    """The address of a VictoriaMetrics of Debian sid; skips where it cannot be had."""
    try:
        program = fetch_sid_victoria_metrics(
            cache_folder(os.environ), os.environ, lambda line: sys.stderr.write(f"{line}\n")
        )
    except ServersUnavailable as problem:
        pytest.skip(str(problem))
    port = free_port()
    options = [f"-storageDataPath={tmp_path / 'victoria'}", f"-httpListenAddr={LOOPBACK}:{port}"]
    process = group.add(start([program, *options, "-retentionPeriod=100y", "-loggerLevel=WARN"], tmp_path / "log"))
    wait_http(f"http://{LOOPBACK}:{port}/health", 60, process)
    return f"http://{LOOPBACK}:{port}"


def samples() -> Iterator[tuple[str, float, int]]:
    """Series, value and time of an hour: counters that are steady, restart, are born late and go early."""
    for pod, (begin, end, restart, zone) in {
        "steady": (0, SCRAPES, 0, "eu"),
        "restarts": (0, SCRAPES, 97, "eu"),
        "born": (100, SCRAPES, 0, "us"),
        "gone": (0, 150, 0, "us"),
    }.items():
        for i in range(begin, end):
            n = i % restart if restart else i - begin
            labels = f'job="shop",instance="{pod}",zone="{zone}"'
            for code, per_scrape in (("200", 20), ("500", 1)):
                yield f'http_requests_total{{{labels},code="{code}"}}', n * per_scrape, BASE + i * EVERY
            for le, per_scrape in (("0.3", 19), ("+Inf", 20)):
                yield f'seconds_bucket{{{labels},le="{le}"}}', n * per_scrape, BASE + i * EVERY
            yield f"seconds_count{{{labels}}}", n * 20, BASE + i * EVERY


def openmetrics(folder: Path) -> Path:
    path = folder / "samples.txt"
    by_family: dict[str, list[str]] = {"http_requests": [], "seconds_bucket": [], "seconds_count": []}
    for series, value, at in samples():
        name = series.partition("{")[0]
        by_family[name.removesuffix("_total")].append(f"{series} {value} {at}")
    lines: list[str] = []
    for name, written in by_family.items():
        lines += [f"# TYPE {name} {'counter' if name == 'http_requests' else 'unknown'}", *written]
    path.write_text("\n".join([*lines, "# EOF"]) + "\n")
    return path


def fill(url: str, found: Iterator[tuple[str, float, int]] | list[tuple[str, float, int]]) -> None:
    body = "\n".join(f"{series} {value} {at * 1000}" for series, value, at in found)
    assert requests.post(f"{url}/api/v1/import/prometheus", data=body, timeout=30).status_code == 204
    assert requests.get(f"{url}/internal/force_flush", timeout=30).ok


def ledgers(url: str, *, series_limit: int = 5000) -> list[Any]:
    """What is known at the end: the backfill of fifty minutes, then a poll for each 15 s of the other ten."""
    source = PrometheusSource("prod", url, series_limit=series_limit, timeout=60)
    spec = load_text(SPEC)
    state = State("sqlite://")
    collector = SloCollector(source, spec.slos, state, refresh=EVERY, origin=0.0, keep_seconds=60.0)
    found = []
    for i in range(SCRAPES - POLLED, SCRAPES):
        assert not [report.error for report in collector.collect(float(BASE + i * EVERY)) if report.error]
        if i in (SCRAPES - POLLED, SCRAPES - 1):
            found.append(
                [
                    (track.slo.name, name, track.exact, group.ledger.window(span))
                    for track in collector.tracks
                    for name, group in sorted(track.groups.items())
                    for span in (300.0, 1800.0, 3600.0, 7 * 86400.0)
                ]
            )
    source.close()
    state.close()
    return found


def test_the_same_samples_give_the_same_ledger(
    prometheus: Callable[..., Any], victoria_metrics: str, tmp_path: Path
) -> None:
    fill(victoria_metrics, samples())
    running = prometheus("global: {scrape_interval: 15s}\n", retention="50y", blocks_from=openmetrics(tmp_path))
    ours, theirs = ledgers(running.url), ledgers(victoria_metrics)
    for one, other in zip(ours, theirs, strict=True):
        assert one == other
    # 30 minutes are 120 scrapes of 21 events: of two pods all, of one less a restart's, of one the first 30.
    half_hour = next(each[-1] for each in ours[-1] if each[0] == "requests" and each[-1].seconds == 1800)
    assert (half_hour.total, half_hour.bad) == (21 * (120 + 120 + 119 + 30), 120 + 120 + 119 + 30)
    # Above the cap of series: what the engines add up themselves differs a little, from the truth and among them.
    for url in (running.url, victoria_metrics):
        for (_, _, exact, window), (*_, sums, added) in zip(ours[-1], ledgers(url, series_limit=3)[-1], strict=True):
            assert (exact, sums) == (True, False)
            if window.seconds <= 1800:
                assert (added.total, added.bad) == pytest.approx((window.total, window.bad), rel=0.05)


def test_the_newest_samples_are_not_hidden(victoria_metrics: str) -> None:
    """VictoriaMetrics would answer for 30 s ago where it is asked of later (-search.latencyOffset)."""
    now = int(time.time())
    fill(victoria_metrics, [("ticks_total", at, at) for at in range(now - 300, now + 1)])
    for params, behind in (({}, 5), ({"latency_offset": "250s", "nocache": "0"}, 250)):
        source = PrometheusSource("prod", victoria_metrics, series_limit=10, access=Access(params=params), timeout=60)
        (reading,) = source.counters(["ticks_total"], float(now - 5))
        assert not isinstance(reading, SourceError)
        (value,) = reading.values()
        assert value == now - 5 if behind == 5 else value <= time.time() - behind
        (matrix,) = source.history(["ticks_total"], now - 290.0, now - 5.0, 1.0)
        assert not isinstance(matrix, SourceError)
        assert (matrix.values[0] == np.arange(now - 290, now - 4)).all() == (behind == 5)
        assert source.retention_start(float(now)) is None
        assert source.up is True
        source.close()
