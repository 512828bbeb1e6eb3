"""Slow answers, which are answers: whose turn comes when, and what it costs the quick ones."""

from __future__ import annotations

from collections import Counter

import pytest

from exporter.sources.base import Later
from tests.exporter.sources.turned_shop import REFRESH, Database, numbered, oldest


@pytest.mark.parametrize(("slow", "takes"), [(1, 9.0), (3, 9.0), (10, 9.0), (30, 2.0)])
def test_slow_answers_do_not_keep_the_quick_ones_from_theirs(slow: int, takes: float) -> None:
    """They come within the time after which a refresh publishes what it has, 0.8 of it, or after one slow answer."""
    shop = Database()
    long, quick = numbered("slow", slow), numbered("quick", 10)
    names = [*long, *quick]
    shop.takes = dict.fromkeys(long, takes)
    shop.run(names)
    ages = oldest(shop, names, quick)
    assert max(ages[10:]) <= REFRESH + 0.8 * REFRESH
    counts = Counter[str]()
    for _ in range(4 * slow):
        counts.update(shop.run(names))
        assert shop.asked[:10] == quick
        assert shop.now % REFRESH <= 0.8 * REFRESH
    assert max(counts[name] for name in long) - min(counts[name] for name in long) <= 1
    assert min(counts.values()) >= 4, "each has its turn"


def test_five_slow_ones_become_as_old_as_the_documentation_says() -> None:
    shop = Database()
    long = numbered("slow", 5)
    shop.takes = dict.fromkeys(long, 9.0)
    shop.run([*long, "quick"])
    ages = oldest(shop, [*long, "quick"], long)
    assert max(ages[10:]) == 84


def test_slow_ones_all_have_their_turn_where_there_are_no_quick_ones() -> None:
    shop = Database()
    names = numbered("slow", 5)
    shop.takes = dict.fromkeys(names, 9.0)
    for _ in range(3):
        assert shop.run(names) == names


def test_one_that_must_wait_has_not_failed_and_one_that_is_quick_again_waits_no_more() -> None:
    shop = Database()
    shop.takes = {"s0": 9.0, "s1": 9.0}
    names = ["s0", "s1", "quick"]
    shop.run(names)
    found = shop.ask(names, 0.7 * REFRESH)
    assert isinstance(found["s1"], Later)
    assert found["s0"] == "S0"
    shop.takes = {}
    assert shop.run(names) == ["s0", "s1", "quick"]
    assert shop.run(names) == names
    assert shop.asked == names


def test_slow_ones_are_not_forgotten_behind_quick_ones_that_use_up_the_room() -> None:
    shop = Database()
    shop.takes = {**dict.fromkeys(numbered("quick", 20), 0.9), "slow": 9.0}
    names = [*numbered("quick", 20), "slow"]
    for _ in range(3):
        assert shop.run(names) == names


def test_what_was_slow_while_the_past_was_read_is_soon_asked_as_before() -> None:
    shop = Database()
    shop.takes = dict.fromkeys(numbered("slo", 100), 5.0)
    names = [*numbered("slo", 100), "quick"]
    shop.run(names)
    shop.takes = dict.fromkeys(numbered("slo", 100), 0.08)
    assert shop.run(names) == names
    shop.run(names)
    assert shop.asked == names


def test_where_a_slow_one_finds_the_source_dead_the_next_fails_with_it() -> None:
    shop = Database()
    shop.takes = {"s0": 9.0, "s1": 9.0}
    names = ["s0", "s1", "quick"]
    shop.run(names)
    shop.silent = {"s0"}
    answers = shop.ask(names, 0.7 * REFRESH)
    assert answers["quick"] == "QUICK"
    assert answers["s1"] is answers["s0"]


def test_a_slow_one_waits_for_nobody_in_an_outage() -> None:
    shop = Database()
    shop.takes = {"s0": 9.0, "s1": 9.0}
    names = ["s0", "s1", "quick"]
    shop.run(names)
    shop.dead = True
    assert not [answer for answer in shop.ask(names, 0.7 * REFRESH).values() if isinstance(answer, Later)]
