"""What the report asks of Prometheus, asked of a real one: alerts that fired, evidence, and how things stood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exporter.sources.prometheus_api import PrometheusApi
from winburn.report.prometheus import Prometheus
from winburn.report.values import Period

pytestmark = pytest.mark.e2e
BASE = 1_700_000_100
PERIOD = Period(float(BASE), BASE + 7200.0, "")


def samples() -> Iterator[str]:
    """Two hours every 15 s: a page from minute 10 to 20, one that still fires, evidence with a hole, two replicas."""
    yield "# TYPE ALERTS gauge"
    alert = 'alertname="SLOErrorBudgetBurn",severity="page"'
    for state, tier, first, last in (
        ("firing", "fast", 600, 1200),
        ("pending", "fast", 500, 600),
        ("firing", "medium", 6900, 7200),
    ):
        for second in range(first, last + 1, 15):
            yield f'ALERTS{{{alert},alertstate="{state}",slo="web",tier="{tier}"}} 1 {BASE + second}'
    yield "# TYPE experiment_variant_e_value gauge"
    for instance in ("a", "b"):
        labels = f'experiment="button",variant="green",metric="sale",instance="{instance}",job="winburn"'
        for second in range(0, 7201, 15):
            if not 3000 <= second < 4500:
                yield f"experiment_variant_e_value{{{labels}}} {1 + second} {BASE + second}"
    yield "# TYPE experiment_variant_lift_ratio gauge"
    yield f'experiment_variant_lift_ratio{{experiment="button",variant="green",metric="sale"}} 0.25 {BASE + 7190}'
    yield "# EOF"


@pytest.fixture
def server(prometheus: Callable[..., object], tmp_path: Path) -> Prometheus:
    blocks = tmp_path / "samples.txt"
    blocks.write_text("\n".join(samples()) + "\n")
    running = prometheus("global: {scrape_interval: 15s}\n", retention="50y", blocks_from=blocks)
    return Prometheus(PrometheusApi("prod", running.url, timeout=60))  # type: ignore[attr-defined]


def test_it_answers_what_the_report_asks(server: Prometheus) -> None:
    fired = server.fired(PERIOD)["web", ""]
    assert [(f.tier, f.severity, f.open) for f in fired] == [("fast", "page", False), ("medium", "page", True)]
    assert fired[0].since - BASE == pytest.approx(600, abs=30)
    # A range selector sees a sample for as long as its own width, and no longer.
    assert fired[0].until - BASE == pytest.approx(1200, abs=30)
    evidence = server.evidence("button", "sale", 0.05, PERIOD)
    assert evidence is not None
    ((variant, pieces),) = evidence.lines
    assert (variant, len(pieces)) == ("green", 2)
    assert pieces[-1][-1][1] == pytest.approx(7201, abs=60)
    assert server.evidence("none", "sale", 0.05, PERIOD) is None
    standing = server.standing(PERIOD.end)
    assert {(s.name, s.value) for s in standing} >= {("experiment_variant_lift_ratio", 0.25)}
    assert sum(s.name == "experiment_variant_e_value" for s in standing) == 1
