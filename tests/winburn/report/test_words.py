"""Numbers as people read them: no rounding that changes what is said, and a reason for every gap."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from winburn.report import words
from winburn.report.values import Missing, Number

WHY = Missing("no events")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "100 %"),
        (0.99999999, "99.9999 %"),
        (0.998999917, "99.8999 %"),
        (0.12, "12 %"),
        (0.29, "29 %"),
        (0.0, "0 %"),
    ],
)
def test_a_share_is_never_rounded_up(value: float, text: str) -> None:
    assert words.exact_share(value) == text


WORDS = [words.count, words.share, words.exact_share, words.change, words.evidence, words.probability, words.span]


@pytest.mark.parametrize("word", WORDS)
def test_every_gap_has_its_reason(word: Callable[[Number], str]) -> None:
    assert word(WHY) == "— (no events)"


def test_a_reason_stands_once_in_a_row() -> None:
    assert words.once(("a", "— (x)", "— (x)", "— (y)", "1", "1")) == ("a", "— (x)", "—", "— (y)", "1", "1")


def test_intervals() -> None:
    assert words.interval(0.05, 0.36) == "+5 % to +36 %"
    assert words.interval(Missing("open"), -0.9) == "open to -90 %"
    assert words.interval(WHY, WHY) == "— (no events)"


def test_times_are_those_of_the_zone() -> None:
    noon = 1_699_876_800.0
    assert words.moment(noon, "Europe/Berlin") == "2023-11-13 13:00"
    assert words.clock(noon, noon + 3600, "UTC") == "2023-11-13 12:00 to 13:00"
    assert words.clock(noon, noon + 86400, "UTC") == "2023-11-13 12:00 to 2023-11-14 12:00"


@pytest.mark.parametrize(("value", "text"), [(1.2e-9, "1.2e-09"), (0.031, "0.031"), (1.0, "1")])
def test_small_probabilities_do_not_become_none(value: float, text: str) -> None:
    assert words.probability(value) == text
