"""The same experiment in several engines: the aggregation is done there, and one row per variant comes back."""

from __future__ import annotations

import importlib
import importlib.util
import math
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from exporter.sources import database
from exporter.sources.base import SourceError, TooLong, Unreachable
from exporter.sources.sql import SqlSource
from exporter.spec.experiment_models import Metric
from tests.e2e.chdb_server import serving
from tests.e2e.test_postgres_source import Cluster, cluster

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

__all__ = ["cluster"]  # a fixture

ROWS = [
    ("button", "blue" if n % 2 else "green", n % 5 == 0 or (n % 7 == 0 and n % 2 == 0), n % 11 / 4, 60 * n)
    for n in range(2000)
] + [("other", "blue", True, 1.0, 60)]
"""Experiment, variant, converted, amount, time: quarters add up exactly in every engine."""

CREATE = "CREATE TABLE visits (experiment {text}, variant {text}, converted {flag}, amount {number}, moment {whole})"

QUERIES = {
    "proportion": "SELECT variant, COUNT(*) AS n, SUM(CASE WHEN converted THEN 1 ELSE 0 END) AS successes FROM visits "
    "WHERE experiment = 'button' AND moment <= :at GROUP BY variant",
    "mean": "SELECT variant, COUNT(*) AS n, SUM(amount) AS sum, SUM(amount * amount) AS sum_squares FROM visits "
    "WHERE experiment = 'button' GROUP BY variant",
}
SEGMENTS = (
    "SELECT variant, 'basket' AS dimension, CASE WHEN amount > 1 THEN 'large' ELSE 'small' END AS segment, "
    "COUNT(*) AS n, SUM(CASE WHEN converted THEN 1 ELSE 0 END) AS successes FROM visits WHERE experiment = 'button' "
    "GROUP BY variant, segment"
)
SLOTS = (
    "SELECT FLOOR(moment / :step) * :step AS slot, COUNT(*) AS total, "
    "SUM(CASE WHEN converted THEN 0 ELSE 1 END) AS bad FROM visits WHERE experiment = 'button' "
    "AND moment >= :start AND moment < :end GROUP BY 1"
)
ENDLESS = {
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT 'a' AS variant, COUNT(*) FROM n",
    "duckdb": "SELECT 'a' AS variant, COUNT(*) AS n FROM range(1000000000000) AS n WHERE n.range % 7 = 3",
    "postgresql": "SELECT 'a' AS variant, COUNT(*) AS n FROM pg_sleep(60)",
    "clickhouse": "SELECT 'a' AS variant, COUNT(*) AS n FROM numbers(1000000000000) WHERE number % 7 = 3",
}


def written(text: str, flag: str, number: str, whole: str) -> str:
    return CREATE.format(text=text, flag=flag, number=number, whole=whole)


def literally(rows: list[tuple[str, str, bool, float, int]]) -> str:
    return ", ".join(f"('{e}', '{v}', {str(c).lower()}, {a}, {t})" for e, v, c, a, t in rows)


def sqlite(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "shop.db")) as connection, connection:
        connection.execute(written("TEXT", "INTEGER", "REAL", "INTEGER"))
        connection.executemany("INSERT INTO visits VALUES (?, ?, ?, ?, ?)", ROWS)
    return f"sqlite:///{folder / 'shop.db'}"


def duckdb(folder: Path) -> str:
    engine = pytest.importorskip("duckdb", reason="DuckDB is not installed")
    pytest.importorskip("duckdb_engine", reason="duckdb-engine is not installed")
    with closing(engine.connect(str(folder / "shop.duckdb"))) as connection:
        connection.execute(written("TEXT", "BOOLEAN", "DOUBLE", "BIGINT"))
        connection.execute(f"INSERT INTO visits VALUES {literally(ROWS)}")
    return f"duckdb:///{folder / 'shop.duckdb'}"


def postgresql(running: Cluster) -> str:
    url = f"postgresql://ann:hunter2@127.0.0.1:{running.port}/postgres"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS visits")
        connection.execute(written("TEXT", "BOOLEAN", "DOUBLE PRECISION", "BIGINT"))
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO visits VALUES (%s, %s, %s, %s, %s)", ROWS)
    return url


