"""Shapes stay on the canvas, and none is too small to be seen."""

from __future__ import annotations

import pytest

from winburn.drawing.scales import flipped, linear
from winburn.drawing.svg import HEIGHT, WIDTH, band, level, line

X, Y = linear(0, 10), flipped(linear(0, 2))


def test_a_line_goes_through_its_points_from_above() -> None:
    drawn = line(((0, 0), (5, 1), (10, 2)), X, Y, "k1", least=2)
    assert drawn == '<polyline class="line k1" points="0.0,100.00 500.0,50.00 1000.0,0.00"/>'


def test_a_line_of_one_point_is_as_wide_as_asked() -> None:
    assert 'points="500.0,50.00 502.0,50.00"' in line(((5, 1),), X, Y, "k1", least=2)


def test_a_level_goes_from_edge_to_edge() -> None:
    assert (
        level(0.25, "grid") == f'<line class="grid" x1="0" x2="{WIDTH}" y1="{HEIGHT / 4:.2f}" y2="{HEIGHT / 4:.2f}"/>'
    )


@pytest.mark.parametrize(
    ("since", "until", "left", "width"), [(2, 4, 200, 200), (5, 5, 500, 3), (9.999, 10, 997, 3), (0, 0.001, 0, 3)]
)
def test_a_band_is_wide_enough_to_be_seen_and_ends_within(since: float, until: float, left: int, width: int) -> None:
    assert f'x="{left:.1f}" y="0" width="{width:.1f}"' in band(since, until, X, "t0", least=3)
