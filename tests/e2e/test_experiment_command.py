"""`winburn experiment` beside a real `winburn serve` on the same state store."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.exporter import Exporter, serve
from tests.winburn.cli.spec_text import TEXT, written
from winburn.processes import Group, stop

Wait = Callable[[Callable[[], object], float], None]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return written(tmp_path, TEXT)


def command(*words: object) -> str:
    every = [sys.executable, "-m", "winburn", "experiment", *map(str, words)]
    return subprocess.run(every, capture_output=True, text=True, check=True).stdout


def status(exporter: Exporter) -> str:
    series = exporter.scrape()
    (found,) = (dict(labels)["status"] for (name, labels), on in series.items() if name == "experiment_status" and on)
    return found


def test_a_running_exporter_takes_it_over_until_the_spec_says_otherwise(
    spec: Path, group: Group, wait_for: Wait
) -> None:
    exporter = serve(group, spec)
    assert status(exporter) == "running"
    command("pause", spec, "buttons", "--why", "the shop is being moved")
    wait_for(lambda: status(exporter) == "paused", 60)
    command("split", spec, "buttons", "a=0.8", "b=0.2", "--why", "ramp down")
    wait_for(lambda: exporter.scrape().values("experiment_variant_traffic_planned_ratio", variant="a") == [0.8], 60)
    stop(exporter.process)

    spec.write_text(TEXT.replace("    control: a\n", "    control: a\n    status: completed\n"))
    exporter = serve(group, spec)
    assert status(exporter) == "completed"
    assert exporter.scrape().values("experiment_variant_traffic_planned_ratio", variant="a") == [0.8]
    assert any("the spec's status changed, and holds again" in event["msg"] for event in exporter.log())
    stop(exporter.process)

    spec.write_text(TEXT)
    assert status(serve(group, spec)) == "running", "the pause does not come back"
