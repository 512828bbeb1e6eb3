"""The state store on a real PostgreSQL: the same promises as on a file."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from itertools import count

import pytest
import sqlalchemy as sa

from exporter.state import AuditEntry, Latch, Override, State, StateError, StoredLedger, StoredSlot, Use
from exporter.state.engine import Database
from tests.e2e.test_postgres_source import Cluster, cluster
from tests.exporter.state.hammer import PLAN, started, verify

__all__ = ["cluster"]  # a fixture
_NUMBERS = count()
KILLED_AT = 1_760_000_000.1234567
"""Facts are sealed with it, so that it must come back to the last bit."""


@pytest.fixture
def url(cluster: Cluster) -> Iterator[str]:
    """A database of its own."""
    name = f"state{next(_NUMBERS)}"
    server = f"postgresql+psycopg://ann:hunter2@127.0.0.1:{cluster.port}"
    engine = sa.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"postgresql://ann:hunter2@127.0.0.1:{cluster.port}/{name}"


def test_everything_is_there_again(url: str) -> None:
    state = State(url)
    ledger = StoredLedger("web", "", "d", {"end": 30.0}, (StoredSlot(15.0, 15.0, 1.0, 0.0, 15.0),))
    override = Override("paused", None, "running", PLAN, 1.0, "ann", "holiday")
    state.save_ledgers([ledger], {15.0: 0.0})
    state.set_lifecycle("button", override, AuditEntry(1.0, "experiment", "button", "", "pause", "ann", "holiday"))
    kills = [Latch("kill", "button", member, KILLED_AT, "worse", {"n": 1}) for member in ("new", "other")]
    state.save_documents("experiment", {"button": {"epoch": 1}}, kills)
    state.lift_latch("kill", "button", "new", KILLED_AT + 1, "ann", "a bug")
    state.note_floor(state.lifted("kill")[0], 0.1 + 0.2)
    state.close()
    again = State(url)
    assert [each.head for each in again.ledgers()] == [{"end": 30.0}]
    assert again.lifecycle() == {"button": override}
    assert again.latches("kill") == kills[1:]
    facts = {"at": KILLED_AT, "reason": "worse", "n": 1}
    assert [(x.at, x.floor, x.facts) for x in again.lifted("kill")] == [(KILLED_AT + 1, 0.1 + 0.2, facts)]
    trail = [(x.id, x.action, x.facts) for x in again.audit()]
    assert trail == [(1, "pause", {}), (2, "kill", {"n": 1}), (3, "kill", {"n": 1}), (4, "unkill", facts)]
    again.close()


def test_a_store_of_schema_1_is_upgraded(url: str) -> None:
    state = State(url)
    state.save_documents("experiment", {}, [Latch("kill", "button", "new", 2.0, "worse", {"n": 1})])
    state.close()
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for table in ("audit", "lifecycle", "lifted", "applications"):
            connection.execute(sa.text(f"DROP TABLE winburn_{table}"))
        connection.execute(sa.text("UPDATE winburn_schema SET version = 1"))
    engine.dispose()
    upgraded = State(url)
    assert [(x.member, x.action, x.facts) for x in upgraded.audit()] == [("new", "kill", {"n": 1})]
    upgraded.close()


def test_names_go_once_nobody_on_the_store_uses_them(url: str) -> None:
    mine, other = State(url), State(url)
    slots = (StoredSlot(15.0, 15.0, 1.0, 0.0, 15.0),)
    mine.save_ledgers([StoredLedger(name, "", "d", {"end": 30.0}, slots) for name in ("gone", "theirs")], {})
    mine.save_documents("experiment", {"button": 1}, [Latch("kill", "button", "new", 2.0, "worse", {})])
    mine.use([Use("slo", "gone", 100.0)], 0.0)
    for state in (mine, other):
        state.adopt(0.0, 100.0)
    other.use([Use("slo", "theirs", 100.0)], 90.0)
    assert mine.unused(150.0) == other.unused(150.0) == [("experiment", "button"), ("slo", "gone")]
    assert [mine.forget(kind, name, 150.0) for kind, name in mine.unused(150.0)] == [True, True]
    assert not other.forget("slo", "gone", 150.0)
    assert [(each.slo, len(each.slots)) for each in other.ledgers()] == [("theirs", 1)]
    assert (other.documents("experiment"), len(other.latches("kill"))) == ({}, 1)
    for state in (mine, other):
        state.close()


def test_many_may_open_a_new_store_at_once(url: str) -> None:
    failed: list[BaseException] = []

    def opened() -> None:
        try:
            State(url).close()
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=opened) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []


def test_a_reader_of_the_trail_misses_nobody_who_commits_late(url: str) -> None:
    late, early, seen = State(url), State(url), State(url)
    begun, go_on = threading.Event(), threading.Event()

    def slowly(_found: Override | None) -> tuple[None, AuditEntry]:
        begun.set()
        go_on.wait(30)
        return None, AuditEntry(1.0, "experiment", "late", "", "pause", "ann", "")

    slow = threading.Thread(target=lambda: late.change_lifecycle("late", slowly))
    quick = threading.Thread(target=lambda: early.record([AuditEntry(2.0, "ack", "early", "", "ack", "ann", "")]))
    slow.start()
    assert begun.wait(30)
    quick.start()
    first = seen.audit()
    go_on.set()
    slow.join(30)
    quick.join(30)
    rest = seen.audit(since_id=first[-1].id if first else 0)
    assert [x.entity for x in [*first, *rest]] == ["late", "early"]
    for state in (late, early, seen):
        state.close()


def until_alone(url: str) -> None:
    """Until the server has ended everybody else's session in this database."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    others = "datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    end = time.monotonic() + 60
    with engine.connect() as connection:
        while connection.execute(sa.text(f"SELECT count(*) FROM pg_stat_activity WHERE {others}")).scalar_one():
            assert time.monotonic() < end, "a session outlives its process"
            time.sleep(0.02)
    engine.dispose()


