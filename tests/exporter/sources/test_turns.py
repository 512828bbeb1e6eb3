"""Who is asked, in what order, and what it costs: on a clock of its own."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import partial

import pytest

from exporter.sources.base import Later, SourceError, TooLong, Unreachable
from exporter.sources.turns import Turns, ask_in_turn

TIMEOUT, REFRESH, MAX_AGE = 10.0, 15.0, 60.0
"""Those of the defaults."""


class Database:
    """Answers at once; a question in ``takes`` after so many seconds, and never where these are more than the timeout.
    ``dead`` answers nobody, ``silent`` not these: the same, as seen from here."""

    name = "shop"

    def __init__(self) -> None:
        self.now = 0.0
        self.up: bool | None = None
        self.takes: dict[str, float] = {}
        self.refused: set[str] = set()
        self.silent: set[str] = set()
        self.dead = False
        self.asked: list[str] = []
        self.turns = Turns(TIMEOUT, lambda: self.now)

    def question(self, name: str) -> str:
        self.asked.append(name)
        self.up = False
        with self.turns.timed():
            if self.dead or name in self.silent:
                self.now += TIMEOUT
                raise Unreachable("source shop gave no answer within 10 s")
            self.now += min(self.takes.get(name, 0.0), TIMEOUT)
            if self.takes.get(name, 0.0) > TIMEOUT:
                raise TooLong("source shop: canceled")
            self.up = True
            if name in self.refused:
                raise SourceError("source shop: no such column")
        return name.upper()

    def ask(self, names: Sequence[str], room: float = math.inf) -> dict[str, str | SourceError]:
        self.asked.clear()
        answers = ask_in_turn(self, [(name, partial(self.question, name)) for name in names], room)
        assert list(answers) == list(names)
        return answers

    def run(self, names: Sequence[str]) -> list[str]:
        """A refresh at the next instant after the last one's end, as SLOs are asked; who is answered."""
        self.now = (self.now // REFRESH + 1) * REFRESH
        answers = self.ask(names, 0.7 * REFRESH)
        return [name for name, answer in answers.items() if not isinstance(answer, SourceError)]


def numbered(name: str, count: int) -> list[str]:
    return [f"{name}{i}" for i in range(count)]


def oldest(shop: Database, names: Sequence[str], watched: Sequence[str], runs: int = 60) -> list[float]:
    """How old each of ``watched`` became between two of its answers.

    What a run finds is served from its end on, and holds for its beginning."""
    good = dict.fromkeys(watched, shop.now)
    ages: list[float] = []
    for _ in range(runs):
        start = (shop.now // REFRESH + 1) * REFRESH
        well = set(shop.run(names)) & {*watched}
        ages += [shop.now - good[name] for name in well]
        good |= dict.fromkeys(well, start)
    return ages


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
