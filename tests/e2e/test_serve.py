"""The life of a real `winburn serve`: start, stop, kill, a store that is lost, a port that is taken."""

from __future__ import annotations

import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.exporter import Exporter, serve
from tests.e2e.small_world import COUNTS, counting, events, killed, written
from tests.exporter.sources.fake_prometheus import Fake, Handler
from winburn.processes import LOOPBACK, Group, stop

Wait = Callable[[Callable[[], object], float], None]
LONG = 600
"""Seconds, far more than a signal or an answer may need."""


@pytest.fixture
def prod() -> Iterator[Fake]:
    fake = counting(time.time() - 3600)
    yield fake
    fake.close()


@pytest.fixture
def spec(prod: Fake, tmp_path: Path) -> Path:
    return written(prod, tmp_path)


def fill_the_disk(exporter: Exporter) -> None:
    """No file of the process may grow beyond what the log needs: permissions would not stop root."""
    resource.prlimit(exporter.process.popen.pid, resource.RLIMIT_FSIZE, (2**16, resource.RLIM_INFINITY))


def empty_the_disk(exporter: Exporter) -> None:
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(exporter.process.popen.pid, resource.RLIMIT_FSIZE, unlimited)


def move_away(exporter: Exporter) -> None:
    (exporter.process.log.parent / "state").rename(exporter.process.log.parent / "away")


def move_back(exporter: Exporter) -> None:
    (exporter.process.log.parent / "away").rename(exporter.process.log.parent / "state")


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can limit a running process")
@pytest.mark.parametrize(
    ("lose", "restore", "sentence"),
    [
        (move_away, move_back, "was removed or replaced while in use"),
        (fill_the_disk, empty_the_disk, "the state store cannot be written: "),
    ],
)
def test_a_store_that_cannot_be_written_is_said_once_and_costs_no_numbers(
    lose: Callable[[Exporter], None],
    restore: Callable[[Exporter], None],
    sentence: str,
    spec: Path,
    group: Group,
    wait_for: Wait,
) -> None:
    exporter = serve(group, spec)
    began = events(exporter)
    lose(exporter)
    wait_for(lambda: exporter.scrape().values("winburn_collector_success", collector="slo:prod") == [0], 60)
    broken = events(exporter)
    wait_for(lambda: events(exporter) > broken >= began, 60)
    told = [event for event in exporter.log() if sentence in event["msg"]]
    assert {event["level"] for event in told} == {"warning"}
    subjects = [event["msg"].partition(": ")[0] for event in told]
    assert len(set(subjects)) == len(subjects), "each who needs the store says it once"
    assert "slo:prod (state store)" in subjects
    assert exporter.scrape().values("winburn_source_up", source="prod") == [1]
    restore(exporter)
    wait_for(lambda: exporter.scrape().values("winburn_collector_success", collector="slo:prod") == [1], 60)


def test_a_kill_loses_neither_counts_nor_latches(prod: Fake, spec: Path, group: Group, wait_for: Wait) -> None:
    first = serve(group, spec)
    (spec.parent / "counts.csv").write_text(COUNTS.format(n=2000, a=200, b=20))
    wait_for(lambda: killed(first) == [1], 60)
    counted = events(first)
    first.process.popen.send_signal(signal.SIGKILL)
    first.process.popen.wait()
    (spec.parent / "counts.csv").write_text(COUNTS.format(n=2000, a=200, b=200))
    prod.asked.clear()
    second = serve(group, spec)
    assert killed(second) == [1], "a kill is not undone by better numbers"
    assert events(second) >= counted
    starts = [float(form["start"]) for _, form, _ in prod.asked if "start" in form]
    assert all(time.time() - start < 300 for start in starts), "the past is not read again"


def hang_for_long(prod: Fake, spec: Path) -> None:
    """And let the exporter wait for it as long."""

    def hang(fake: Fake, handler: Handler, _form: dict[str, str]) -> None:
        fake.over.wait(LONG)
        handler.close_connection = True

    prod.behaviour = hang
    spec.write_text(spec.read_text().replace("type: prometheus,", f"type: prometheus, timeout: {LONG}s,"))


def test_a_signal_ends_it_at_once_with_0_even_while_it_reads_a_past_that_hangs(
    prod: Fake, spec: Path, group: Group, wait_for: Wait
) -> None:
    hang_for_long(prod, spec)
    exporter = serve(group, spec, ready=False)
    wait_for(lambda: prod.asked, 60)
    assert stop(exporter.process, grace=60) == 0
    assert exporter.log()[-1]["msg"] == "stopped"
    assert "Traceback" not in exporter.process.log.read_text()


def test_before_the_first_evaluation_there_is_an_answer(prod: Fake, spec: Path, group: Group) -> None:
    hang_for_long(prod, spec)
    exporter = serve(group, spec, ready=False)
    ready, metrics = exporter.get("/-/ready"), exporter.get("/metrics")
    assert ready.status_code == 503
    assert ready.text.startswith("not yet: ")
    assert metrics.status_code == 200
    assert "winburn_build_info{" in metrics.text
    assert "slo_" not in metrics.text.replace("winburn_slo", "")
    assert exporter.get("/").status_code == 200


def test_a_port_that_is_taken_is_one_sentence(spec: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        address = f"{LOOPBACK}:{taken.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, "-m", "winburn", "serve", "--config.file", spec, "--web.listen-address", address],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    assert done.returncode == 1
    (sentence,) = [line for line in done.stderr.splitlines() if "level=" not in line]
    assert sentence.startswith(f"winburn: cannot listen on {address}: another program listens there; ")
