"""A PostgreSQL database of the shape ``threads`` with a month of content, either as the superseded system's migrations
built it or from our own deploy/sql."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
OURS = ROOT / "deploy" / "sql" / "variants.postgresql.sql"
PERSONAS = ("ann", "bob", "eve")
PATTERNS = ("list", "question", "story")
DAYS = 30

POSTS = """
CREATE TABLE threads_posts (thread_id varchar UNIQUE, persona_id varchar, content text, media_type varchar,
  published_at timestamp, engagement_data json, likes_count integer, comments_count integer, shares_count integer,
  impressions_count integer, engagement_rate double precision, updated_at timestamp)
"""
"""Made by an adaptor of the superseded system and not by its migrations, so that it is not in the schema's text."""


def statements(schema: str) -> Iterator[str]:
    """CREATE TABLE statements from what psql's ``\\d`` printed of tables; indexes and references are left out."""
    for block in re.split(r'^ *Table "public\.', schema, flags=re.MULTILINE)[1:]:
        name, _, rest = block.partition('"')
        rows = [line.split("|") for line in rest.split("Indexes:")[0].splitlines() if line.count("|") == 4]
        columns = [_column(*(cell.strip() for cell in row)) for row in rows[1:]]
        yield f"CREATE TABLE {name} ({', '.join(columns)})"
    yield POSTS


def _column(name: str, kind: str, _collation: str, nullable: str, default: str) -> str:
    if default.startswith("nextval"):
        kind, default = "serial", ""
    return f'"{name}" {kind} {nullable.upper()} {f"DEFAULT {default}" if default else ""}'


def fill(run: Callable[[str, list[tuple[Any, ...]]], object], now: datetime, *, zone_kept: bool) -> None:
    """A month: each persona posts each pattern once a day, a minute before this time of the day; the last posts are
    watched, every other one of those two hours ago was killed.

    The list of bob wears out; everything of eve falls by half, as a site does that people leave.
    """
    rng = np.random.default_rng(7)
    variants, counts, sessions, kills, uses, posts = ([] for _ in range(6))

    def when(moment: datetime) -> datetime:
        return moment if zone_kept else moment.replace(tzinfo=None)

    for day in range(DAYS, -1, -1):
        for persona in PERSONAS:
            for pattern in PATTERNS:
                key = f"{persona}-{pattern}-{day}"
                at = now - timedelta(days=day, minutes=1)  # of each day, so that no two fall on one, at midnight too
                rate = 0.06 * (0.95 ** (DAYS - day) if (persona, pattern) == ("bob", "list") else 1)
                rate *= 0.5 ** ((DAYS - day) / DAYS) if persona == "eve" else 1
                views = int(rng.integers(3000, 6000))
                acts = int(rng.binomial(views, rate))
                variants.append((key, persona, pattern, 0.06, "text", "active", when(at)))
                counts.append((key, json.dumps({"persona_id": persona}), views, acts))
                posts.append((f"post-{key}", persona, views, acts - acts // 3, acts // 3, 0, when(at)))
                uses.append((persona, pattern, f"post-{key}", when(at)))
                if day == 0:
                    sessions.append((key, persona, f"post-{key}", 0.06, when(at), None, True, False, None))
    for number in range(20):
        key, at = f"watched-{number}", now - timedelta(hours=2)
        killed = number % 2 == 0
        end = when(at + timedelta(minutes=4)) if killed else None
        reason = "Below 50% of expected engagement rate" if killed else None
        sessions.append((key, "ann", None, 0.06, when(at), end, not killed, killed, reason))
        if killed:
            kills.append((key, "ann", reason, when(at), end))
    run("variants (id, persona_id, pattern_used, predicted_er, content, status, posted_at)", variants)
    run("variant_performance (variant_id, dimensions, impressions, successes)", counts)
    run(
        "threads_posts (thread_id, persona_id, impressions_count, likes_count, comments_count, shares_count, "
        "updated_at)",
        posts,
    )
    run("pattern_usage (persona_id, pattern_id, post_id, used_at)", uses)
    run(
        "variant_monitoring (variant_id, persona_id, post_id, expected_engagement_rate, started_at, ended_at, "
        "is_active, was_killed, kill_reason)",
        sessions,
    )
    run("variant_kills (variant_id, persona_id, reason, posted_at, killed_at)", kills)


def right_now() -> datetime:
    """Now, in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
