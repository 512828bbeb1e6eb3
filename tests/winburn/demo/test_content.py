"""The demo's posts: the same for the same seed, and what the demo promises of them is what winburn finds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from exporter import spec as specs
from exporter.collectors.engagement import EngagementCollector
from exporter.sources.build import open_engagement
from exporter.sources.sql import SqlSource
from exporter.state import State
from winburn.demo.content import DUD, POSTS, TIRED, schema
from winburn.demo.shop import create
from winburn.demo.spec import Places, spec_text
from winburn.demo.traffic import MINUTE

NOW = 1_800_000_000
TABLES = ("variants", "variant_performance", "variant_monitoring", "pattern_usage", "threads_posts")


def contents(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as database:
        # last_used says when it was written
        hidden = {"variant_performance": "variant_id, impressions, successes"}
        return {
            name: sorted(database.execute(f"SELECT {hidden.get(name, '*')} FROM {name}"), key=str) for name in TABLES
        }


def test_once_or_often_is_the_same(tmp_path: Path) -> None:
    found = []
    for name, steps in (("once", [30.0]), ("often", [0.7 * step for step in range(42)] + [30.0])):
        shop = create(tmp_path / f"{name}.db", 5, NOW, days=1)
        shop.open(NOW + 2)
        for step in steps:
            shop.advance(NOW + step)
        shop.close()
        found.append(contents(tmp_path / f"{name}.db"))
    assert found[0] == found[1]
    assert {name for name, *_ in found[0]["variants"]} == {post.name for post in POSTS if post.posted < 28}


def test_nobody_sees_a_post_that_was_killed(tmp_path: Path) -> None:
    shop = create(tmp_path / "shop.db", 5, NOW, days=1)
    shop.open(NOW)
    views = f"SELECT impressions FROM variant_performance WHERE variant_id = '{DUD.name}'"
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        shop.advance(NOW + 20)
        before = database.execute(views).fetchone()
        with database:
            database.execute("UPDATE variants SET status = 'killed' WHERE id = ?", (DUD.name,))
        shop.advance(NOW + 40)
        assert database.execute(views).fetchone() == before > (0,)
    shop.close()


def test_what_the_demo_promises_is_what_is_found(tmp_path: Path) -> None:
    places = Places(tmp_path / "winburn.yml", tmp_path / "shop.db", tmp_path / "state.db", "http://127.0.0.1:9")
    places.spec.write_text(spec_text(places), encoding="utf-8")
    shop = create(places.database, 22, NOW, days=1)
    shop.open(NOW)
    model = specs.load(places.spec).engagement
    assert model is not None
    state = State("sqlite://")
    source = open_engagement(SqlSource("shop", f"sqlite:///{places.database}"), model.tables)
    collector = EngagementCollector(source, model, state)
    for second in range(2, MINUTE, 2):
        shop.advance(NOW + second)
        reports = collector.collect(float(NOW + second - 2))
        assert [report.error for report in reports] == [None]
    shop.close()
    trail = [(entry.kind, entry.member, entry.action) for entry in state.audit()]
    assert ("pattern", TIRED.pattern, "fatigued") in trail
    assert [member for kind, member, _ in trail if kind == "variant"] == [DUD.name]
    assert {"scale", "rest", "recalibrate"} == {each["action"] for each in collector.words()}


def test_the_schema_is_the_one_that_users_get() -> None:
    assert schema() == (Path(__file__).parents[3] / "deploy" / "sql" / "variants.sqlite.sql").read_text(
        encoding="utf-8"
    )
