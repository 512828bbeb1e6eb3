"""The shop's posts: personas that write by patterns, each post with a predicted engagement, as rows of deploy/sql.

What people do with a post in one second follows from the seed, the post and the second, as all traffic of the demo.
Posts of the last days are counted in ``variant_performance``; three months of older ones make the patterns' past.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import winburn
from winburn.demo.traffic import DAY, HOUR, MINUTE, Story

_SCHEMA = "variants.sqlite.sql"
_PACKAGE = Path(winburn.__file__).parent


@dataclass(frozen=True, slots=True)
class Post:
    """A post: what was predicted of it, its true rate, views per second, and when it was posted in seconds after the
    opening (below 0: before it, and seen since then at a hundredth of that)."""

    name: str
    persona: str
    pattern: str
    predicted: float
    rate: float
    per_second: float
    posted: int


DUD = Post("ann-teaser-2", "ann", "teaser", 0.06, 0.001, 14.0, posted=3)
"""The one that is killed within the first minute."""
POSTS = (
    DUD,
    Post("ann-how-to-7", "ann", "how-to", 0.06, 0.062, 5.0, posted=-5 * HOUR),
    Post("ann-question-31", "ann", "question", 0.08, 0.034, 4.0, posted=-8 * HOUR),
    Post("ann-story-3", "ann", "story", 0.05, 0.086, 6.0, posted=-3 * HOUR),
    Post("ann-story-4", "ann", "story", 0.055, 0.058, 4.0, posted=20),
    Post("ben-list-12", "ben", "list", 0.07, 0.065, 5.0, posted=-9 * HOUR),
    Post("ben-number-5", "ben", "number", 0.07, 0.048, 6.0, posted=-6 * HOUR),
    Post("ben-number-6", "ben", "number", 0.065, 0.018, 8.0, posted=150),
    Post("ben-poll-1", "ben", "poll", 0.05, 0.057, 3.0, posted=-2 * HOUR),
    Post("cleo-quote-8", "cleo", "quote", 0.04, 0.041, 5.0, posted=-7 * HOUR),
    Post("cleo-quote-9", "cleo", "quote", 0.04, 0.029, 3.0, posted=-4 * HOUR),
    Post("cleo-behind-1", "cleo", "behind the scenes", 0.045, 0.071, 4.0, posted=-HOUR),
)


@dataclass(frozen=True, slots=True)
class Habit:
    """A pattern's past: every so many days a post with its rate, which falls by a share with each use."""

    persona: str
    pattern: str
    every: int
    rate: float
    falls: float = 0.0


TIRED = Habit("ann", "question", 3, 0.092, falls=0.032)
"""The pattern that tires."""
HABITS = (
    TIRED,
    Habit("ann", "how-to", 3, 0.063),
    Habit("ann", "story", 3, 0.072),
    Habit("ben", "list", 1, 0.066),
    Habit("ben", "number", 3, 0.055),
    Habit("cleo", "quote", 4, 0.041),
)
_PAST_DAYS, _PAST_VIEWS = 88, 900
_PAST_SESSIONS = 13
"""Posts of ben that were watched within the last day; every third was killed by hand."""


def schema() -> str:
    """The statements of ``deploy/sql`` for SQLite, from the installed package or the repository."""
    places = (_PACKAGE / "sql" / _SCHEMA, _PACKAGE.parent / "deploy" / "sql" / _SCHEMA)
    return next(place for place in places if place.is_file()).read_text(encoding="utf-8")


def fill(database: sqlite3.Connection, story: Story) -> None:
    """Write the past: posts of the last hours, the patterns' uses, watched posts. The tables must be there, empty."""
    for post in POSTS:
        if post.posted < 0:
            views, acts = past(post, story)
            _publish(database, post, story.origin + post.posted, views, acts)
    for index, habit in enumerate(HABITS):
        rng = np.random.default_rng([story.seed, 4, index])
        for number, day in enumerate(range(_PAST_DAYS, 0, -habit.every)):
            views = int(rng.poisson(_PAST_VIEWS))
            rate = habit.rate * (1 - habit.falls) ** number * rng.lognormal(0, 0.03)
            _use(database, habit, number, story.origin - day * DAY, views, int(rng.binomial(views, rate)))
    _watched(database, story)


