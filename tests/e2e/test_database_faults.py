"""Databases that are locked, read-only or gone, under a real `winburn serve`: as source and as state store."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.e2e.exporter import Exporter, serve
from tests.e2e.small_world import SPEC, counting, events, killed
from tests.e2e.test_postgres_source import Cluster, cluster
from tests.exporter.sources.fake_prometheus import Fake
from winburn.processes import Group, stop

__all__ = ["cluster"]  # a fixture
Wait = Callable[[Callable[[], object], float], None]
QUERY = "query: SELECT variant, n, successes FROM counts ORDER BY variant"
WORSE = "UPDATE counts SET n = 2000, successes = CASE variant WHEN 'a' THEN 200 ELSE 20 END"
FILLED = """\
CREATE TABLE counts (variant text, n integer, successes integer);
INSERT INTO counts VALUES ('a', 1000, 100), ('b', 1000, 100);
"""


@pytest.fixture
def prod() -> Iterator[Fake]:
    fake = counting(time.time() - 3600)
    yield fake
    fake.close()


def written(folder: Path, prod: Fake, shop: str, state: str) -> Path:
    """A spec with an SLO of the fake Prometheus and an experiment in a database."""
    text = SPEC.format(prod=prod.url).replace("csv: {type: file, path: counts.csv}", f"shop: {shop}")
    text = text.replace("source: csv\n        csv: {}", f"source: shop\n        {QUERY}")
    path = folder / "winburn.yml"
    path.write_text(text.replace("sqlite:///state/winburn.db", state))
    return path


def served(exporter: Exporter) -> list[float]:
    return exporter.scrape().values("experiment_variant_participants", experiment="buttons")


def told(exporter: Exporter, sentence: str) -> list[str]:
    return [event["msg"] for event in exporter.log() if event["level"] == "warning" and sentence in event["msg"]]


def successes(exporter: Exporter) -> list[float]:
    return exporter.scrape().values("winburn_collector_success", collector="slo:prod")


@contextmanager
def session(url: str, *, alone: bool = False) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT") if alone else connection
    engine.dispose()


def only_to_read(url: str, name: str, *, on: bool) -> None:
    """As a server is that becomes a standby, and back: new sessions may or may not write. Going over ends the old ones;
    coming back does not."""
    with session(url, alone=True) as connection:
        change = f"ALTER DATABASE {name} SET default_transaction_read_only = {'on' if on else 'off'}"
        connection.execute(sa.text(change))
        if on:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
            connection.execute(sa.text(others), {"name": name})


def test_a_postgresql_that_is_locked_or_may_only_be_read_or_is_gone(
    cluster: Cluster, prod: Fake, group: Group, wait_for: Wait, tmp_path: Path
) -> None:
    server = f"postgresql://ann:hunter2@127.0.0.1:{cluster.port}"
    with session(f"{server}/postgres", alone=True) as connection:
        for name in ("shop", "memory"):
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
    with session(f"{server}/shop", alone=True) as connection:
        connection.execute(sa.text(FILLED))
    shop = f'{{type: sql, url: "{server}/shop", timeout: 1s}}'
    spec = written(tmp_path, prod, shop, f"{server}/memory")
    spec.write_text(spec.read_text().replace("lag: 2s", "lag: 2s\nmax_age: 10s"))
    exporter = serve(group, spec)

    with session(f"{server}/shop") as connection:
        connection.execute(sa.text("LOCK TABLE counts IN ACCESS EXCLUSIVE MODE"))
        wait_for(lambda: exporter.scrape().values("winburn_source_up", source="shop") == [0], 60)
        began = events(exporter)
        wait_for(lambda: not served(exporter), 60)
        wait_for(lambda: events(exporter) > began, 60)  # its neighbours go on
        sentence = "experiment (buttons): source shop: canceling statement due to statement timeout"
        wait_for(lambda: told(exporter, sentence), 60)
        connection.rollback()
    wait_for(lambda: served(exporter) == [1000, 1000], 60)

    only_to_read(f"{server}/postgres", "shop", on=True)
    only_to_read(f"{server}/postgres", "memory", on=True)
    wait_for(lambda: successes(exporter) == [0], 60)
    began = events(exporter)
    wait_for(lambda: events(exporter) > began, 60)
    sentence = "the state store cannot be written: cannot execute INSERT in a read-only transaction"
    wait_for(lambda: told(exporter, f"slo:prod (state store): {sentence}"), 60)
    assert len(told(exporter, f"slo:prod (state store): {sentence}")) == 1
    only_to_read(f"{server}/postgres", "shop", on=False)
    with session(f"{server}/shop", alone=True) as connection:
        connection.execute(
            sa.text("UPDATE counts SET n = 2000, successes = CASE variant WHEN 'a' THEN 200 ELSE 20 END")
        )
    wait_for(lambda: served(exporter) == [2000, 2000], 60)
    only_to_read(f"{server}/postgres", "memory", on=False)
    wait_for(lambda: set(exporter.scrape().values("winburn_collector_success")) == {1}, 60)
    wait_for(lambda: killed(exporter) == [1], 60)

    cluster.stop()
    wait_for(lambda: successes(exporter) == [0], 60)
    began = events(exporter)
    wait_for(lambda: exporter.scrape().values("winburn_source_up", source="shop") == [0], 60)
    wait_for(lambda: events(exporter) > began, 60)
    cluster.start()
    wait_for(lambda: set(exporter.scrape().values("winburn_collector_success")) == {1}, 60)
    counted = events(exporter)
    exporter.process.popen.send_signal(signal.SIGKILL)
    exporter.process.popen.wait()
    again = serve(group, spec)
    assert events(again) >= counted
    assert killed(again) == [1]


@contextmanager
def own_disk(folder: Path) -> Iterator[Callable[[str], None]]:
    """A file system of one's own, and what makes it read-only (``ro``) or not (``rw``); needs root."""

    def mount(*words: str) -> bool:
        return subprocess.run(["mount", *words, str(folder)], capture_output=True, check=False).returncode == 0

    def remount(how: str) -> None:
        assert mount("-o", f"remount,{how}")

    if os.geteuid() or not mount("-t", "tmpfs", "-o", "size=16m", "tmpfs"):
        pytest.skip("a read-only disk needs the right to mount one")
    try:
        yield remount
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_may_only_be_read(prod: Fake, group: Group, wait_for: Wait, tmp_path: Path) -> None:
    for name in ("state", "shop"):
        (tmp_path / name).mkdir()
    shop = '{type: sql, url: "sqlite:///shop/shop.db", timeout: 1s}'
    spec = written(tmp_path, prod, shop, "sqlite:///state/winburn.db")
    with own_disk(tmp_path / "state") as state, own_disk(tmp_path / "shop") as disk:
        with closing(sqlite3.connect(tmp_path / "shop" / "shop.db")) as connection:
            connection.executescript(FILLED)
        disk("ro")
        exporter = serve(group, spec)
        wait_for(lambda: served(exporter) == [1000, 1000], 60)  # a source is only read
        counted = events(exporter)
        assert stop(exporter.process, grace=60) == 0
        state("ro")
        again = serve(group, spec)
        wait_for(lambda: successes(again) == [0], 60)
        sentence = "slo:prod (state store): the state store cannot be written: attempt to write a readonly database"
        wait_for(lambda: told(again, sentence), 60)
        assert told(again, sentence) == [sentence]
        wait_for(lambda: events(again) > counted, 60)
        state("rw")
        wait_for(lambda: successes(again) == [1], 60)
        stop(again.process)
