"""A kill of a content variant from the commit of its counts to the page and back into the database, once, while the
next refresh is minutes away; and an experiment that reads the same database."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Running
from tests.e2e.exporter import Exporter, serve
from tests.e2e.test_postgres_source import Cluster, cluster
from tests.e2e.threads_world import OURS
from tests.e2e.webhook import Received, Webhook
from winburn.processes import Group, free_port, stop

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
__all__ = ["cluster"]  # a fixture

SPEC = """\
refresh: 5m
lag: 2s
sources:
  shop: {{type: sql, url: "{database}"}}
experiments:
  - name: button
    control: blue
    variants: {{blue: 0.5, green: 0.5}}
    metrics:
      - name: conversion
        kind: proportion
        source: shop
        query: SELECT variant_id AS variant, impressions AS n, conversions AS successes FROM experiment_variants
engagement:
  source: shop
  early_kill: {{lag: 0s}}
  apply:
    kill:
      sql:
        source: shop
        statement: "UPDATE variants SET status = 'killed', content = content || 'once' WHERE id = :variant"
alerting:
  alertmanager: ["{alertmanager}"]
  push: true
  receivers: {{page: {{webhook: "{webhook}"}}}}
state: {{url: "sqlite:///{folder}/state.db"}}
"""
NAME = "VariantEarlyKill"
FILL = (
    "INSERT INTO variants (id, persona_id, predicted_er) VALUES ('bad', 'ann', 0.06), ('good', 'ann', 0.06)",
    "INSERT INTO variant_performance (variant_id, impressions, successes) VALUES ('bad', 10, 0), ('good', 1000, 60)",
    "INSERT INTO experiments (experiment_id, name) VALUES ('button', 'button')",
    "INSERT INTO experiment_variants VALUES ('button', 'blue', 0.5, 100, 10), ('button', 'green', 0.5, 100, 11)",
)
BAD = "UPDATE variant_performance SET impressions = 1000, successes = 1 WHERE variant_id = 'bad'"
VISIT = "UPDATE experiment_variants SET impressions = impressions + 50"

Execute = Callable[[Sequence[str]], None]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Execute, Callable[[str], list[Any]]]:
    """Its address, what commits statements together, and what reads."""
    if request.param == "sqlite":
        path = tmp_path / "shop.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript((OURS.parent / "variants.sqlite.sql").read_text(encoding="utf-8"))

        def write(statements: Sequence[str]) -> None:
            with closing(sqlite3.connect(path, timeout=10)) as connection, connection:
                for statement in statements:
                    connection.execute(statement)

        def read(query: str) -> list[Any]:
            with closing(sqlite3.connect(path, timeout=10)) as connection:
                return connection.execute(query).fetchall()

        return f"sqlite:///{path}", write, read
    server: Cluster = request.getfixturevalue("cluster")
    address = f"postgresql://ann@127.0.0.1:{server.port}/postgres"

    def commit(statements: Sequence[str]) -> None:
        with psycopg.connect(address) as connection:
            for statement in statements:
                connection.execute(statement)

    def rows(query: str) -> list[Any]:
        with psycopg.connect(address) as connection:
            return list(connection.execute(query).fetchall())

    commit([(OURS.parent / name).read_text(encoding="utf-8") for name in (OURS.name, "notify.postgresql.sql")])
    return address, commit, rows


def pages(received: list[Received]) -> list[Received]:
    """The messages about kills of content."""
    return [one for one in received if one.payload["groupLabels"].get("alertname") == NAME]


def spec_of(folder: Path, database: str, alertmanager: str, webhook: Webhook) -> Path:
    path = folder / "winburn.yml"
    path.write_text(SPEC.format(database=database, alertmanager=alertmanager, webhook=webhook.url, folder=folder))
    return path


def routes(spec: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "winburn", "rules", str(spec), "--out", str(spec.parent / "rules")],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return (spec.parent / "rules" / "alertmanager.yml").read_text().replace("group_interval: 1m", "group_interval: 2s")


def events(exporter: Exporter) -> list[tuple[str, str, str, str]]:
    """The newest first."""
    told = exporter.get("/api/v1/snapshot").json()["events"]
    return [(event["kind"], event["member"], event["action"], event["why"]) for event in told]


def be_heard(
    exporter: Exporter, commit: Execute, read: Callable[[str], list[Any]], wait_for: Callable[..., None]
) -> None:
    """Until the database is listened to, nobody hears of a visit: let there be more of them, and all be counted."""

    def told() -> list[float]:
        return exporter.scrape().values("experiment_variant_participants")

    before, end = told(), time.monotonic() + 60
    while told() == before:
        assert time.monotonic() < end, "nobody listens"
        commit([VISIT])
        time.sleep(0.5)
    wait_for(lambda: told() == [n for (n,) in read("SELECT impressions FROM experiment_variants")], 60)


def test_a_commit_kills_pages_and_is_written_back_once(
    database: tuple[str, Execute, Callable[[str], list[Any]]],
    alertmanager: Callable[[str], Running],
    group: Group,
    webhook: Webhook,
    wait_for: Callable[..., None],
    tmp_path: Path,
) -> None:
    url, commit, read = database
    commit(FILL)
    pager = alertmanager(routes(spec_of(tmp_path, url, "http://127.0.0.1:9", webhook)))
    spec, port = spec_of(tmp_path, url, pager.url, webhook), free_port()
    exporter = serve(group, spec, port=port)
    wait_for(lambda: exporter.scrape().values("variant_early_kill") == [0, 0], 60)
    be_heard(exporter, commit, read, wait_for)
    committed = time.time()
    commit([BAD])
    page, *more = pages(webhook.wait_for(pages, 60))
    print(f"{url.partition(':')[0]}: commit to the page {page.at - committed:.3f} s")
    (alert,) = page.payload["alerts"]
    assert not more
    assert (alert["labels"]["variant"], alert["labels"]["persona"]) == ("bad", "ann")
    wait_for(
        lambda: read("SELECT status, content FROM variants ORDER BY id") == [("killed", "once"), ("active", "")], 60
    )
    wait_for(lambda: len(events(exporter)) == 2, 60)
    wait_for(lambda: exporter.scrape().values("winburn_event_latency_seconds_count")[0] >= 2, 60)
    assert exporter.scrape().values("variant_early_kill", variant="bad") == [1]
    applied, kill = events(exporter)
    assert applied == ("apply", "bad", "kill", "kill, done: 1 row")
    assert kill[:3] == ("variant", "bad", "kill")
    assert "are below 0.5 of the predicted rate 0.06" in kill[3]

    stop(exporter.process)
    again = serve(group, spec, port=port)
    wait_for(lambda: again.scrape().values("variant_early_kill", variant="bad") == [1], 60)
    be_heard(again, commit, read, wait_for)
    time.sleep(3)  # a flush of the group
    assert again.scrape().values("variant_kills_total", persona="ann") == [1]
    assert len(pages(webhook.received)) == 1
    assert read("SELECT content FROM variants WHERE id = 'bad'") == [("once",)]
    assert len(events(again)) == 2
