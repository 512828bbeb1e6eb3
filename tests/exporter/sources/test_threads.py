"""Databases of the shape ``threads`` on SQLite: ours, the superseded system's own dialects, and parts of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.sources.base import SourceError
from exporter.sources.engagement_rows import Engagement, Kill, Uses
from exporter.sources.sql import SqlSource
from exporter.sources.threads import LOOK_AGAIN, ThreadsSource, one_of_each
from exporter.spec.experiment_models import Metric

SCHEMA = Path(__file__).resolve().parents[3] / "deploy" / "sql" / "variants.sqlite.sql"
NOW = 1_767_225_600.0  # 2026-01-01 00:00:00 UTC
WEEK = 7 * 86400.0
SEED = """
INSERT INTO variants (id, persona_id, pattern_used, predicted_er, posted_at) VALUES
  ('v1', 'ann', 'question', 0.06, '2025-12-31 23:50:00'),
  ('v2', 'ann', 'list', 0.05, '2025-12-31 23:40:00'),
  ('v3', 'bob', NULL, 0.04, '2025-12-31 23:30:00');
INSERT INTO variant_performance (variant_id, dimensions, impressions, successes) VALUES
  ('v1', '{}', 1000, 70), ('v2', '{}', 100, 120),
  ('p1', '{"persona_id": "eve", "pattern": "story"}', 10, 1), ('p2', 'no json', 5, 0);
INSERT INTO variant_monitoring
  (variant_id, persona_id, post_id, expected_engagement_rate, kill_threshold, min_interactions, timeout_minutes,
   started_at, ended_at, is_active, was_killed, kill_reason) VALUES
  ('v3', 'bob', 'post-3', 0.04, 0.6, 5, 20, '2025-12-31 23:45:00', NULL, 1, 0, NULL),
  ('v1', 'ann', NULL, 0.06, 0.5, 10, 10, '2025-12-31 23:50:00', '2025-12-31 23:55:00', 0, 1, 'low_performance'),
  ('old', 'ann', NULL, 0.06, 0.5, 10, 10, '2025-12-01 00:00:00', NULL, 1, 0, NULL),
  ('long', 'ann', NULL, 0.06, 0.5, 10, 999999, '2025-12-01 00:00:00', NULL, 1, 0, NULL);
INSERT INTO variant_kills (variant_id, persona_id, reason, posted_at, killed_at) VALUES
  ('v1', 'ann', 'Below 50% of expected engagement rate', '2025-12-31 23:50:00', '2025-12-31 23:55:30'),
  ('v0', 'ann', 'Manually stopped', '2025-12-31 10:00:00', '2025-12-31 10:06:00');
INSERT INTO threads_posts (thread_id, persona_id, impressions_count, likes_count, comments_count, shares_count,
   updated_at) VALUES ('post-3', 'bob', 500, 3, 4, 5, '2025-12-31 23:58:00'), ('post-4', 'bob', 10, 20, 0, 0, 'x');
INSERT INTO pattern_usage (persona_id, pattern_id, post_id, used_at) VALUES
  ('bob', 'list', 'post-3', '2025-12-31 23:45:00'), ('bob', 'list', 'post-4', '2025-12-31 12:00:00'),
  ('bob', 'list', 'post-5', '2025-12-25 00:00:00'), ('bob', 'list', 'post-6', '2025-12-24 23:59:00'),
  ('ann', 'list', 'post-7', '2025-08-01 00:00:00');
