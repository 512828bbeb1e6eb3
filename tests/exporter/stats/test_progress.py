import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.stats import sequential
from exporter.stats.progress import remaining_units, trend

NAN = float("nan")


def test_published_units_for_ten_against_eleven_percent() -> None:
    # statistics.md, (b): 38 668 with the single scale of 5,000 units; the whole number above the root
    n = remaining_units(0, 0.09, 0.1, 0.1, var_variant_unit=0.11 * 0.89, tuning=5000)
    assert n == pytest.approx(38_668, abs=1)


@given(st.floats(0.001, 10), st.floats(0.01, 0.9), st.sampled_from([0.05, 0.01]))
@settings(max_examples=50, deadline=None)
def test_one_unit_less_is_not_enough(lift: float, share: float, alpha: float) -> None:
    n = remaining_units(0, 0.4, 1.0, lift, share, alpha)
    sigma = np.sqrt(0.4 / (1 - share) + 0.4 / share)
    z = [lift * np.sqrt(units) / sigma for units in (n, n - 1)]
    limits = [sequential.z_boundary(units, alpha) for units in (n, max(n - 1, 0))]
    assert z[0] >= limits[0] * (1 - 1e-9)
    assert z[1] < limits[1] or n == 1


def test_what_has_been_seen_is_taken_off_and_the_sign_does_not_matter() -> None:
    all_of_them = remaining_units(0, 0.09, 0.1, 0.1)
    assert remaining_units(10_000, 0.09, 0.1, 0.1) == all_of_them - 10_000
    assert remaining_units(1e9, 0.09, 0.1, 0.1) == 0
    assert remaining_units(0, 0.09, 0.1, -0.1) == remaining_units(0, 0.09, -0.1, 0.1) == all_of_them
    assert remaining_units(0, 0.09, 0.1, 0.1, 0.1) > 2 * all_of_them
    assert remaining_units(0, 1e-9, 1.0, 5.0) < 10
    # a control that varies more needs the larger share
    assert remaining_units(0, 9.0, 1.0, 0.1, 0.25, var_variant_unit=1.0) < remaining_units(
        0, 9.0, 1.0, 0.1, 0.75, var_variant_unit=1.0
    )


def test_undefined_without_effect_spread_or_hope() -> None:
    answers = remaining_units(
        [0, 0, NAN, 0, 0], [0.09, 0, 0.09, 0.09, 0.09], [0.1, 0.1, 0.1, NAN, 0.1], [0, 1, 1, 1, 1]
    )
    np.testing.assert_array_equal(np.isnan(answers), [True, True, True, True, False])
    assert np.isnan(remaining_units(0, 1.0, 1.0, 1e-9))
    assert isinstance(remaining_units(0, 0.09, 0.1, 0.1), np.float64)


def test_half_of_the_experiments_are_called_by_then() -> None:
    random = np.random.default_rng(9)
    n = int(remaining_units(0, 1.0, 1.0, 0.2))
    steps = np.arange(10, n + 1, 10)
    noise = np.cumsum(random.normal(0, np.sqrt(10), (500, len(steps))), axis=1)
    z = (0.2 * steps + 2 * noise) / (2 * np.sqrt(steps))  # sigma^2 = 1 / 0.5 + 1 / 0.5
    called = (z >= sequential.z_boundary(steps)).any(axis=1).mean()
    assert 0.5 < called < 0.9


def test_trend_by_hand() -> None:
    # z = 0.3 / sqrt(0.006 + 0.004) = 3; the quantile of 0.995 is 2.576
    assert trend(0.1, 0.006, 0.4, 0.004) == 1
    assert trend(0.1, 0.006, 0.4, 0.004, "decrease") == -1
    assert trend(0.4, 0.006, 0.1, 0.004) == -1
    assert trend(0.1, 0.006, 0.4, 0.004, alpha=0.002) == 0
    assert trend(0.1, 0.006, 0.1 + 0.2575, 0.004) == 0
    assert trend(0.1, 0.006, 0.1 + 0.2577, 0.004) == 1
    np.testing.assert_array_equal(trend([0, NAN, 0], [0, 1, 1], 1, [0, 1, NAN]), [NAN] * 3)
    assert trend(0.0, 0.0, 1.0, 1e-4) == 1


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0.01, 2), st.floats(0.01, 2))
@settings(max_examples=40, deadline=None)
def test_time_turned_round_turns_the_trend(earlier: float, later: float, v: float, w: float) -> None:
    assert trend(earlier, v, later, w) == -trend(later, w, earlier, v)
    assert trend(earlier, v, later, w) == -trend(earlier, v, later, w, "decrease")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: remaining_units(-1, 1, 1, 1), "units_now must be finite and at least 0"),
        (lambda: remaining_units(1, -1, 1, 1), "var_control_unit must be finite and at least 0"),
        (lambda: remaining_units(1, 1, 1, np.inf), "minimum_lift must be finite"),
        (lambda: remaining_units(1, 1, 1, 1, 1.0), "share_variant must be strictly between 0 and 1"),
        (lambda: remaining_units(1, 1, 1, 1, alpha=0), "alpha must be strictly between 0 and 1"),
        (lambda: trend(1, -1, 1, 1), "variance_earlier must be finite and at least 0"),
        (lambda: trend(1, 1, 1, 1, "up"), "direction must be"),
        (lambda: trend(1, 1, 1, 1, alpha=1), "alpha must be strictly between 0 and 1"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