def test_kill_9_at_random_moments(url: str) -> None:
    moments, said = random.Random(3), []
    for life in range(3):
        with started(url, f"p{life}") as process:
            assert process.stdout is not None
            said += [process.stdout.readline() for _ in range(moments.randint(1, 15))]
            time.sleep(moments.uniform(0, 0.02))
            process.kill()
            said += process.stdout.readlines()
        until_alone(url)  # the server finishes what it was sent
        state = State(url)
        verify(state, said)
        state.close()


def test_of_two_writers_each_waits_for_the_other(url: str) -> None:
    processes = [started(url, who, 20) for who in ("ann", "bob")]
    said = []
    for process in processes:
        lines, _ = process.communicate(timeout=300)
        assert process.returncode == 0
        said += lines.splitlines(keepends=True)
    state = State(url)
    verify(state, said)
    state.close()


def test_a_lock_that_nobody_gives_back_ends_as_an_error(url: str) -> None:
    database = Database(f"{url}?connect_timeout=30", wait=4.0)  # more than a busy server needs between two statements
    holder = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with holder.begin() as connection:
        connection.execute(sa.text("LOCK TABLE winburn_ledgers IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(StateError, match="statement timeout"), database._writing() as own:
            own.execute(sa.text("SELECT * FROM winburn_ledgers"))
    with database._writing() as own:
        own.execute(sa.text("SELECT * FROM winburn_ledgers"))
        settings = {
            name: own.execute(sa.text(f"SHOW {name}")).scalar_one()
            for name in ("statement_timeout", "idle_in_transaction_session_timeout", "tcp_keepalives_idle")
        }
    assert settings["statement_timeout"] == settings["idle_in_transaction_session_timeout"] == "4s"
    holder.dispose()
    database.close()


def test_a_server_that_is_silent_cannot_be_opened_and_says_so_in_time(url: str, cluster: Cluster) -> None:
    cluster.signal(signal.SIGSTOP)
    begin = time.monotonic()
    try:
        with pytest.raises(StateError):
            Database(url, wait=2.0)
    finally:
        cluster.signal(signal.SIGCONT)
    assert time.monotonic() - begin < 60
