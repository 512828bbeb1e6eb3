"""LISTEN winburn on a real PostgreSQL, with the triggers that we ship."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from exporter.sources.changes import Changes
from exporter.sources.sql import SqlSource
from tests.e2e.test_postgres_source import Cluster, cluster  # noqa: F401 - a fixture
from tests.e2e.threads_world import OURS

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")


def connect(cluster: Cluster) -> Any:  # noqa: F811 - the fixture's name
    return psycopg.connect(f"host=127.0.0.1 port={cluster.port} user=ann dbname=postgres", autocommit=True)


@pytest.fixture(scope="module", autouse=True)
def _schema(cluster: Cluster) -> None:  # noqa: F811 - as above
    with connect(cluster) as owner:
        owner.execute(OURS.read_text(encoding="utf-8"))
        owner.execute((OURS.parent / "notify.postgresql.sql").read_text(encoding="utf-8"))


@pytest.fixture
def changes(cluster: Cluster) -> Iterator[Changes]:  # noqa: F811 - as above
    changes = Changes(SqlSource("shop", f"postgresql+psycopg://ann@127.0.0.1:{cluster.port}/postgres"))
    assert not changes.wait(0)
    yield changes
    changes.close()
    changes.wait(0)


def test_a_commit_is_told_with_its_time_and_its_messages_are_one_change(cluster: Cluster, changes: Changes) -> None:  # noqa: F811 - as above
    with connect(cluster) as owner:
        before = time.time()
        owner.execute("INSERT INTO variants (id, persona_id) VALUES ('a', 'ann')")
        assert changes.wait(60)
        assert changes.changed_at is not None
        assert before - 1 <= changes.changed_at <= time.time() + 1
        with owner.transaction():
            for i in range(5):
                owner.execute(f"NOTIFY winburn, 'by hand {i}'")  # the same text twice would be one message anyway
        assert changes.wait(60)
        assert not changes.wait(0.2)


def test_what_is_rolled_back_is_no_change_and_others_channels_are_not_ours(cluster: Cluster, changes: Changes) -> None:  # noqa: F811 - as above
    with connect(cluster) as owner:
        owner.execute("BEGIN")
        owner.execute("INSERT INTO variants (id, persona_id) VALUES ('never', 'ann')")
        owner.execute("ROLLBACK")
        owner.execute("NOTIFY other")
        assert not changes.wait(0.3)
        owner.execute("NOTIFY winburn, 'by hand'")
        assert changes.wait(60)
        assert changes.changed_at is None


def test_a_server_that_was_started_again_is_listened_to_again(cluster: Cluster, changes: Changes) -> None:  # noqa: F811 - as above
    cluster.stop()
    assert not changes.wait(0.3)
    cluster.start()
    assert changes.wait(60)  # what happened meanwhile is not known
    with connect(cluster) as owner:
        owner.execute("INSERT INTO variants (id, persona_id) VALUES ('after', 'ann')")
    assert changes.wait(60)
