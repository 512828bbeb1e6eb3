"""Labels that are kept from one refresh to the next: checked once, and not kept for ever."""

from __future__ import annotations

import math

import pytest

from exporter.contract import ContractError, forget_labels, known, label_pairs, sample
from exporter.contract.sample import _seen


def test_a_sample_of_known_labels_is_the_one_that_is_checked_each_time() -> None:
    pairs = label_pairs(("slo_events", "slo_burn_rate"), window="5m", slo_group="zone=eu", slo="a")
    for name in ("slo_events", "slo_burn_rate"):
        assert known(name, pairs, 2) == sample(name, 2, slo="a", window="5m", slo_group="zone=eu")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_undefined_is_no_sample_of_known_labels_either(value: float) -> None:
    with pytest.raises(ContractError, match="not a value"):
        known("slo_trend", label_pairs(("slo_trend",), slo="a"), value)


def test_families_with_other_labels_are_refused() -> None:
    with pytest.raises(ContractError):
        label_pairs(("slo_events", "slo_trend"), slo="a", window="5m")
    with pytest.raises(ContractError):
        label_pairs(("slo_trend",), nonsense="a")


def test_labels_of_series_that_are_gone_are_forgotten() -> None:
    forget_labels(0)  # those of other tests
    for number in range(3000):
        sample("slo_trend", 0, slo=f"gone-{number}")
    forget_labels(3000)
    assert len(_seen["slo_trend"]) >= 3000
    forget_labels(10)
    assert not any(_seen.values())
