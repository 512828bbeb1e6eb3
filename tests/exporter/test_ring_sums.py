"""Differences of running sums are exact in the form that is kept, and the form is the smallest that holds the ring."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.ring_sums import RingSums

ROOM = 8


def filled(amounts: list[float], unit: float = 1.0, *, at_once: bool = False) -> RingSums:
    """A ring of which the last ROOM sums are kept."""
    ring = RingSums(ROOM, unit)
    if at_once:
        sums, first = np.cumsum(amounts), max(0, len(amounts) - ROOM)
        ring.add_all(
            sums[first:], float(sums[-1]), float(sums[-1] - sums[first]), np.arange(first, len(amounts)) % ROOM
        )
        return ring
    for i, amount in enumerate(amounts):
        ring.add(amount, sum(amounts[max(0, i - ROOM + 2) : i + 1]), [], [i % ROOM])
    return ring


@pytest.mark.parametrize(
    ("amounts", "unit", "size"),
    [
        ([1000.0] * 200, 1.0, 2),  # 200,000 in all, of which a ring has 8,000
        ([10_000.0] * 20, 1.0, 4),
        ([2.0**31] * 20, 1.0, 8),
        ([15.0] * 20_000, 15.0, 2),
        ([15.0, 7.0], 15.0, 8),
        ([1.0, 0.5], 1.0, 8),
        ([3.0, -1.0], 1.0, 8),
    ],
)
@pytest.mark.parametrize("at_once", [False, True])
def test_the_form_is_the_smallest_that_holds_the_ring(
    amounts: list[float], unit: float, size: int, *, at_once: bool
) -> None:
    ring = filled(amounts, unit, at_once=at_once)
    assert ring.bytes_each == size
    last = len(amounts) - 1
    assert ring.since(last % ROOM) == 0.0
    assert ring.since((last - 1) % ROOM) == amounts[-1]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from([0.0, 1.0, 7.0, 65_535.0, 65_536.0, 2.0**32 - 1, 2.0**32, 0.5, -3.0]), min_size=1, max_size=40
    ),
    st.booleans(),
)
def test_what_was_added_since_a_place_is_what_was_added(amounts: list[float], at_once: bool) -> None:  # noqa: FBT001
    ring, sums = filled(amounts, at_once=at_once), np.cumsum(amounts)  # all of them exact as floats
    places = np.arange(max(0, len(amounts) - ROOM), len(amounts))
    wanted = sums[-1] - sums[places]
    assert [ring.since(int(place) % ROOM) for place in places] == wanted.tolist()
    assert ring.since_each(places % ROOM).tolist() == wanted.tolist()
    for place in places[1:].tolist():
        assert ring.between((place - 1) % ROOM, place % ROOM) == amounts[place]


def test_with_more_room_the_sums_stand_elsewhere_and_are_the_same() -> None:
    ring = filled([5.0] * 12)
    ring.move(16, np.arange(4, 12) % ROOM, np.arange(4, 12))
    assert ring.since_each(np.arange(4, 12)).tolist() == [5.0 * i for i in range(7, -1, -1)]
