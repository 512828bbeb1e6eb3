from __future__ import annotations

from decimal import Decimal

import pytest

from exporter.sources.cells import LABEL_LENGTH, count, label, mapping, rate, reason


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("Below 50% of expected engagement rate", "below_expectation"),
        ("low_performance", "low_performance"),
        ("Manually stopped", "manual"),
        ("Budget: 12.50 EUR spent!", "budget_eur_spent"),
        ("", "unknown"),
        (None, "unknown"),
        ("12345", "unknown"),
        ("x" * 99, "x" * 40),
    ],
)
def test_reasons_are_few_words(text: str | None, short: str) -> None:
    assert reason(text) == short


def test_numbers_that_can_be_used() -> None:
    assert [count(x) for x in (3, Decimal("2.5"), -1, float("nan"), None, True, "3")] == [3, 2.5, *[None] * 5]
    assert [rate(x) for x in (0.06, 0, 1, 6)] == [0.06, None, None, None]


def test_labels_have_a_length_and_stay_apart() -> None:
    assert (label(None), label(7), label("x" * LABEL_LENGTH)) == ("", "7", "x" * LABEL_LENGTH)
    assert len(label("x" * 5000)) == LABEL_LENGTH
    assert label("x" * 5000) != label("x" * 5001)


def test_what_is_no_object_is_empty() -> None:
    assert mapping({"a": 1}) == mapping('{"a": 1}') == {"a": 1}
    assert mapping("[1]") == mapping("{") == mapping(None) == {}
