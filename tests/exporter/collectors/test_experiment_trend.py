"""Trend of a variant's advantage."""

from __future__ import annotations

import math

from exporter.collectors.experiment_cases import Case
from exporter.collectors.experiment_trend import trends

EVEN, THREE = (0.5, 0.5), (0.4, 0.3, 0.3)


def half(*arms: tuple[float, float], **changes: object) -> Case:
    return Case("proportion", (arms,), EVEN if len(arms) == 2 else THREE, **changes)  # type: ignore[arg-type]


def test_each_variant_of_each_case_in_their_order() -> None:
    rising = half((9000, 900), (9000, 900)), half((9000, 900), (9000, 1300))
    three = half((9000, 900), (9000, 900), (9000, 1300)), half((9000, 900), (9000, 905), (9000, 900))
    falling = tuple(reversed(rising))
    assert trends([rising, three, falling]) == [[1], [0, -1], [-1]]  # type: ignore[list-item]
    assert trends([]) == []


def test_of_what_should_fall_rising_is_degrading() -> None:
    earlier, later = ((9000, 900), (9000, 900)), ((9000, 900), (9000, 1300))
    assert trends([(half(*earlier, increase=False), half(*later, increase=False))]) == [[-1]]


def test_too_few_conversions_and_an_unknown_design_effect_say_nothing() -> None:
    few = half((100, 5), (100, 5)), half((9000, 900), (9000, 1300))
    clustered = tuple(half((9000, 900), (9000, 900), design_effect=math.nan) for _ in range(2))
    found = trends([few, clustered])  # type: ignore[list-item]
    assert all(math.isnan(row[0]) for row in found)
