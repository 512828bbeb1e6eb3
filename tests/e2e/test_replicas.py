"""Two exporters on one spec and a real Prometheus say the same at the same instant, whatever they were started at."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.spec import load
from tests.e2e import conftest
from tests.e2e.test_postgres_source import Cluster, cluster
from tests.e2e.test_state_postgres import url
from winburn.running import Running, Watching

__all__ = ["Cluster", "cluster", "url"]  # fixtures

BEGIN = 1_750_000_000 // 3600 * 3600
STEP = 15
SAMPLES = 600
LATE = 4
OWN = ("winburn_", "process_", "python_")
FIRST = BEGIN + 5400
"""The first instant that is evaluated: an hour and a half of the past is there."""
SPEC = """\
sources: {{prod: {{type: prometheus, timeout: 2m, url: "{prometheus}"}}}}
slos:
  - name: plain
    service: s
    objective: 99
    period: 1d
    sli: {{source: prod, total: requests_total, bad: 'requests_total{{code="500"}}'}}
  - name: grouped
    service: s
    objective: 99
    period: 1d
    group_by: [zone]
    sli: {{source: prod, total: requests_total, bad: 'requests_total{{code="500"}}'}}
  - {{name: both, service: s, objective: 99, period: 1d, sli: {{journey: [plain, other]}}}}
  - {{name: other, service: s, objective: 95, period: 1d, sli: {{source: prod, total: requests_total, bad: bad_total}}}}
experiments:
  - name: buttons
    control: blue
    variants: {{blue: 0.5, green: 0.5}}
    metrics:
      - name: conversion
        kind: proportion
        source: prod
        prometheus: {{exposures: exposures_total, events: conversions_total, by: variant, once: true}}
state: {{url: "{state}"}}
"""


def history() -> str:
    """Counters with resets, a series that is born late, and traffic that is not even."""
    random_, lines = random.Random(7), list[str]()
    rates = {
        'requests_total{code="200",zone="a"}': 60,
        'requests_total{code="500",zone="a"}': 1,
        'requests_total{code="200",zone="b"}': 20,
        'requests_total{code="500",zone="b"}': 2,
        "bad_total": 3,
        'exposures_total{variant="blue"}': 30,
        'exposures_total{variant="green"}': 30,
        'conversions_total{variant="blue"}': 6,
        'conversions_total{variant="green"}': 4,
    }
    family = ""
    for series, rate in sorted(rates.items()):
        name = series.partition("{")[0].removesuffix("_total")
        if name != family:
            family = name
            lines.append(f"# TYPE {family} counter")
        value = 0
        for i in range(SAMPLES):
            if 'zone="b"' in series and i in {200, 430}:
                value = 0
            value += random_.randrange(2 * rate)
            if 'code="500",zone="b"' not in series or i > 100:
                lines.append(f"{series} {value} {BEGIN + i * STEP}")
    return "\n".join([*lines, "# EOF", ""])


@contextmanager
def replica(folder: Path, prometheus: str, state: str) -> Iterator[Callable[[float], dict[str, str]]]:
    """An exporter; what it says of an instant, series -> value, of SLOs and experiments."""
    folder.mkdir()
    (folder / "winburn.yml").write_text(SPEC.format(prometheus=prometheus, state=state))
    nobody = Watching(live=False, clients=1, origins=())
    running = Running(load(folder / "winburn.yml"), nobody, progress=lambda *_: None)

    def say(instant: float) -> dict[str, str]:
        lines = running.loop.refresh_once(instant).full.text.decode().splitlines()
        series = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {
            name: value for name, value in series.items() if not name.startswith(("winburn_", "process_", "python_"))
        }

    try:
        yield say
    finally:
        running.close()
        running.state.close()


@pytest.fixture
def prometheus_url(prometheus: Callable[..., conftest.Running], tmp_path: Path) -> str:
    (tmp_path / "history.txt").write_text(history())
    return prometheus("global: {}\n", retention="20y", blocks_from=tmp_path / "history.txt").url


def test_with_a_state_store_each(prometheus_url: str, tmp_path: Path) -> None:
    # Trends compare what each has seen itself over time.
    check(tmp_path, prometheus_url, ["sqlite:///state.db", "sqlite:///state.db"], but="experiment_variant_trend")


def test_with_one_state_store(prometheus_url: str, tmp_path: Path, url: str) -> None:
    check(tmp_path, prometheus_url, [url, url], but=None)


def check(folder: Path, prometheus: str, states: list[str], *, but: str | None) -> None:
    """The second begins some refreshes after the first."""
    with replica(folder / "a", prometheus, states[0]) as first:
        for i in range(LATE):
            first(FIRST + i * STEP)
        with replica(folder / "b", prometheus, states[1]) as second:
            for i in range(LATE, LATE + 8):
                one, other = first(FIRST + i * STEP), second(FIRST + i * STEP)
                names = {name for name in one.keys() | other if but is None or not name.startswith(but)}
                assert {
                    name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)
                } == {}
    assert len(one) > 150
    assert any(name.startswith("slo_burn_rate") and 'slo_group="zone=b"' in name for name in one)
    assert any(name.startswith("slo_burn_rate") and 'slo="both"' in name for name in one)
    assert any(name.startswith("experiment_variant_e_value") for name in one)
