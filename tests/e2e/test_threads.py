"""Content variants from a real PostgreSQL: the superseded system's schema and ours, by a role that cannot write."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from exporter.contract.engagement import ENGAGEMENT_FAMILIES
from exporter.sources.base import SourceError
from exporter.sources.engagement_rows import Engagement
from exporter.sources.sql import SqlSource
from exporter.sources.threads import ThreadsSource
from exporter.sources.threads_layout import TABLES
from exporter.spec.experiment_models import Metric
from tests.e2e.exporter import serve
from tests.e2e.test_postgres_source import Cluster, cluster  # noqa: F401 - a fixture
from tests.e2e.threads_world import OURS, fill, right_now, statements
from tests.shared_data import SHARED
from winburn.processes import Group

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

THEIRS = SHARED / "reference" / "threads_schema.txt"
WEEK = 7 * 86400.0
DOCS = Path(__file__).resolve().parents[2] / "docs" / "content-variants.md"


@dataclass(frozen=True)
class Database:
    url: str
    owner: Any
    now: datetime

    @contextlib.contextmanager
    def source(self) -> Iterator[SqlSource]:
        source = SqlSource("shop", self.url, timeout=60)
        try:
            yield source
        finally:
            source.close()

    def read(self) -> Engagement:
        with self.source() as source:
            return ThreadsSource(source).engagement(self.now.timestamp(), window=WEEK, kills_after=None)


@pytest.fixture(scope="module", params=["theirs", "ours"])
def database(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Database]:  # noqa: F811 - as above
    kind, now = request.param, right_now()
    if kind == "theirs" and not THEIRS.is_file():
        pytest.skip(f"{THEIRS} is not here: the schema of the superseded system is no part of this repository")
    address = f"host=127.0.0.1 port={cluster.port} user=ann"
    with psycopg.connect(f"{address} dbname=postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {kind}")
        admin.execute(f"CREATE ROLE reader_{kind} LOGIN")
    with psycopg.connect(f"{address} dbname={kind}", autocommit=True) as owner:
        text = THEIRS.read_text(encoding="utf-8") if kind == "theirs" else OURS.read_text(encoding="utf-8")
        for statement in statements(text) if kind == "theirs" else [text]:
            owner.execute(statement)

        def insert(target: str, rows: list[tuple[Any, ...]]) -> None:
            with owner.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {target} VALUES ({', '.join(['%s'] * len(rows[0]))})", rows)

        fill(insert, now, zone_kept=kind == "ours")
        owner.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_{kind}")
        owner.execute("ANALYZE")  # else autovacuum does, and another plan gives rows of one time in another order
        yield Database(f"postgresql://reader_{kind}@127.0.0.1:{cluster.port}/{kind}", owner, now)


def test_what_is_read(database: Database) -> None:
    found = database.read()
    newest = found.variants[0]
    assert len(found.variants) == 31 * 9
    assert newest.posted_at == database.now.timestamp() - 60
    assert newest.predicted == 0.06
    assert newest.counted_at is not None  # from the post of its session
    assert found.sessions is not None
    assert sum(session.is_active(database.now.timestamp()) for session in found.sessions) == 9
    assert sum(session.is_stale(database.now.timestamp()) for session in found.sessions) == 10
    assert len(found.kills) == 10  # each was told by two tables
    assert {kill.reason for kill in found.kills} == {"below_expectation"}
    assert {kill.seconds for kill in found.kills} == {240.0}
    assert found.uses is not None
    assert {each.count for each in found.uses} == {7}  # today's and six days', that of a week ago is out
    assert len(found.periods) == 31 * 9
    assert all(period.exposures >= 3000 for period in found.periods)
    assert found.missing == ()


@pytest.mark.parametrize("table", TABLES)
def test_each_table_may_be_missing_and_may_come_back(database: Database, table: str) -> None:
    if not database.owner.execute("SELECT to_regclass(%s)", [table]).fetchone()[0]:
        pytest.skip(f"{table} is not in this schema")
    whole = database.read()
    database.owner.execute(f"ALTER TABLE {table} RENAME TO away")
    try:
        less = database.read()
    finally:
        database.owner.execute(f"ALTER TABLE away RENAME TO {table}")
    assert less.variants
    sentences = [s for s in less.missing if table in s]
    assert bool(sentences) == (table in {"variant_monitoring", "pattern_usage"})
    assert database.read() == whole


def test_the_role_cannot_write_whatever_is_asked(database: Database) -> None:
    with (
        psycopg.connect(database.url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"),
    ):
        connection.execute("DELETE FROM variants")
    with database.source() as source, pytest.raises(SourceError, match="read-only transaction"):
        source.query("DELETE FROM variants RETURNING id", {}, 10)


def test_a_table_that_may_not_be_read_is_an_error_with_its_name(database: Database) -> None:
    role = database.url.split("//")[1].split("@")[0]
    database.owner.execute(f"REVOKE SELECT ON variant_kills FROM {role}")
    try:
        with pytest.raises(SourceError, match="permission denied for table variant_kills"):
            database.read()
    finally:
        database.owner.execute(f"GRANT SELECT ON variant_kills TO {role}")


SPEC = """
refresh: 1s
lag: 0s
sources: {{shop: {{type: sql, url: "{url}"}}}}
engagement: {{source: shop, early_kill: {{lag: 0s}}}}
state: {{url: "sqlite:///{state}"}}
"""


def test_every_family_appears_in_the_exposition(database: Database, group: Group, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yml"
    spec.write_text(SPEC.format(url=database.url, state=tmp_path / "state.db"))
    exporter = serve(group, spec)
    scrape = exporter.scrape()
    assert {family.name for family in ENGAGEMENT_FAMILIES} <= {name for name, _ in scrape}
    assert scrape.values("pattern_fatigue_e_value", persona="bob", pattern="list")[0] > 20
    # the whole of eve falls by half in the month, and no single pattern is to blame
    assert max(scrape.values("pattern_fatigue_e_value", persona="eve")) < 20
    assert scrape.values("variant_kill_ratio", persona="ann") == [pytest.approx(10 / 23)]
    assert scrape.values("variant_sessions") == [3, 3, 3]
    assert scrape.values("variant_sessions_stale", persona="ann") == [10]
    assert scrape.values("variant_time_to_kill_seconds", persona="ann") == [240]
    # only what is bad was killed by us: bob's list has fallen to a fifth of what was predicted
    reasons = {pairs: value for (name, pairs), value in scrape.items() if name == "variant_kills_total"}
    assert sum(reasons.values()) >= 10
    assert scrape.values("variant_early_kill", variant="bob-list-0") == [1]
    assert scrape.values("variant_early_kill", variant="ann-list-0") == [0]
    assert scrape.values("winburn_source_up", source="shop") == [1]
    assert scrape.values("winburn_collector_success", collector="engagement") == [1]


def experiment_queries() -> list[str]:
    """The queries for experiments of that schema, as the documentation gives them."""
    section = DOCS.read_text(encoding="utf-8").split("## Experiments of that schema")[1]
    return [block.split("```")[0] for block in section.split("```sql\n")[1:]]


@pytest.mark.parametrize("number", [0, 1])
def test_its_experiments_are_read_by_the_documented_queries(database: Database, number: int) -> None:
    query = experiment_queries()[number]
    events = database.owner.execute("SELECT to_regclass('experiment_events')").fetchone()[0]
    if number == 1 and not events:
        pytest.skip("our schema has no experiment_events")
    _experiment(database, events=bool(events))
    metric = Metric(name="m", kind="proportion", source="shop", query=query)
    with database.source() as source:
        found = {count.variant: count.sums for count in source.counts(metric, 0.0)}
    assert found == ({"a": (100, 10), "b": (50, 50)} if number == 0 else {"a": (2, 1), "b": (1, 0)})


def _experiment(database: Database, *, events: bool) -> None:
    run = database.owner.execute
    run("DELETE FROM experiment_variants")
    run("DELETE FROM experiments")
    if events:
        run("DELETE FROM experiment_events")
        run(
            "INSERT INTO experiments (experiment_id, name, status, target_persona, duration_days) "
            "VALUES ('exp-1', 'x', 'active', 'ann', 7)"
        )
        rows = [
            ("a", "p1", "impression"),
            ("a", "p1", "engagement"),
            ("a", "p1", "engagement"),
            ("a", "p2", "impression"),
        ]
        rows += [("b", "p3", "participant_assigned"), ("b", None, "experiment_started")]
        for variant, participant, kind in rows:
            run(
                "INSERT INTO experiment_events (experiment_id, variant_id, participant_id, event_type) "
                "VALUES ('exp-1', %s, %s, %s)",
                [variant, participant, kind],
            )
    else:
        run("INSERT INTO experiments (experiment_id, name, status) VALUES ('exp-1', 'x', 'active')")
    for variant, impressions, conversions in (("a", 100, 10), ("b", 50, 70)):
        run(
            "INSERT INTO experiment_variants (experiment_id, variant_id, allocated_traffic, impressions, conversions) "
            "VALUES ('exp-1', %s, 0.5, %s, %s)",
            [variant, impressions, conversions],
        )


def test_the_notify_script_tells_of_each_change_as_it_is_committed(database: Database) -> None:
    script = (OURS.parent / "notify.postgresql.sql").read_text(encoding="utf-8")
    for _ in range(2):  # it may be run again
        database.owner.execute(script)
    address = database.url.replace(database.url.split("//")[1].split("@")[0], "ann")
    with psycopg.connect(address, autocommit=True) as listener, psycopg.connect(address) as writer:
        listener.execute("LISTEN winburn")
        writer.execute("UPDATE variant_performance SET impressions = impressions + 1")
        assert list(listener.notifies(timeout=0.2)) == []
        writer.commit()
        (message,) = listener.notifies(timeout=60, stop_after=1)
    payload = json.loads(message.payload)
    assert payload["table"] == "variant_performance"
    assert abs(payload["at"] - right_now().timestamp()) < 60
