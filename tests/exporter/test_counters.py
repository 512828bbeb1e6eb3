"""Increments from raw counters: what is counted, what is only a baseline, and that many polls at once give the same."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.counters import MEMORY_SECONDS, Memory, replay, step

NAN = float("nan")


def target(key: str) -> str:
    return key[0]


def run(polls: list[dict[str, float]], every: float = 15.0) -> list[float]:
    memory = Memory()
    return [
        float(step(memory, (i + 1) * every, {"total": poll}, target).by_role["total"][0])
        for i, poll in enumerate(polls)
    ]


@pytest.mark.parametrize(
    ("polls", "increments"),
    [
        pytest.param([{"Ax": 5.0}, {"Ax": 7.0}], [0, 2], id="the first poll is a baseline"),
        pytest.param([{"Ax": 5.0}, {"Ax": 3.0}], [0, 3], id="a lower value is a reset and counts whole"),
        pytest.param([{"Ax": 5.0}, {"Ax": 5.0}], [0, 0], id="a repeated poll adds nothing"),
        pytest.param([{"Ax": 5.0}, {"Ax": 5.0, "Ay": 4.0}], [0, 4], id="a series born on a known target counts from 0"),
        pytest.param([{"Ax": 5.0}, {"Ax": 5.0, "By": 4.0}], [0, 0], id="a new target is a baseline"),
        pytest.param([{"Ax": 5.0}, {}, {"Ax": 9.0}], [0, 0, 4], id="a failed scrape loses nothing"),
        pytest.param([{"Ax": 5.0}, {}, {"Ay": 9.0}], [0, 0, 0], id="new after its target was away: a baseline"),
        pytest.param(
            [{"Ax": 5.0, "Ay": 2.0}, {"Ax": 6.0}, {"Ax": 7.0, "Ay": 3.0}],
            [0, 1, 2],
            id="a pausing series is not newborn",
        ),
        pytest.param([{}, {"Ax": 5.0}], [0, 0], id="nothing was there before"),
    ],
)
def test_one_poll_after_another(polls: list[dict[str, float]], increments: list[float]) -> None:
    assert run(polls) == increments


def test_a_target_that_was_away_for_longer_than_the_memory_starts_anew() -> None:
    memory = Memory()
    step(memory, 0.0, {"total": {"Ax": 5.0, "Bx": 1.0}}, target)
    step(memory, 15.0, {"total": {"Bx": 1.0}}, target)
    late = 15.0 + MEMORY_SECONDS
    assert step(memory, late, {"total": {"Ax": 9.0, "Bx": 1.0}}, target).by_role["total"] == [0]
    assert step(memory, late + 15, {"total": {"Ax": 10.0, "Bx": 1.0}}, target).by_role["total"] == [1]


def test_births_are_credited_to_every_role_and_counted_once() -> None:
    memory = Memory()
    step(memory, 15.0, {"total": {"Ax": 5.0}, "bad": {}}, target)
    result = step(memory, 30.0, {"total": {"Ax": 5.0, "A5": 3.0}, "bad": {"A5": 3.0}}, target)
    assert (result.by_role["total"][0], result.by_role["bad"][0], result.newborn) == (3, 3, 1)


def test_an_interval_is_measured_where_there_was_something_at_both_ends() -> None:
    memory = Memory()
    measured = [
        float(step(memory, at, {"total": reading}, target).measured[0])
        for at, reading in ((15.0, {"Ax": 1.0}), (30.0, {"Ax": 1.0}), (45.0, {}), (60.0, {"Ax": 1.0}))
    ]
    assert measured == [0, 15, 0, 0]


def test_the_memory_survives_json() -> None:
    memory = Memory()
    step(memory, 15.0, {"total": {"Ax": 5.0}, "bad": {}}, target)
    assert Memory.from_document(copy.deepcopy(memory.document())) == memory


KEYS = ("Ax", "Ay", "Az", "Bx", "By", "Bz")


@st.composite
def _histories(draw: st.DrawFn) -> tuple[np.ndarray, dict[str, np.ndarray], list[int]]:
    steps = draw(st.lists(st.sampled_from([15.0, 300.0, 4000.0]), min_size=1, max_size=10))
    value = st.sampled_from([NAN, NAN, 0.0, 1.0, 5.0, 7.0, 9.0])
    matrices = {
        role: np.array(
            draw(st.lists(st.lists(value, min_size=len(steps), max_size=len(steps)), min_size=6, max_size=6))
        )
        for role in ("total", "bad")
    }
    return np.cumsum(steps), matrices, sorted(draw(st.lists(st.integers(0, len(steps)), max_size=3)))


@settings(max_examples=300, deadline=None)
@given(_histories())
def test_many_polls_at_once_are_the_same_as_one_after_another(
    history: tuple[np.ndarray, dict[str, np.ndarray], list[int]],
) -> None:
    times, matrices, cuts = history
    single, many = Memory(), Memory()
    stepped = [
        step(
            single,
            float(at),
            {r: {k: v[i, j] for i, k in enumerate(KEYS) if not np.isnan(v[i, j])} for r, v in matrices.items()},
            target,
        )
        for j, at in enumerate(times)
    ]
    bounds = [0, *cuts, len(times)]
    replayed = [
        replay(many, times[a:b], {role: (KEYS, v[:, a:b]) for role, v in matrices.items()}, target)
        for a, b in itertools.pairwise(bounds)
        if a < b
    ]
    for role in matrices:
        expected = np.concatenate([x.by_role[role] for x in stepped])
        np.testing.assert_array_equal(np.concatenate([x.by_role[role] for x in replayed]), expected)
    np.testing.assert_array_equal(
        np.concatenate([x.measured for x in replayed]), np.concatenate([x.measured for x in stepped])
    )
    assert sum(x.newborn for x in replayed) == sum(x.newborn for x in stepped)
    assert many == single
