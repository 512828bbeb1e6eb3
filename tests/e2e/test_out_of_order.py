"""A real Prometheus into which samples come late and backwards: `winburn serve` counts each event once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Running
from tests.e2e.exporter import Exporter, serve
from tests.e2e.remote_write import FLAG, push
from winburn.processes import Group

CONFIG = "storage: {tsdb: {out_of_order_time_window: 1h}}\n"
SPEC = """\
refresh: 1s
lag: 2s
max_age: 60s
sources: {{prod: {{type: prometheus, url: "{url}"}}}}
slos:
  - name: checkout
    service: shop
    objective: 99
    period: 7d
    sli: {{source: prod, total: hits_total, bad: misses_total}}
state: {{url: "sqlite:///{name}.db"}}
"""
PAST, RATES = 600, {"hits_total": 10.0, "misses_total": 1.0}
HELD = 8
"""Samples that are held back and then written backwards: the oldest comes 8 s late, four times the spec's lag."""


class Late:
    """A counter that began ten minutes ago; of each eight seconds the last is written first, and the first last."""

    def __init__(self, url: str) -> None:
        self.url, self.since = url, time.time() // 1 - PAST
        self.write(*range(PAST))
        self.written, self._over = PAST - 1, threading.Event()
        self._thread = threading.Thread(target=self._go_on)
        self._thread.start()

    def write(self, *seconds: int) -> None:
        push(
            self.url, {name: [(self.since + s, rate * s) for s in seconds] for name, rate in RATES.items()}, job="shop"
        )

    def end(self) -> int:
        """Stop, and how many seconds the counters have seen."""
        self._over.set()
        self._thread.join()
        return self.written

    def _go_on(self) -> None:
        while not self._over.wait(max(0.0, self.since + self.written + HELD - time.time())):
            for second in range(self.written + HELD, self.written, -1):
                self.write(second)
                time.sleep(0.1)
            self.written += HELD


@pytest.fixture
def prod(prometheus: Callable[..., Running]) -> Running:
    return prometheus(CONFIG, extra_args=[FLAG])


@pytest.fixture
def late(prod: Running) -> Iterator[Late]:
    running = Late(prod.url)
    yield running
    running.end()


def counted(exporter: Exporter) -> dict[str, float]:
    scrape = exporter.scrape()
    (total,), (bad,) = (
        scrape.values(name, slo="checkout", window="period") for name in ("slo_events", "slo_bad_events")
    )
    return {"hits_total": total, "misses_total": bad}


def test_samples_that_come_late_and_backwards_are_counted_once(
    prod: Running, late: Late, group: Group, wait_for: Callable[[Callable[[], object], float], None], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yml").write_text(SPEC.format(url=prod.url, name=name))
    exporter = serve(group, tmp_path / "one.yml")
    seen, until = [counted(exporter)], time.monotonic() + 3 * HELD
    while time.monotonic() < until:
        seen.append(counted(exporter))
        time.sleep(0.2)
    for name, rate in RATES.items():
        values = [each[name] for each in seen]
        assert values == sorted(values), "a late sample takes nothing back"
        assert values[-1] > values[0] >= rate * (PAST - HELD - 5)
    seconds = late.end()
    truth = {name: pytest.approx(rate * seconds, abs=1e-6) for name, rate in RATES.items()}
    wait_for(lambda: counted(exporter) == truth, 60)
    time.sleep(2)
    assert counted(exporter) == truth, "and nothing is counted again"
    another = serve(group, tmp_path / "two.yml")
    assert counted(another) == truth, "who reads the same as the past finds the same"
    assert exporter.scrape().values("winburn_source_up") == [1]
