"""The state store and the process under a real `winburn serve`: a full disk, a damaged file, kills, no descriptors."""

from __future__ import annotations

import os
import random
import resource
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.e2e.exporter import Exporter, serve
from tests.e2e.small_world import COUNTS, counting, events, killed, written
from tests.exporter.sources.fake_prometheus import Fake
from winburn.processes import LOOPBACK, Group, stop

KILLS = 3
Wait = Callable[[Callable[[], object], float], None]


@pytest.fixture
def prod() -> Iterator[Fake]:
    fake = counting(time.time() - 86400)
    yield fake
    fake.close()


@pytest.fixture
def spec(prod: Fake, tmp_path: Path) -> Path:
    return written(prod, tmp_path)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A file system of so many bytes; needs root, as nothing else gives ENOSPC."""
    mounted = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("a full disk needs the right to mount one")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as opened:
        while True:
            opened.write(b"x" * 512)


def successes(exporter: Exporter) -> list[float]:
    return exporter.scrape().values("winburn_collector_success", collector="slo:prod")


def test_a_full_disk_is_said_and_costs_no_numbers_and_heals(spec: Path, group: Group, wait_for: Wait) -> None:
    with small_disk(spec.parent / "state", "4m"):
        exporter = serve(group, spec)
        began = events(exporter)
        filler = spec.parent / "state" / "filler"
        with pytest.raises(OSError, match="No space left"):
            fill(filler)
        # The journal has room of its own until it has grown.
        wait_for(lambda: successes(exporter) == [0], 60)
        broken = events(exporter)
        wait_for(lambda: events(exporter) > broken >= began, 60)
        told = [event["msg"] for event in exporter.log() if "database or disk is full" in event["msg"]]
        assert "slo:prod (state store): the state store cannot be written: database or disk is full" in told
        filler.unlink()
        wait_for(lambda: successes(exporter) == [1], 60)
        counted = events(exporter)
        exporter.process.popen.send_signal(signal.SIGKILL)
        exporter.process.popen.wait()
        again = serve(group, spec)
        assert events(again) >= counted
        stop(again.process)


def test_a_damaged_store_is_set_aside_and_a_kill_is_still_known(spec: Path, group: Group, wait_for: Wait) -> None:
    first = serve(group, spec)
    (spec.parent / "counts.csv").write_text(COUNTS.format(n=2000, a=200, b=20))
    wait_for(lambda: killed(first) == [1], 60)
    counted = events(first)
    stop(first.process)
    (spec.parent / "counts.csv").write_text(COUNTS.format(n=2000, a=200, b=200))
    file = spec.parent / "state" / "winburn.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        words = "SELECT rootpage FROM sqlite_master WHERE name = 'winburn_ledger_slots'"
        (page,) = connection.execute(words).fetchone()
    with file.open("r+b") as opened:
        opened.seek((page - 1) * 4096)
        opened.write(random.Random(1).randbytes(4096))
    second = serve(group, spec)
    assert killed(second) == [1], "what was said is saved from the damaged file"
    assert events(second) >= counted * 0.999, "the past is read from the source again"
    assert second.scrape().values("winburn_state_set_aside") == [1]
    (told,) = [event for event in second.log() if "is set aside as" in event["msg"]]
    assert told["level"] == "error"
    assert [path.name for path in file.parent.glob("*.damaged-*") if path.name[-1].isdigit()]


def test_kills_while_the_past_is_read_cost_no_event(prod: Fake, spec: Path, group: Group, wait_for: Wait) -> None:
    """The counter's value is the truth: 100 a second since a day ago."""
    chance, tried = random.Random(7), 0
    for _ in range(KILLS):
        exporter = serve(group, spec, ready=False)
        time.sleep(chance.uniform(0, 0.6))
        tried += not exporter.scrape().values("slo_events", slo="checkout", window="period")
        exporter.process.popen.send_signal(signal.SIGKILL)
        exporter.process.popen.wait()
    exporter = serve(group, spec)

    def behind() -> float:
        scrape = exporter.scrape()
        (total,), (bad,) = (
            scrape.values(name, slo="checkout", window="period") for name in ("slo_events", "slo_bad_events")
        )
        assert bad == pytest.approx(total * 0.001, rel=0.001)
        seconds = (float(prod.series["hits_total"][0][1](time.time())) - total) / 100
        assert seconds >= 0, "nothing is counted twice"
        return seconds

    print(f"{tried} of {KILLS} kills came before the first number; the newest {behind():.1f} s are not counted yet")
    wait_for(lambda: behind() < 60, 60)  # nothing is lost: the first number is as old as the reading of a day took


def test_without_descriptors_it_goes_on_and_heals(spec: Path, group: Group, wait_for: Wait) -> None:
    exporter = serve(group, spec)
    pid = exporter.process.popen.pid
    in_use = descriptors(pid)
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (in_use + 8, limits[1]))
    port = int(exporter.url.rpartition(":")[2])
    with ExitStack() as held:
        for _ in range(in_use + 40):
            held.enter_context(socket.create_connection((LOOPBACK, port)))
        wait_for(lambda: descriptors(pid) >= in_use + 7, 60)
        time.sleep(5)
        assert exporter.process.popen.poll() is None
    wait_for(lambda: exporter.get("/metrics").ok, 60)
    counted = events(exporter)
    wait_for(lambda: successes(exporter) == [1] and events(exporter) > counted, 60)
    assert len([event for event in exporter.log() if "asyncio" in event["logger"]]) < 10
