import numpy as np
import pytest

from exporter.stats import posteriors


def test_pieces_cover_every_row_once_and_hold_at_least_one() -> None:
    rows = np.arange(7)
    pieces = posteriors.chunks(rows, posteriors._CELLS_AT_ONCE * 3 // 10)
    assert [len(piece) for piece in pieces] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate(pieces), rows)
    assert [len(piece) for piece in posteriors.chunks(rows[:2], 10**9)] == [1, 1]


def test_an_arm_without_trials_has_no_posterior() -> None:
    a, b = posteriors.posterior(np.array([3.0, 0.0]), np.array([9.0, 0.0]), (1, 0.5))
    np.testing.assert_array_equal([a, b], [[4, np.nan], [6.5, np.nan]])


def test_a_direction_is_one_of_two() -> None:
    assert (posteriors.signed("increase"), posteriors.signed("decrease")) == (1.0, -1.0)
    with pytest.raises(ValueError, match="direction must be"):
        posteriors.signed("up")  # type: ignore[arg-type]


def test_each_row_is_answered_by_the_rule_that_resolves_it() -> None:
    a, b = np.array([[50.0, 60.0], [1.0, 1.0]]), np.array([[500.0, 600.0], [11.0, 2001.0]])
    used = posteriors.over_rows(a, b, lambda a, _b, size: 0 * a + size, lambda a, _b: 0 * a - 1, 2)
    assert used[0, 0] == 64
    assert used[1, 0] != 64
