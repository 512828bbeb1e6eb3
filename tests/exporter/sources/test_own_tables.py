from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from exporter.sources.base import SourceError
from exporter.sources.build import open_engagement
from exporter.sources.engagement_rows import Engagement, Kill, Period, Uses
from exporter.sources.own_tables import OwnTablesSource
from exporter.sources.sql import SqlSource
from exporter.sources.threads import ThreadsSource
from exporter.spec import OwnTables

NOW = 1_767_225_600.0
WEEK = 7 * 86400.0
VARIANTS = "SELECT 'v' AS variant, 100 AS impressions, 4 AS interactions, 0.06 AS predicted, 'ann' AS persona"


def ask(tmp_path: Path, **queries: str) -> Engagement:
    sqlite3.connect(tmp_path / "shop.db").close()
    source = SqlSource("shop", f"sqlite:///{tmp_path / 'shop.db'}", timezone="Europe/Berlin")
    tables = OwnTables(**{"variants": VARIANTS, **queries})
    return OwnTablesSource(source, tables).engagement(NOW, window=WEEK, kills_after=None)


def test_variants_alone_are_enough_and_the_rest_is_said_to_be_missing(tmp_path: Path) -> None:
    found = ask(tmp_path)
    (variant,) = found.variants
    assert (variant.variant, variant.persona, variant.pattern, variant.predicted) == ("v", "ann", "", 0.06)
    assert (variant.impressions, variant.interactions) == (100, 4)
    assert (found.sessions, found.uses, found.kills, found.periods) == (None, None, (), ())
    assert [sentence.split(" is ")[0] for sentence in found.missing] == [
        "tables.sessions",
        "tables.kills",
        "tables.uses",
    ]


def test_every_query_is_read(tmp_path: Path) -> None:
    found = ask(
        tmp_path,
        uses=f"SELECT 'list' AS pattern, {NOW - WEEK} AS used_at, 10 AS exposures, 12 AS events, 'ann' AS persona "
        f"UNION ALL SELECT 'list', {NOW - 3600}, 20, 1, 'ann' UNION ALL SELECT 'list', {NOW - 60}, 30, 2, 'ann'",
        sessions="SELECT 'v' AS variant, :since AS started_at, 0.05 AS expected, 5 AS min_interactions",
        kills="SELECT 'v' AS variant, '2026-01-01 00:30' AS killed_at, 'Manually' AS reason, :at - 7200 AS posted_at",
    )
    assert found.uses == (Uses("list", "ann", 2),)
    assert found.periods == (
        Period("list", "ann", NOW - WEEK, 1, 10, 10),
        Period("list", "ann", NOW - 86400, 2, 50, 3),
    )
    assert found.sessions is not None
    (session,) = found.sessions
    assert (session.started_at, session.expected, session.min_interactions) == (NOW - 86400, 0.05, 5)
    assert found.kills == (Kill("v", "", NOW - 1800, "manual", 5400.0),)
    assert found.missing == ()


@pytest.mark.parametrize(
    ("queries", "sentence"),
    [
        ({"variants": "SELECT 'v' AS variant"}, "needed are the columns variant, impressions, interactions"),
        ({"variants": f"{VARIANTS} UNION ALL {VARIANTS.replace('100', '9')}"}, "row 2: variant 'v' a second time"),
        ({"variants": VARIANTS.replace("100", "NULL")}, "impressions is NULL"),
        ({"variants": VARIANTS.replace("'v'", "''")}, "variant is empty"),
        ({"kills": "SELECT 'v' AS variant, 'noon' AS killed_at"}, "killed_at is no time"),
        ({"uses": "SELECT 'p' AS pattern, 1 AS used_at, -1 AS uses"}, "cannot be below 0"),
        ({"sessions": "SELECT :until AS variant"}, "only :at, :since can be given"),
    ],
)
def test_what_cannot_be_used_is_an_error(tmp_path: Path, queries: dict[str, str], sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence):
        ask(tmp_path, **queries)


def test_the_spec_chooses_the_reader() -> None:
    source = SqlSource("shop", "sqlite:///shop.db")
    assert isinstance(open_engagement(source, "threads"), ThreadsSource)
    assert isinstance(open_engagement(source, OwnTables(variants="SELECT 1")), OwnTablesSource)
