"""A window's sum is the sum of its raw increments, whatever came in between; a restart changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.ledger import COARSE_WIDTH, MIDDLE_WIDTH, Ledger

DAY = 86400.0
WINDOWS = (300.0, 1800.0, 3600.0, 7200.0, 21600.0, DAY, 3 * DAY, 7 * DAY, 30 * DAY)


def _edge(width: float, origin: float, time: float) -> float:
    return origin + np.floor((time - origin) / width + 1e-6) * width


def _width(seconds: float, fine: float) -> float:
    return fine if seconds <= 21600 else MIDDLE_WIDTH if seconds <= 3 * DAY else COARSE_WIDTH


@st.composite
def _histories(draw: st.DrawFn) -> tuple[float, float, list[tuple[float, float, float, float]]]:
    """(fine width, origin, rows of time, total, bad, measured): runs of contiguous polls, gaps and long absences."""
    fine = draw(st.sampled_from([1.0, 15.0, 60.0]))
    origin = draw(st.sampled_from([0.0, 10.0, 297.0])) % fine
    time = 1_700_000_000.0 // fine * fine + origin
    # Half counts, and sums beyond 2^32, need another form of the rings; floats hold both exactly.
    units = st.sampled_from(draw(st.sampled_from([[1.0], [1.0, 1.0, 1.0, 0.5], [1.0, 2.0**31]])))
    rows = []
    for _ in range(draw(st.integers(1, 60))):
        time += fine * draw(st.sampled_from([1, 1, 1, 2, 20, 300 / fine, 3600 / fine, 5 * 86400 / fine]))
        total, unit = draw(st.integers(0, 1000)), draw(units)
        rows.append((time, total * unit, draw(st.integers(0, total)) * unit, fine))
    return fine, origin, rows


@settings(max_examples=150, deadline=None)
@given(_histories(), st.data())
def test_any_window_is_the_sum_of_its_increments(
    history: tuple[float, float, list[tuple[float, float, float, float]]], data: st.DataObject
) -> None:
    fine, origin, rows = history
    ledger = Ledger(fine, 30 * DAY, origin)
    table = np.array(rows)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=4)))
    for part in np.split(table, cuts):
        ledger.add(*part.T)
    end = table[-1, 0]
    for seconds in WINDOWS:
        start = _edge(_width(seconds, fine), origin, end - seconds)
        inside = table[table[:, 0] > start + 1e-3]
        window = ledger.window(seconds)
        assert (window.total, window.bad, window.measured) == tuple(inside[:, 1:].sum(axis=0))
        assert window.seconds == pytest.approx(end - start)


@settings(max_examples=100, deadline=None)
@given(_histories(), st.data())
def test_a_restart_at_any_moment_changes_nothing(
    history: tuple[float, float, list[tuple[float, float, float, float]]], data: st.DataObject
) -> None:
    fine, origin, rows = history
    table = np.array(rows)
    straight = Ledger(fine, 30 * DAY, origin)
    restarted = Ledger(fine, 30 * DAY, origin)
    store: dict[tuple[float, float], object] = {}
    saved: float | None = None
    restarts = data.draw(st.sets(st.integers(0, len(rows) - 1), max_size=5))
    for i, row in enumerate(table):
        for ledger in (straight, restarted):
            ledger.add(*row.reshape(4, 1))
        store |= {(slot.width, slot.ends_at): slot for slot in restarted.slots_since(saved)}
        saved = restarted.end
        if i in restarts:
            restarted = Ledger(fine, 30 * DAY, origin)
            restarted.load(store.values(), saved)  # type: ignore[arg-type]
        for seconds in WINDOWS:
            assert restarted.window(seconds) == straight.window(seconds)


@settings(max_examples=10, deadline=None)
@given(_histories())
def test_one_instant_at_a_time_gives_what_all_at_once_give(
    history: tuple[float, float, list[tuple[float, float, float, float]]],
) -> None:
    fine, origin, rows = history
    whole, stepped = Ledger(fine, 30 * DAY, origin), Ledger(fine, 30 * DAY, origin)
    times, total, bad, measured = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    whole.add(times, total, bad, measured)
    for i in range(len(times)):
        stepped.add(*(column[i : i + 1] for column in (times, total, bad, measured)))
    assert stepped.end == whole.end
    for seconds in WINDOWS:
        one, other = stepped.window(seconds), whole.window(seconds)
        assert (one.total, one.bad, one.measured) == pytest.approx((other.total, other.bad, other.measured), abs=1e-6)
        assert one.seconds == other.seconds
    assert [(s.width, s.ends_at) for s in stepped.slots_since(None)] == [
        (s.width, s.ends_at) for s in whole.slots_since(None)
    ]


def test_windows_start_exactly_up_to_six_hours_and_at_slot_edges_beyond() -> None:
    ledger = Ledger(15, 30 * DAY)
    times = np.arange(1, 8 * 86400 / 15 + 1) * 15.0
    ones = np.ones(len(times))
    ledger.add(times, ones, ones * 0, ones * 15)
    odd = np.array([8 * DAY + 15])
    ledger.add(odd, np.array([1.0]), np.array([0.0]), np.array([15.0]))
    assert ledger.window(3600).total == 240
    assert ledger.window(DAY).total == 5760 + 1  # back to the 5 m edge, 15 s earlier
    assert ledger.window(7 * DAY).total == 7 * 5760 + 1
    assert ledger.window(30 * DAY).total == len(times) + 1


def test_slots_of_another_refresh_are_taken_over() -> None:
    old = Ledger(15, 7 * DAY)
    times = np.arange(1, 1000) * 15.0
    old.add(times, times, times / 2, np.full(999, 15.0))
    new = Ledger(5, 7 * DAY)
    new.load(old.slots_since(None), 999 * 15.0)
    for seconds in WINDOWS[:-1]:
        assert new.window(seconds) == old.window(seconds)


def test_increments_must_ascend() -> None:
    ledger = Ledger(15, 7 * DAY)
    ledger.add(*np.array([[30.0], [1.0], [0.0], [15.0]]))
    with pytest.raises(ValueError, match="before the ledger's end"):
        ledger.add(*np.array([[30.0], [1.0], [0.0], [15.0]]))


def test_an_empty_ledger_has_empty_windows() -> None:
    assert Ledger(15, 7 * DAY).window(300).total == 0
    assert Ledger(15, 7 * DAY).slots_since(None) == []
