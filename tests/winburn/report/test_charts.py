"""Charts show the whole period, or an experiment alone that is but a stroke in it; what is beyond the scale is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.winburn.report.documents import DAY, END, HOUR, PERIOD, START, button
from winburn.report.blocks import Chart
from winburn.report.charts import evidence_chart
from winburn.report.experiment_review import Evidence


def chart(*points: tuple[float, float]) -> Chart:
    found = evidence_chart(replace(button(), evidence=Evidence("counts", 20.0, (("green", (points,)),))), PERIOD)
    assert found is not None
    return found


@pytest.mark.parametrize("length", [HOUR, DAY])
def test_an_experiment_of_less_than_a_quarter_of_the_period_has_the_chart_to_itself(length: float) -> None:
    drawn = chart((START + HOUR, 1.0), (START + HOUR + length, 30.0))
    assert (drawn.start, drawn.end) == (START + HOUR, START + HOUR + length)


@pytest.mark.parametrize("points", [[(START + HOUR, 1.0), (START + 2 * DAY, 30.0)], [(START + HOUR, 3.0)]])
def test_a_longer_one_or_a_single_point_is_shown_in_the_period(points: list[tuple[float, float]]) -> None:
    drawn = chart(*points)
    assert (drawn.start, drawn.end) == (START, END)


def test_the_scale_reaches_beyond_the_boundary_and_the_values_and_no_further_than_can_be_drawn() -> None:
    assert chart((START, 1.0), (END, 30.0)).range == (0.01, 100.0)
    assert chart((START, 1.0), (END, 1e6)).range == (0.01, 2e6)
    high = chart((START, 1.0), (END, 1e50))
    assert high.range == (0.01, 2e40)
    assert high.text.endswith("drawn up to 1e40.")