"""

Ask = Callable[..., Engagement]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.db"


def run(path: Path, script: str) -> None:
    with sqlite3.connect(path) as database:
        database.executescript(script)
    database.close()


def ask(path: Path, timezone: str = "UTC", kills_after: float | None = None, at: float = NOW) -> Engagement:
    source = ThreadsSource(SqlSource("shop", f"sqlite:///{path}", timezone=timezone))
    return source.engagement(at, window=WEEK, kills_after=kills_after)


@pytest.fixture
def found(path: Path) -> Engagement:
    run(path, SCHEMA.read_text(encoding="utf-8") + SEED)
    return ask(path)


def test_counts_come_from_the_post_else_from_the_performance_and_are_not_clipped(found: Engagement) -> None:
    counts = {v.variant: (v.impressions, v.interactions) for v in found.variants}
    assert counts == {"v1": (1000, 70), "v2": (100, 120), "v3": (500, 12), "p1": (10, 1), "p2": (5, 0)}


def test_what_is_known_of_a_variant_and_when_its_post_was_counted(found: Engagement) -> None:
    by_name = {v.variant: v for v in found.variants}
    v1, v3, p1, p2 = (by_name[name] for name in ("v1", "v3", "p1", "p2"))
    assert (v1.persona, v1.pattern, v1.predicted, v1.posted_at) == ("ann", "question", 0.06, NOW - 600)
    assert (v3.pattern, v3.counted_at, v1.counted_at) == ("", NOW - 120, None)
    assert (p1.persona, p1.pattern, p1.predicted) == ("eve", "story", None)
    assert (p2.persona, p2.pattern) == ("", "")


def test_the_newest_come_first(found: Engagement) -> None:
    assert [v.variant for v in found.variants][:3] == ["v1", "v2", "v3"]


def test_sessions_keep_their_own_thresholds(found: Engagement) -> None:
    assert found.sessions is not None
    by_name = {s.variant: s for s in found.sessions}
    v3 = by_name["v3"]
    assert (v3.expected, v3.kill_threshold, v3.min_interactions, v3.timeout) == (0.04, 0.6, 5, 1200)
    assert v3.is_active(NOW)
    assert not v3.is_active(NOW + 300)
    assert v3.is_stale(NOW + 300)
    assert (by_name["v1"].killed, by_name["v1"].is_active(NOW)) == (True, False)


def test_old_sessions_are_counted_unless_they_may_still_run(found: Engagement) -> None:
    assert found.sessions is not None
    assert dict(found.stale) == {"ann": 1}
    assert {s.variant for s in found.sessions} == {"v1", "v3", "long"}


def test_a_kill_that_two_tables_tell_of_is_one(found: Engagement) -> None:
    assert found.kills == (
        Kill("v0", "ann", NOW - 13 * 3600 - 54 * 60, "manual", 360.0),
        Kill("v1", "ann", NOW - 270, "below_expectation", 330.0),
    )


def test_only_later_kills_are_read_again(path: Path, found: Engagement) -> None:
    assert [kill.variant for kill in ask(path, kills_after=NOW - 600).kills] == ["v1"]
    assert ask(path, kills_after=NOW).kills == ()
    assert found.kills_until is None


def test_uses_of_the_window_are_strictly_later_than_its_begin(found: Engagement) -> None:
    assert found.uses == (Uses("list", "bob", 2),)  # that of 2025-12-25 00:00:00 is exactly a week old


def test_uses_by_day_carry_the_counts_of_their_posts(found: Engagement) -> None:
    first = found.periods[0]
    assert (first.pattern, first.persona, first.start, first.uses) == ("list", "bob", NOW - 86400, 2)
    assert (first.exposures, first.events, found.clipped) == (510, 22, 1)  # 12 of 500, and 20 of 10 clipped to 10
    assert [(p.uses, p.exposures) for p in found.periods[1:]] == [(1, 0), (1, 0)]  # 90 days back, not 153


def test_times_without_a_zone_are_of_the_source_s_zone(path: Path, found: Engagement) -> None:
    berlin = ask(path, timezone="Europe/Berlin", at=NOW - 3600)
    assert berlin.uses == found.uses
    assert berlin.variants[0].posted_at == NOW - 600 - 3600


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("variant_monitoring", "not shown are monitoring sessions"),
        ("pattern_usage", "not shown are recorded uses"),
        ("variants", None),
        ("variant_performance", None),
        ("variant_kills", None),
        ("threads_posts", None),
    ],
)
def test_each_table_may_be_missing(path: Path, found: Engagement, table: str, sentence: str | None) -> None:
    run(path, f"DROP TABLE {table}")
    less = ask(path)
    assert less.variants
    assert [s for s in less.missing if sentence and sentence in s] == list(less.missing)
    assert bool(less.missing) == (sentence is not None)
    assert found.missing == ()


def test_without_any_table_there_is_no_answer(path: Path) -> None:
    run(path, "CREATE TABLE other (x)")
    with pytest.raises(SourceError, match="none of the tables variants,"):
        ask(path)


def test_only_monitoring_is_enough_for_variants(path: Path) -> None:
    run(path, SCHEMA.read_text(encoding="utf-8") + SEED + "DROP TABLE variants; DROP TABLE variant_performance;")
    by_name = {v.variant: v for v in ask(path).variants}
    assert (by_name["v3"].impressions, by_name["v3"].predicted, by_name["v3"].persona) == (500, 0.04, "bob")


def test_tables_that_come_later_are_found_and_those_that_change_after_an_error(path: Path) -> None:
    run(path, SCHEMA.read_text(encoding="utf-8") + SEED + "DROP TABLE variant_kills;")
    source = ThreadsSource(SqlSource("shop", f"sqlite:///{path}"))

    def kills(at: float) -> int:
        return len(source.engagement(at, window=WEEK, kills_after=None).kills)

    assert kills(NOW) == 1
    run(path, "CREATE TABLE variant_kills (variant_id, persona_id, reason, posted_at TIMESTAMP, killed_at TIMESTAMP);")
    run(path, "INSERT INTO variant_kills VALUES ('x', 'ann', 'r', '2025-12-31', '2025-12-31')")
    assert kills(NOW + 1) == 1
    assert kills(NOW + LOOK_AGAIN) == 2
    run(path, "DROP TABLE variant_kills")
    with pytest.raises(SourceError, match="no such table"):
        kills(NOW + LOOK_AGAIN + 1)
    assert kills(NOW + LOOK_AGAIN + 2) == 1


def test_long_names_are_cut_and_stay_apart(path: Path) -> None:
    run(path, SCHEMA.read_text(encoding="utf-8"))
    for end in "ab":
        run(path, f"INSERT INTO variants (id, persona_id) VALUES ('{'x' * 5000}{end}', 'ann')")
    names = [v.variant for v in ask(path).variants]
    assert len(set(names)) == 2
    assert all(len(name) == 160 for name in names)


def test_the_dialect_of_test_fixtures(path: Path) -> None:
    run(
        path,
        """
