from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.collectors.engagement_views import Views


def test_only_views_of_some_age_count() -> None:
    views = Views(240.0)
    for minute in range(11):
        at = 60.0 * minute
        views.note("v", at, 100.0 * minute)
        assert views.old("v", at) == 100.0 * max(0, minute - 4)
    assert views.old("v", 659.0) == 600.0
    assert views.old("v", 660.0) == 700.0
    assert views.old("other", 600.0) == 0.0


def test_at_first_sight_nothing_counts_unless_the_source_says_when_it_counted() -> None:
    views = Views(240.0)
    views.note("v", 1000.0, 500.0)
    views.note("w", 1000.0, 500.0, counted_at=760.0)
    assert (views.old("v", 1239.0), views.old("v", 1240.0), views.old("w", 1000.0)) == (0.0, 500.0, 500.0)


def test_no_lag_counts_all() -> None:
    views = Views(0.0)
    for at, n in ((0.0, 5.0), (1.0, 9.0)):
        views.note("v", at, n)
    assert views.old("v", 1.0) == 9.0


def test_counts_that_fall_begin_again() -> None:
    views = Views(10.0)
    views.note("v", 0.0, 500.0)
    views.note("v", 20.0, 3.0)
    assert views.old("v", 25.0) == 0.0
    assert views.old("v", 30.0) == 3.0


def test_growth_is_remembered_and_first_sight_is_none() -> None:
    views = Views(10.0)
    views.note("v", 0.0, 5.0)
    assert views.grown_at("v") is None
    views.note("v", 7.0, 6.0)
    assert views.grown_at("v") == 7.0


def test_the_history_outlives_a_restart_and_is_forgotten_with_its_variant() -> None:
    before = Views(240.0)
    before.note("v", 0.0, 100.0)
    after = Views(240.0, json.loads(json.dumps(before.document())))
    assert after.old("v", 240.0) == 100.0
    assert not after.changed
    after.keep([])
    assert after.document() == {"points": {}, "grown": {}}
    assert after.changed


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 100.0), st.integers(0, 50)), min_size=1, max_size=60), st.floats(0.0, 300.0))
def test_it_never_counts_a_view_that_is_too_young(steps: list[tuple[float, int]], age: float) -> None:
    views, at, total, seen = Views(age), 0.0, 0, []
    for wait, more in steps:
        at, total = at + wait, total + more
        seen.append((at, total))
        views.note("v", at, float(total))
        assert views.old("v", at) <= max((n for t, n in seen if t <= at - age), default=0)
    assert len(views.document()["points"]["v"]) <= 20
