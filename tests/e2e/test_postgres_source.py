"""A real PostgreSQL of our own on a free port; skipped where there is none, or no psycopg."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from exporter.sources import database
from exporter.sources.base import Count, SourceError, TooLong, Unreachable
from exporter.sources.sql import SqlSource
from exporter.spec.experiment_models import Metric
from winburn.processes import free_port

pytest.importorskip("psycopg", reason="psycopg is not installed")

GOOD = "SELECT 'a' AS variant, 10::bigint AS n, SUM(x) AS successes FROM (VALUES (1), (2)) AS t (x)"


@dataclass(frozen=True)
class Cluster:
    folder: Path
    programs: Path
    port: int
    user: str | None

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), "-D", str(self.folder / "data"), *arguments]
        with (self.folder / "output").open("ab") as output:
            subprocess.run(command, check=True, user=self.user, cwd=self.folder, stdout=output, stderr=output)

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -h 127.0.0.1"
        self.run("pg_ctl", "-o", options, "-l", str(self.folder / "log"), "-w", "-t", "300", "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-m", "immediate", "-w", "stop")

    def signal(self, number: int) -> None:
        """To the server and its backends, so that it is there and silent, as on a machine that has lost its disk."""
        parent = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(parent, number)
        while number == signal.SIGSTOP and _state(parent) != "T":
            time.sleep(0.01)  # until then it may begin another backend
        for process in map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split()):
            with contextlib.suppress(ProcessLookupError):  # a backend that has just ended
                os.kill(process, number)


def _state(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    found = shutil.which("initdb") or next(map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)
    if found is None:
        pytest.skip("PostgreSQL is not on this machine")
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="winburn-postgres-"))  # short: a socket's path has at most 107 bytes
    if user is not None:
        shutil.chown(folder, user)
    cluster = Cluster(folder, Path(found).resolve().parent, free_port(), user)
    try:
        cluster.run("initdb", "-A", "trust", "-U", "ann", "--no-sync")
        cluster.start()
        yield cluster
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            cluster.stop()
        shutil.rmtree(folder)


@pytest.fixture
def source(cluster: Cluster) -> Iterator[SqlSource]:
    source = SqlSource("shop", url(cluster), timeout=30)
    yield source
    source.close()


def url(cluster: Cluster) -> str:
    return f"postgresql://ann:hunter2@127.0.0.1:{cluster.port}/postgres"


def ask(source: SqlSource, query: str = GOOD) -> list[Count]:
    return source.counts(Metric(name="m", kind="proportion", source="shop", query=query), 5.0)


def test_counts_and_slots(source: SqlSource) -> None:
    assert ask(source) == [Count("a", (10.0, 3.0))]
    slots = source.slots(
        "SELECT t / :step * :step AS slot, COUNT(*) AS total, SUM(good) AS good"
        " FROM (VALUES (301, 1), (620, 0)) AS e (t, good) WHERE t >= :start AND t < :end GROUP BY 1 ORDER BY 1 DESC",
        300.0,
        900.0,
        300.0,
    )
    assert (slots.starts.tolist(), slots.total.tolist(), slots.bad.tolist()) == ([300, 600], [1, 1], [0, 1])


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("CREATE TABLE x (a int)", "read-only transaction"),
        ("SELECT missing", 'column "missing" does not exist'),
        ("SELEC", "syntax error"),
    ],
)
def test_a_refused_query_is_an_answer(source: SqlSource, query: str, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence):
        ask(source, query)
    assert source.up is True


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1; COMMIT; CREATE TABLE stolen (a int); SELECT 1",
        "COMMIT; CREATE TABLE stolen (a int)",
        "BEGIN READ WRITE; CREATE TABLE stolen (a int); COMMIT",
        "SET default_transaction_read_only = off; COMMIT; CREATE TABLE stolen (a int)",
    ],
)
def test_no_second_statement_leaves_the_read_only_transaction(source: SqlSource, query: str) -> None:
    with pytest.raises(SourceError, match="multiple commands"):
        ask(source, query)
    assert source.query("SELECT to_regclass('stolen') AS there", {}, 1).rows == ((None,),)


def test_a_setting_does_not_outlive_its_question(source: SqlSource) -> None:
    source.query("SELECT set_config('default_transaction_read_only', 'off', false)", {}, 1)
    with pytest.raises(SourceError, match="read-only transaction"):
        ask(source, "CREATE TABLE stolen (a int)")


def test_the_database_stops_where_there_are_too_many_rows(source: SqlSource) -> None:
    """It would take a minute over each of the others, which is more than a question has."""
    rows = "generate_series(1, 20000) AS s (i) WHERE i <= 10001 OR pg_sleep(60) IS NOT NULL"
    with pytest.raises(SourceError, match="more than 10000 rows"):
        ask(source, f"SELECT 'a' AS variant, 1 AS participants, 0 AS conversions FROM {rows}")


def test_a_query_may_end_in_a_semicolon_or_a_comment(source: SqlSource) -> None:
    for end in (";", "; ", " -- no more"):
        assert ask(source, GOOD + end)


def test_a_query_that_takes_too_long_is_ended_by_the_server(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_GRACE", 30.0)  # of a busy server: we must not give up before it does
    source = SqlSource("shop", url(cluster), timeout=1)
    with pytest.raises(TooLong, match="statement timeout"):
        ask(source, "SELECT pg_sleep(60)")
    assert source.up is False
    assert ask(source)
    source.close()


def test_a_server_that_falls_silent_is_left_and_asked_again_when_it_is_back(
    source: SqlSource, cluster: Cluster
) -> None:
    ask(source)
    source._database._timeout = 1
    cluster.signal(signal.SIGSTOP)
    try:
        for sentence in ("no answer within 1 s", "still owes the answer"):
            with pytest.raises(Unreachable, match=sentence) as caught:
                ask(source)
            assert not isinstance(caught.value, TooLong)
            assert source.up is False
    finally:
        cluster.signal(signal.SIGCONT)
    worker = source._database._worker
    assert worker is not None
    worker.join(30)
    source._database._timeout = 30
    assert ask(source)


def test_a_server_that_was_started_again_is_asked_again(source: SqlSource, cluster: Cluster) -> None:
    ask(source)
    cluster.stop()
    with pytest.raises(SourceError) as caught:
        ask(source)
    assert "hunter2" not in str(caught.value)
    cluster.start()
    assert ask(source)
    assert source.up is True