CREATE TABLE variants (id TEXT, persona_id TEXT, predicted_er REAL, pattern_used TEXT, actual_er REAL,
  interaction_count INTEGER, view_count INTEGER, posted_at TEXT);
INSERT INTO variants VALUES ('v', 'ann', 0.06, 'list', 0.9, 5, 100, '2025-12-31T23:00:00+00:00');
CREATE TABLE pattern_usage (pattern_id TEXT, persona_id TEXT, usage_count INTEGER, last_used TEXT, fatigue_score REAL);
INSERT INTO pattern_usage VALUES ('list', 'ann', 4, '2025-12-31 00:00:00', 1), ('old', 'ann', 9, '2025-01-01', 1);
""",
    )
    found = ask(path)
    (variant,) = found.variants
    assert (variant.impressions, variant.interactions, variant.posted_at) == (100, 5, NOW - 3600)
    assert found.uses == (Uses("list", "ann", 4),)
    assert found.periods == ()


def test_the_deleted_dialect_with_hooks(path: Path) -> None:
    run(
        path,
        """
CREATE TABLE hook_variants (id INTEGER, pattern_id TEXT, expected_engagement_rate REAL, impressions INTEGER,
  engagements INTEGER, experiment_id TEXT);
INSERT INTO hook_variants VALUES (7, 'list', 0.06, 200, 8, 'e');
""",
    )
    (variant,) = ask(path).variants
    assert (variant.variant, variant.pattern, variant.predicted) == ("7", "list", 0.06)
    assert (variant.impressions, variant.interactions) == (200, 8)


def test_the_documented_monitoring_that_was_never_migrated(path: Path) -> None:
    run(
        path,
        """
