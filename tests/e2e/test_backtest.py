"""`winburn backtest` over real data through a real Prometheus: PetShop's runs, each with an injected fault."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.shared_data import shared

START = 1692600000  # where every faulty run is put, so that one span holds them all
NORMAL = "low_traffic/noissue"
FIRST, LAST = 1692608400, 1692785100  # of the normal run, which stays where it was

PAGES_AT_9995 = {
    "high_traffic-train-issue_5.PetSearch": 19,
    "high_traffic-train-issue_5.PetSite": 19,
    "high_traffic-train-issue_6.PetSearch": 25,
    "high_traffic-train-issue_6.PetSite": 20,
    "low_traffic-train-issue_6.PetSearch": 17,
    "low_traffic-train-issue_6.PetSite": 15,
    "low_traffic-train-issue_7.PetSite": 20,
    "temporal_traffic1-train-issue_1.PetSearch": 15,
    "temporal_traffic1-train-issue_1.PetSite": 15,
    "temporal_traffic2-train-issue_1.PetSearch": 16,
    "temporal_traffic2-train-issue_1.PetSite": 17,
}
"""Minutes after the run's begin of the first page, at twice the objective's strictness; the fault begins at 10."""

Buckets = list[tuple[int, int, int]]
Runs = dict[tuple[str, str], Buckets]

HEAD = """\
sources:
  prod: {{type: prometheus, timeout: 2m, url: "{url}"}}
slos:
"""
SLO = """\
  - name: {name}
    service: {service}
    objective: {objective}
    period: 30d
    sli:
      source: prod
      total: requests_total{{run="{run}",service="{label}"}}
      bad: requests_total{{run="{run}",service="{label}",code="500"}}
"""


def _runs() -> Runs:
    """(run, service) -> (time, requests, errors) of its 5-minute buckets."""
    found: Runs = defaultdict(list)
    with gzip.open(shared("data/petshop/requests_5m.csv.gz"), "rt") as stream:
        for row in csv.DictReader(stream):
            bucket = (int(row["unix_ts"]), int(row["requests"]), int(row["errors"]))
            found[row["run"], row["service"]].append(bucket)
    return {key: sorted(buckets) for key, buckets in found.items()}


def _openmetrics(runs: Runs) -> Iterator[str]:
    """Counters with a sample a minute, the requests of a bucket spread evenly over its minutes."""
    yield "# TYPE requests counter"
    for (run, service), buckets in sorted(runs.items()):
        shift = 0 if run == NORMAL else START - buckets[0][0]
        for code in ("200", "500"):
            labels = f'{{run="{run}",service="{service}",code="{code}"}}'
            value = 0
            yield f"requests_total{labels} 0 {buckets[0][0] + shift}"
            for time, requests, errors in buckets:
                count = errors if code == "500" else requests - errors
                for minute in range(1, 6):
                    yield f"requests_total{labels} {value + round(count * minute / 5)} {time + shift + minute * 60}"
                value += count
    yield "# EOF"


def _name(run: str, service: str) -> str:
    return f"{run}.{service.split('_', maxsplit=1)[0]}".replace("/", "-")


@pytest.fixture
def petshop(prometheus: Callable[..., Any], tmp_path: Path) -> Callable[..., list[Any]]:
    """`winburn backtest` of SLOs of all runs at an objective: what it prints as JSON."""
    runs = _runs()
    samples = tmp_path / "petshop.openmetrics.txt"
    samples.write_text("\n".join(_openmetrics(runs)) + "\n")
    server = prometheus("global: {}\n", retention="50y", blocks_from=samples)

    def run(keys: Sequence[tuple[str, str]], objective: str, *arguments: object) -> list[Any]:
        slos = [
            SLO.format(name=_name(*key), service="petshop", objective=objective, run=key[0], label=key[1])
            for key in keys
        ]
        spec = tmp_path / "winburn.yml"
        spec.write_text(HEAD.format(url=server.url) + "".join(slos))
        command = [sys.executable, "-m", "winburn", "backtest", str(spec), "--format", "json", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found: list[Any] = json.loads(done.stdout)
        return found

    return run


def _shown(result: Any) -> str:
    s = result["summary"]
    return f"{result['slo']}: {s['bad']:.0f} of {s['total']:.0f}, {1 - s['remaining']:.2%} of the month's budget"


def test_which_of_the_injected_faults_page_and_when(petshop: Callable[..., list[Any]]) -> None:
    """A fault lasts 10 minutes from the tenth on. Before a run counts as ordinary traffic without errors.

    At 99.9 % none pages, and rightly: the worst spends 1.9 % of the month's budget, and the fast tier pages at 2 %. The
    faults without errors are slow; only a latency SLO can see them.
    """
    keys = sorted(key for key in _runs() if key[0] != NORMAL)
    assert len(keys) == 120
    results = {result["slo"]: result for result in petshop(keys, "99.9", "--from", START, "--to", START + 1500)}
    assert not any(result["firings"] for result in results.values())
    assert max(1 - result["summary"]["remaining"] for result in results.values()) == pytest.approx(0.0190, abs=1e-4)
    failing = [key for key in keys if results[_name(*key)]["summary"]["bad"]]
    stricter = petshop(failing, "99.95", "--from", START, "--to", START + 1500)
    pages = {}
    for result in stricter:
        minutes = [(f["since"] - START) / 60 for f in result["firings"] if f["severity"] == "page"]
        print(f"{_shown(results[result['slo']])}; page at 99.95 %: {min(minutes, default='none')}")
        if minutes:
            pages[result["slo"]] = min(minutes)
    assert pages == PAGES_AT_9995


def test_the_normal_run_would_have_paged_twice(petshop: Callable[..., list[Any]], tmp_path: Path) -> None:
    """49 hours of a service at four times its budget: at the start, and in the hour whose burn is known exactly."""
    out = ("--out", tmp_path / "report", "--objective", 99)
    (result,) = petshop([(NORMAL, "PetSite")], "99.9", "--from", FIRST, "--to", LAST, *out)
    worst = result["summary"]["worst_hour"]
    assert worst["since"] + 3600 == 1692773100
    assert worst["bad"] / worst["total"] / 0.001 == pytest.approx(111.09389525875426, rel=1e-12)
    assert result["summary"]["burn"] == pytest.approx(4.09, abs=5e-3)
    pages = [(f["tier"], f["since"] - FIRST) for f in result["firings"] if f["severity"] == "page"]
    assert pages == [("fast", 30 * 60), ("fast", 2686 * 60), ("medium", 2687 * 60)]
    assert (result["summary"]["pages"], result["what_if"][0]["pages"]) == (2, 0)
    assert (tmp_path / "report" / "backtest.html").stat().st_size > 10_000