@pytest.fixture(params=["sqlite", "duckdb", "postgresql", "clickhouse"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The engine's name, and the address of its shop."""
    if request.param == "clickhouse":
        missing = [each for each in ("chdb", "clickhouse_connect") if importlib.util.find_spec(each) is None]
        if missing:
            pytest.skip(f"{' and '.join(missing)}: not installed, chdb alone takes 535 MB")
        running = importlib.import_module("chdb.session").Session(str(tmp_path / "chdb"))
        running.query("CREATE DATABASE shop")
        running.query("USE shop")
        running.query(f"{written('String', 'Bool', 'Float64', 'Int64')} ENGINE = MergeTree ORDER BY moment")
        running.query(f"INSERT INTO shop.visits VALUES {literally(ROWS)}")
        with serving(running) as server:
            yield request.param, server.url
            assert {"readonly": "2", "max_execution_time": "20"} in server.settings
        running.close()
    elif request.param == "postgresql":
        yield request.param, postgresql(request.getfixturevalue("cluster"))
    else:
        yield request.param, {"sqlite": sqlite, "duckdb": duckdb}[request.param](tmp_path)


def metric(kind: str, **keys: str) -> Metric:
    return Metric.model_validate({"name": kind, "kind": kind, "source": "shop", "query": QUERIES[kind], **keys})


def expected(kind: str, rows: list) -> tuple[float, ...]:
    amounts = [row[3] for row in rows]
    if kind == "proportion":
        return len(rows), sum(row[2] for row in rows)
    return len(rows), sum(amounts), sum(amount * amount for amount in amounts)


def test_every_engine_counts_the_same_reads_only_and_ends_in_time(
    shop: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, url = shop
    source = SqlSource("shop", url, timeout=20.0)
    button = {v: [row for row in ROWS if row[:2] == ("button", v)] for v in ("blue", "green")}
    for kind in QUERIES:
        found = {count.variant: count.sums for count in source.counts(metric(kind), 9e9)}
        assert {v: tuple(x for x in sums if not math.isnan(x)) for v, sums in found.items()} == {
            variant: pytest.approx(expected(kind, rows)) for variant, rows in button.items()
        }
    assert source.counts(metric("proportion"), 3000.0)[0].sums[0] in (25, 26), ":at is bound"

    parts = source.counts(metric("proportion", segments=SEGMENTS), 9e9)
    assert {(c.variant, c.segment) for c in parts} == {
        (variant, segment) for variant in button for segment in ("", "basket=large", "basket=small")
    }
    slots = source.slots(SLOTS, 3600.0, 7200.0, 300.0)
    assert (slots.total.sum(), len(slots.starts), slots.starts[0]) == (60, 12, 3600)

    for statement in ("INSERT INTO visits SELECT * FROM visits", "DROP TABLE visits", "CREATE TABLE w (x INTEGER)"):
        if name != "clickhouse":  # where chdb takes no settings; that it is told to refuse is looked at by the fixture
            with pytest.raises(SourceError):
                source.counts(metric("proportion", query=statement), 0.0)
    source.close()
    # For what ends by itself, and for what ends when it is interrupted, however busy the machine is.
    monkeypatch.setattr(database, "_INTERRUPTED" if name == "duckdb" else "_GRACE", 60.0)
    hasty = SqlSource("shop", url, timeout=1.0)
    with pytest.raises(SourceError) as caught:
        hasty.counts(metric("proportion", query=ENDLESS[name]), 0.0)
    if name == "clickhouse":
        assert isinstance(caught.value, Unreachable) or "TIMEOUT" in str(caught.value)
    else:
        assert isinstance(caught.value, TooLong), "the source's other questions are asked on"
    end = time.monotonic() + 60
    while any(thread.name == "source-shop" for thread in threading.enumerate()):
        assert time.monotonic() < end, "the endless question goes on"
        time.sleep(0.05)
    hasty.close()
