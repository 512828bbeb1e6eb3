"""The table of reaction times against the published ones."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.winburn.backtest.scripted import slo
from winburn.backtest.theory import reactions


def _minutes(objective: float, errors: str) -> list[float | None]:
    (row,) = reactions(slo(objective), 0.0, [Decimal(errors)])
    return [None if r.detection is None else round(r.detection / 60, 1) for r in row]


@pytest.mark.parametrize(
    ("errors", "minutes"),
    [
        ("100", [0.9, 2.2, 4.3, 4.3]),
        ("10", [8.6, 21.6, 43.2, 43.2]),
        ("2", [43.2, 108.0, 216.0, 216.0]),
        ("1", [None, 216.0, 432.0, 432.0]),
        ("0.2", [None, None, None, 2160.0]),
        ("0.1", [None, None, None, None]),
    ],
)
def test_detection_at_999(errors: str, minutes: list[float | None]) -> None:
    """SRE Workbook ch. 5: (1 - SLO) / error ratio x window x burn rate; 30 days, factors 14.4, 6, 3, 1."""
    assert _minutes(99.9, errors) == minutes


def test_a_tenth_of_the_budget_is_detected_in_a_tenth_of_the_time() -> None:
    assert _minutes(99, "100") == [round(10 * m, 1) for m in (0.864, 2.16, 4.32, 4.32)]


def test_reset_after_a_total_outage_is_nearly_the_short_window() -> None:
    (row,) = reactions(slo(), 30.0, [Decimal(100)])
    assert [r.reset for r in row] == pytest.approx(
        [300 * 0.9856 + 30, 1800 * 0.994 + 30, 7200 * 0.997 + 30, 21600 * 0.999 + 30]
    )


def test_the_factor_itself_never_fires() -> None:
    (row,) = reactions(slo(), 0.0, [Decimal("1.44")])
    assert row[0].detection is None
    assert row[0].reset is None