def publish(database: sqlite3.Connection, story: Story, start: int, end: int) -> None:
    """What is posted in ``start <= second < end``, and what people do with all posts then. Killed ones are not shown
    any more."""
    if story.opening is None:
        return
    for post in POSTS:
        at = story.opening + post.posted
        if post.posted >= 0 and start <= at < end:
            _publish(database, post, at, 0, 0)
    gone = {name for (name,) in database.execute("SELECT id FROM variants WHERE status = 'killed'")}
    for index, post in enumerate(POSTS):
        seconds = range(max(start, story.opening + max(0, post.posted)), end)
        views, acts = seen(index, story, seconds)
        if views and post.name not in gone:
            database.execute(
                "UPDATE variant_performance SET impressions = impressions + ?, successes = successes + ?, "
                "last_used = ? WHERE variant_id = ?",
                (views, acts, _moment(end), post.name),
            )


def past(post: Post, story: Story) -> tuple[int, int]:
    """Views and interactions of a post before the shop opens."""
    rng = np.random.default_rng([story.seed, 5, POSTS.index(post)])
    views = int(rng.poisson(-post.posted * post.per_second / 100))
    return views, int(rng.binomial(views, post.rate))


def seen(index: int, story: Story, seconds: Sequence[int]) -> tuple[int, int]:
    """Views and interactions of a post, by its place in POSTS, in these seconds."""
    post, views, acts = POSTS[index], 0, 0
    for second in seconds:
        rng = np.random.default_rng([story.seed, 6, index, second - (story.opening or 0)])
        more = int(rng.poisson(post.per_second))
        views, acts = views + more, acts + int(rng.binomial(more, post.rate))
    return views, acts


def _publish(database: sqlite3.Connection, post: Post, at: int, views: int, acts: int) -> None:
    database.execute(
        "INSERT INTO variants (id, persona_id, pattern_used, predicted_er, posted_at) VALUES (?, ?, ?, ?, ?)",
        (post.name, post.persona, post.pattern, post.predicted, _moment(at)),
    )
    database.execute(
        "INSERT INTO variant_performance (variant_id, impressions, successes, created_at) VALUES (?, ?, ?, ?)",
        (post.name, views, acts, _moment(at)),
    )
    database.execute(
        "INSERT INTO variant_monitoring (variant_id, persona_id, expected_engagement_rate, timeout_minutes, started_at)"
        " VALUES (?, ?, ?, ?, ?)",
        (post.name, post.persona, post.predicted, DAY // MINUTE, _moment(at)),
    )
    _record_use(database, post.persona, post.pattern, post.name, at)


def _use(database: sqlite3.Connection, habit: Habit, number: int, at: int, views: int, acts: int) -> None:
    name = f"{habit.persona}-{habit.pattern}-past-{number}"
    _record_use(database, habit.persona, habit.pattern, name, at)
    database.execute(
        "INSERT INTO threads_posts (thread_id, persona_id, published_at, impressions_count, likes_count, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (name, habit.persona, _moment(at), views, acts, _moment(at)),
    )


def _record_use(database: sqlite3.Connection, persona: str, pattern: str, post: str, at: int) -> None:
    database.execute(
        "INSERT INTO pattern_usage (persona_id, pattern_id, post_id, used_at) VALUES (?, ?, ?, ?)",
        (persona, pattern, post, _moment(at)),
    )


def _watched(database: sqlite3.Connection, story: Story) -> None:
    """What was watched and is over."""
    rows: Iterator[tuple[object, ...]] = (
        (f"ben-draft-{number}", "ben", 0.06, _moment(at), _moment(at + 10 * MINUTE), killed, "by hand" * killed)
        for number in range(_PAST_SESSIONS)
        for at, killed in [(story.origin - (22 - number) * HOUR, number % 3 == 0)]
    )
    database.executemany(
        "INSERT INTO variant_monitoring (variant_id, persona_id, expected_engagement_rate, started_at, ended_at, "
        "was_killed, kill_reason, is_active) VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
        rows,
    )


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