CREATE TABLE variants (id TEXT, persona_id TEXT, predicted_er REAL, posted_at TEXT);
INSERT INTO variants VALUES ('v', 'ann', 0.06, '2025-12-31 23:55:00');
CREATE TABLE variant_monitoring (variant_id TEXT UNIQUE, persona_id TEXT, current_er REAL, interaction_count INTEGER,
  view_count INTEGER, status TEXT, created_at TEXT);
INSERT INTO variant_monitoring VALUES ('v', 'ann', 0.5, 6, 300, 'active', '2025-12-31 23:55:00');
""",
    )
    found = ask(path)
    assert (found.variants[0].impressions, found.variants[0].interactions) == (300, 6)
    assert found.sessions is not None
    assert found.sessions[0].is_active(NOW)


def test_times_as_seconds(path: Path) -> None:
    run(
        path,
        f"""
CREATE TABLE pattern_usage (pattern_id TEXT, persona_id TEXT, used_at REAL);
INSERT INTO pattern_usage VALUES ('list', 'ann', {NOW - 100}), ('list', 'ann', {NOW - WEEK});
""",
    )
    found = ask(path)
    assert found.uses == (Uses("list", "ann", 1),)
    assert found.periods[0].start == NOW - 86400


def test_nothing_can_be_written(path: Path, found: Engagement) -> None:
    assert found.variants
    source = SqlSource("shop", f"sqlite:///{path}")
    with pytest.raises(SourceError, match="readonly"):
        source.query("INSERT INTO variants (id, persona_id) VALUES ('x', 'y') RETURNING id", {}, 1)


def test_kills_far_apart_are_two() -> None:
    first, again = Kill("v", "p", 0.0, "a"), Kill("v", "p", 200.0, "a")
    assert one_of_each([again, first]) == [first, again]
    assert one_of_each([first, Kill("v", "p", 100.0, "b", 5.0)]) == [Kill("v", "p", 0.0, "a", 5.0)]


DOCS = Path(__file__).resolve().parents[3] / "docs" / "content-variants.md"


@pytest.mark.parametrize(("number", "counts"), [(0, {"a": (100, 10)}), (1, {"a": (2, 1)})])
def test_experiments_of_the_orm_s_dialect_are_read_by_the_documented_queries(
    path: Path, number: int, counts: dict[str, tuple[float, float]]
) -> None:
    """Its JSON columns have other names and values than the migrations'; the queries touch none of them."""
    run(
        path,
        """
CREATE TABLE experiments (experiment_id TEXT, variant_ids JSON, control_variant_id TEXT, experiment_metadata JSON);
INSERT INTO experiments VALUES ('exp-1', '{"values": ["a"]}', 'a', NULL);
CREATE TABLE experiment_variants (experiment_id TEXT, variant_id TEXT, impressions INTEGER, conversions INTEGER);
INSERT INTO experiment_variants VALUES ('exp-1', 'a', 100, 10), ('exp-2', 'a', 7, 7);
CREATE TABLE experiment_events (experiment_id TEXT, variant_id TEXT, participant_id TEXT, event_type TEXT,
  event_metadata JSON);
INSERT INTO experiment_events VALUES ('exp-1', 'a', 'p1', 'impression', '{}'), ('exp-1', 'a', 'p1', 'engagement', '{}'),
  ('exp-1', 'a', 'p2', 'participant_assigned', '{}'), ('exp-1', 'a', 'p3', 'experiment_started', '{}');
""",
    )
    section = DOCS.read_text(encoding="utf-8").split("## Experiments of that schema")[1]
    query = section.split("```sql\n")[number + 1].split("```")[0]
    metric = Metric(name="m", kind="proportion", source="shop", query=query)
    found = SqlSource("shop", f"sqlite:///{path}").counts(metric, NOW)
    assert {count.variant: count.sums for count in found} == counts
