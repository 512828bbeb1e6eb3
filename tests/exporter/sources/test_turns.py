"""Who is asked, in what order, and what it costs: on a clock of its own."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from exporter.sources.base import TooLong
from exporter.sources.turns import Turns
from tests.exporter.sources.turned_shop import MAX_AGE, REFRESH, TIMEOUT, Database, numbered, oldest


def test_all_are_answered_in_their_order() -> None:
    shop = Database()
    assert shop.ask(["b", "a"]) == {"b": "B", "a": "A"}
    assert shop.asked == ["b", "a"]


def test_a_source_that_does_not_answer_costs_one_timeout_a_run_and_one_sentence() -> None:
    shop = Database()
    shop.dead = True
    names = numbered("slo", 20)
    sentences, first = Counter[str](), []
    for run in range(1, 6):
        shop.now = began = run * REFRESH
        sentences.update(map(str, shop.ask(names).values()))
        assert shop.now - began == TIMEOUT
        first += shop.asked
    text = "source shop gave no answer within 10 s; no more is asked of it in this refresh"
    assert sentences == {text: 5 * 20}
    assert len(set(first)) == 5, "each run tries another one"
    shop.dead = False
    assert shop.run(names) == names
    assert shop.run(names) == names


def test_an_outage_is_over_at_the_next_run_however_long_it_was() -> None:
    shop = Database()
    shop.dead = True
    for _ in range(50):
        shop.run(["a", "b", "c"])
    shop.dead = False
    assert shop.run(["a", "b", "c"]) == ["a", "b", "c"]


def test_one_question_alone_fails_with_its_own_words() -> None:
    shop = Database()
    shop.dead = True
    assert str(shop.ask(["a"])["a"]) == "source shop gave no answer within 10 s"


def test_a_query_whose_silence_looks_like_that_of_the_source_is_asked_last() -> None:
    shop = Database()
    shop.silent = {"a"}
    assert shop.run(["a", "b", "c"]) == []
    tries = 0
    for _ in range(30):
        assert shop.run(["a", "b", "c"]) == ["b", "c"]
        tries += "a" in shop.asked
        assert shop.up is True
    assert 10 <= tries <= 20, "a third of the time"
    shop.silent = set()
    shop.now += 60
    assert shop.run(["a", "b", "c"]) == ["a", "b", "c"]
    shop.run(["a", "b", "c"])
    assert shop.asked == ["a", "b", "c"]


def test_after_an_outage_a_query_that_is_broken_for_ever_keeps_no_other_from_being_asked() -> None:
    shop = Database()
    names = ["broken", "a", "b"]
    shop.dead = True
    for _ in range(6):
        shop.run(names)
    shop.dead, shop.silent = False, {"broken"}
    found = [shop.run(names) for _ in range(3)]
    assert found[-1] == ["a", "b"]


def test_a_query_that_is_given_up_costs_its_own_answer_only() -> None:
    shop = Database()
    shop.takes = {"a": math.inf}
    answers = shop.ask(["a", "b"])
    assert str(answers["a"]) == "source shop: canceled"
    assert answers["b"] == "B"
    assert shop.ask(["a", "b"])["b"] == "B"
    assert shop.asked == ["b", "a"]


def test_a_source_is_up_where_it_answers_others_and_not_where_it_answers_nobody() -> None:
    shop = Database()
    for takes, dead, up in [
        ({"b": math.inf}, False, True),
        ({"a": math.inf, "b": math.inf}, False, False),
        ({}, True, False),
    ]:
        shop.now += 100
        shop.run(["a", "b"])
        shop.takes, shop.dead = takes, dead
        shop.now += 100
        shop.run(["a", "b"])
        assert shop.up is up
        shop.takes, shop.dead = {}, False


def test_a_source_that_dies_between_two_questions_is_down() -> None:
    shop = Database()
    shop.silent = {"b"}
    shop.run(["a", "b"])
    assert shop.up is False


def test_a_refused_query_is_an_answer() -> None:
    shop = Database()
    shop.refused = {"a"}
    for _ in range(2):
        assert shop.run(["a", "b"]) == ["b"]
        assert shop.asked == ["a", "b"]


def test_a_suspect_that_is_not_asked_keeps_its_failure() -> None:
    shop = Database()
    shop.takes = {"a": math.inf}
    failures = {str(shop.ask(["a"])["a"]) for _ in range(6)}
    assert failures == {"source shop: canceled"}
    assert shop.now == 2 * TIMEOUT
    shop.takes = {}
    shop.now += 2 * TIMEOUT
    assert shop.ask(["a"]) == {"a": "A"}


def test_who_is_left_for_want_of_time_is_told_so_and_is_asked_soon() -> None:
    shop = Database()
    shop.takes = dict.fromkeys(numbered("a", 3), math.inf)
    names = [*numbered("a", 3), "b", "c"]
    answers = shop.ask(names)
    assert str(answers["c"]) == "source shop was not asked: other questions took too long"
    assert shop.asked == ["a0", "a1"]
    assert shop.run(names) == ["b", "c"]
    assert shop.asked[:3] == ["c", "b", "a2"], "from the other end"


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("bad", [1, 2, 8, 40])
def test_queries_that_never_end_do_not_keep_the_others_from_their_series(bad: int, *, first: bool) -> None:
    shop = Database()
    broken, well = numbered("bad", bad), numbered("well", 10)
    names = [*broken, *well] if first else [*well, *broken]
    assert shop.run(names) == names
    shop.takes = dict.fromkeys(broken, math.inf)
    tried: set[str] = set()
    ages = oldest(shop, names, well)
    assert max(ages) < MAX_AGE
    for _ in range(150):
        shop.run(names)
        tried |= {*shop.asked}
    assert tried == {*names}, "nobody is given up"
    shop.takes = {}
    shop.now += 2 * TIMEOUT / 0.5
    assert shop.run(names) == names


def test_without_a_timeout_nobody_is_slow() -> None:
    shop = Database()
    shop.turns = Turns(monotonic=lambda: shop.now)
    shop.takes = {"a": 9.0}
    assert shop.run(["a", "b"]) == shop.run(["a", "b"]) == ["a", "b"]
    assert shop.asked == ["a", "b"]


def test_what_has_left_the_spec_is_forgotten_after_a_day() -> None:
    """A source outlives specs: names that come and go must not pile up in it. What is asked is never forgotten."""
    shop = Database()
    shop.takes = {"bad": math.inf, "slow": 9.0, "kept": math.inf}
    assert shop.run(["quick", "slow", "bad", "kept"]) == ["quick", "slow"]
    for _ in range(26):
        assert shop.run(["kept", "quick"]) == ["quick"]
        shop.now += 3600
    shop.takes = {}
    assert shop.run(["bad", "slow", "kept", "quick"]) == ["bad", "slow", "kept", "quick"]
    assert shop.asked == ["bad", "slow", "quick", "kept"]


def test_who_was_left_in_an_outage_and_has_left_the_spec_is_forgotten_after_a_day() -> None:
    shop = Database()
    shop.dead = True
    shop.run(["x", "a", "b"])
    shop.dead = False
    for _ in range(26):
        shop.run(["other"])
        shop.now += 3600
    shop.run(["a", "b", "c"])
    assert shop.asked == ["a", "b", "c"], "not from the other end"


def test_who_is_wanted_and_never_asked_for_a_day_is_not_forgotten() -> None:
    shop = Database()
    shop.turns.failed("a", TooLong("canceled"), wasted=False)
    for _ in range(30):
        assert shop.turns.in_order(["a"]) == ([], [], ["a"])
        assert shop.turns.in_order(["another collector's"]) == (["another collector's"], [], [])
        shop.now += 3600
