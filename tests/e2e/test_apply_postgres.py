"""Statements on a real PostgreSQL: bound values, and no doubt where the server itself says no."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from exporter.apply_outcome import Outcome, in_time
from exporter.apply_sql import execute
from exporter.spec import SqlSource
from exporter.state import Application
from tests.e2e.test_postgres_source import Cluster, cluster

__all__ = ["cluster"]  # a fixture
KILL = Application("button", "new", "kill", "1", {"reason": "it's worse", "at": 5.0})
UPDATE = "UPDATE v SET s = CAST(:action AS text), why = :reason WHERE name = :variant"


@pytest.fixture
def shop(cluster: Cluster) -> Iterator[sa.Engine]:
    engine = sa.create_engine(f"postgresql+psycopg://ann:hunter2@127.0.0.1:{cluster.port}/postgres")
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS v"))
        connection.execute(sa.text("CREATE TABLE v (name text, s text, why text, n int)"))
        connection.execute(sa.text("ALTER TABLE v ADD CONSTRAINT one UNIQUE (n) DEFERRABLE INITIALLY DEFERRED"))
        connection.execute(sa.text("INSERT INTO v VALUES ('new', NULL, NULL, 1), ('old', NULL, NULL, 2)"))
    yield engine
    engine.dispose()


def done(cluster: Cluster, statement: str, timeout: float = 10.0) -> Outcome:
    url = f"postgresql://ann:hunter2@127.0.0.1:{cluster.port}/postgres"
    source = SqlSource(type="sql", url=url).model_copy(update={"timeout": timeout})
    return in_time(execute(source, statement), KILL, 7.0)


def rows(shop: sa.Engine) -> list[tuple[object, ...]]:
    with shop.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text("SELECT name, s, why, n FROM v ORDER BY name"))]


UNTOUCHED = [("new", None, None, 1), ("old", None, None, 2)]


def test_a_statement_gets_its_values_bound(cluster: Cluster, shop: sa.Engine) -> None:
    assert done(cluster, UPDATE) == Outcome("done", "1 row")
    assert rows(shop)[0] == ("new", "kill", "it's worse", 1)


def test_what_the_server_refuses_even_at_the_commit_did_not_happen(cluster: Cluster, shop: sa.Engine) -> None:
    outcome = done(cluster, "UPDATE v SET n = 1")
    assert outcome.result == "refused"
    assert "unique constraint" in outcome.detail
    assert done(cluster, "UPDATE gone SET n = 1").result == "refused"
    assert rows(shop) == UNTOUCHED


def test_a_statement_that_takes_too_long_is_ended_and_did_not_happen(cluster: Cluster, shop: sa.Engine) -> None:
    outcome = done(cluster, "UPDATE v SET n = n + 10 WHERE pg_sleep(60) IS NOT NULL", timeout=3.0)
    assert outcome == Outcome("refused", "canceling statement due to statement timeout")
    assert rows(shop) == UNTOUCHED


def test_a_server_that_is_silent_does_not_do_it_when_it_is_back(cluster: Cluster, shop: sa.Engine) -> None:
    cluster.signal(signal.SIGSTOP)
    try:
        assert done(cluster, UPDATE, timeout=1.0).result == "refused"
    finally:
        cluster.signal(signal.SIGCONT)
    assert rows(shop) == UNTOUCHED


def test_a_server_that_is_gone_is_a_refusal_without_the_password(cluster: Cluster) -> None:
    cluster.stop()
    try:
        outcome = done(cluster, UPDATE, timeout=2.0)
    finally:
        cluster.start()
    assert outcome.result == "refused"
    assert "hunter2" not in outcome.detail
