"""Real data through a real Prometheus: 49 hours of PetShop's PetSite, against exact counts of another file."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.shared_data import shared

END = 1692785100  # the last sample
FIRST = 1692608460

SPEC = """\
sources:
  prod: {{type: prometheus, timeout: 2m, url: "{url}"}}
slos:
  - name: petsite
    service: petsite
    objective: 99.9
    period: 30d
    sli:
      source: prod
      total: http_requests_total{{service="petsite"}}
      bad: http_requests_total{{service="petsite",code=~"5.."}}
    labels: {{team: pets}}
"""

Values = dict[tuple[str, str], float]


@pytest.fixture
def once(prometheus: Callable[..., Any], tmp_path: Path) -> Callable[[float], Values]:
    """`winburn once --at`: (family, window) -> value."""
    samples = tmp_path / "petsite.openmetrics.txt"
    samples.write_bytes(gzip.decompress(shared("data/petshop/petsite_low.openmetrics.txt.gz").read_bytes()))
    server = prometheus("global: {}\n", retention="50y", blocks_from=samples)
    spec = tmp_path / "winburn.yml"
    spec.write_text(SPEC.format(url=server.url))

    def run(at: float) -> Values:
        command = [sys.executable, "-m", "winburn", "once", str(spec), "--at", str(at)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert not list(tmp_path.glob("*.db")), "--at writes no state"
        return {
            (sample.name, sample.labels.get("window", "")): sample.value
            for family in text_string_to_metric_families(done.stdout)
            for sample in family.samples
        }

    return run


def test_the_burn_rate_of_an_hour_is_exact(once: Callable[[float], Values]) -> None:
    assert once(1692773100)["slo_burn_rate", "1h"] == pytest.approx(111.09389525875426, rel=1e-6)


def test_an_end_between_slot_edges_is_the_very_end_of_every_window(once: Callable[[float], Values]) -> None:
    """One minute of samples later, every window has moved by exactly that minute."""
    at, later = once(1692773100), once(1692773160)
    assert later["slo_burn_rate", "1h"] != at["slo_burn_rate", "1h"]
    moved = _counter(1692773160, 60) - _counter(1692773160 - 86400, 60)
    assert later["slo_events", "1d"] - at["slo_events", "1d"] == pytest.approx(moved, abs=1e-6)


def test_the_period_has_every_request_since_the_first_sample(once: Callable[[float], Values]) -> None:
    values = once(END)
    requests, errors = _exact_counts()
    assert values["slo_events", "period"] == pytest.approx(requests, rel=1e-12)
    assert values["slo_bad_events", "period"] == pytest.approx(errors, rel=1e-12)
    assert values["slo_error_ratio", "period"] == pytest.approx(errors / requests)
    assert values["slo_error_ratio", "period"] == pytest.approx(0.00408, abs=5e-6)
    assert values["slo_burn_rate", "period"] == pytest.approx(0.278, abs=5e-4)
    assert values["slo_error_budget_remaining_ratio", ""] == pytest.approx(1 - 0.278, abs=5e-4)
    assert values["slo_coverage_ratio", "period"] == pytest.approx((END - FIRST) / (30 * 86400), rel=2e-3)


def _exact_counts() -> tuple[float, float]:
    """Requests and errors of the exact 5 m buckets, less what the first sample, a baseline, had counted already."""
    with gzip.open(shared("data/petshop/requests_5m.csv.gz"), "rt") as stream:
        rows = [row for row in csv.DictReader(stream) if _is_petsite(row)]
    first = {code: steps[0][1] for code, steps in _series().items() if steps[0][0] == FIRST}
    return (
        sum(int(row["requests"]) for row in rows) - sum(first.values()),
        sum(int(row["errors"]) for row in rows) - first["500"],
    )


def _is_petsite(row: dict[str, str]) -> bool:
    return row["service"] == "PetSite" and row["run"] == "low_traffic/noissue"


def _series() -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    text = gzip.decompress(shared("data/petshop/petsite_low.openmetrics.txt.gz").read_bytes()).decode()
    for line in text.splitlines():
        if line.startswith("http_requests_total"):
            name, value, time = line.split(" ")
            found.setdefault(name.split('code="')[1].split('"')[0], []).append((int(time), float(value)))
    return found


def _counter(at: int, seconds: int) -> float:
    """What all series counted in the ``seconds`` before ``at``."""
    return sum(dict(steps).get(at, 0) - dict(steps).get(at - seconds, 0) for steps in _series().values())
