from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.stats import epochs


def test_a_ramp_while_the_base_rate_rises_shows_no_lift() -> None:
    n_control, s_control = [45_000, 25_000], [3600, 3000]
    n_variant, s_variant = [5000, 25_000], [400, 3000]
    difference, std_error = epochs.stratified_difference(n_control, s_control, n_variant, s_variant)
    assert difference == pytest.approx(0, abs=1e-15)
    assert std_error == pytest.approx(0.002390291783378859, rel=1e-10)
    pooled = sum(s_variant) / sum(n_variant) / (sum(s_control) / sum(n_control)) - 1
    assert pooled == pytest.approx(0.202, abs=1e-3)  # what it avoids
    assert epochs.split_log_e(s_control, s_variant, [0.1, 0.5]) < 0


def test_one_epoch_is_the_plain_difference() -> None:
    difference, std_error = epochs.stratified_difference([1000], [100], [500], [60])
    assert difference == pytest.approx(0.02)
    assert std_error == pytest.approx(np.sqrt(0.1 * 0.9 / 1000 + 0.12 * 0.88 / 500))


@given(st.lists(st.tuples(*[st.integers(0, 50)] * 2, *[st.integers(50, 99)] * 2), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_arms_that_change_places_change_the_sign_and_order_means_nothing(rows: list[tuple[int, ...]]) -> None:
    s_a, s_b, n_a, n_b = np.array(rows).T
    there, back = epochs.stratified_difference(n_a, s_a, n_b, s_b), epochs.stratified_difference(n_b, s_b, n_a, s_a)
    assert there[0] == pytest.approx(-back[0], abs=1e-14)
    assert there[1] == pytest.approx(back[1], abs=1e-14)
    share = n_b / (n_a + n_b)
    log_e = epochs.split_log_e(s_a, s_b, share)
    assert log_e == pytest.approx(epochs.split_log_e(s_b, s_a, 1 - share), abs=1e-9)
    assert log_e == pytest.approx(epochs.split_log_e(s_a[::-1], s_b[::-1], share[::-1]), abs=1e-9)


def test_an_epoch_without_units_in_an_arm_is_left_out() -> None:
    with_empty = epochs.stratified_difference([1000, 70], [100, 9], [500, 0], [60, 0])
    assert with_empty == epochs.stratified_difference([1000], [100], [500], [60])
    assert np.isnan(epochs.stratified_difference([70], [9], [0], [0])).all()
    assert np.isnan(epochs.stratified_difference([70, np.nan], [9, 1], [70, 10], [0, 1])).all()


def test_expectation_of_the_split_over_two_epochs_is_one() -> None:
    shares, n = np.array([0.1, 0.5]), (9, 6)
    mean = 0.0
    for split in product(range(n[0] + 1), range(n[1] + 1)):
        x = np.array(split)
        ways = np.prod([comb(m, k) for m, k in zip(n, split, strict=True)])
        likelihood = ways * np.prod(shares**x * (1 - shares) ** (n - x))
        mean += likelihood * np.exp(epochs.split_log_e(n - x, x, shares))
    assert mean == pytest.approx(1, rel=1e-12)


def test_a_lift_common_to_all_epochs_is_found() -> None:
    control = np.array([900.0, 500.0])
    variant = np.array([100.0, 500.0]) * 1.3
    assert epochs.split_log_e(control, variant, [0.1, 0.5]) > np.log(100)
    assert epochs.split_log_e([0, 0], [0, 0], [0.1, 0.5]) == pytest.approx(0, abs=1e-12)


def test_leading_axes_are_experiments() -> None:
    random = np.random.default_rng(2)
    n = random.integers(50, 90, (2, 3, 4))
    s = random.integers(0, 50, (2, 3, 4))
    share = random.uniform(0.1, 0.9, (3, 4))
    together = epochs.split_log_e(s[0], s[1], share)
    np.testing.assert_allclose(together, [epochs.split_log_e(s[0, i], s[1, i], share[i]) for i in range(3)])
    difference, _ = epochs.stratified_difference(n[0], s[0], n[1], s[1])
    alone, _ = epochs.stratified_difference(n[0, 2], s[0, 2], n[1, 2], s[1, 2])
    assert difference[2] == pytest.approx(alone, rel=1e-12)
    assert np.isnan(epochs.split_log_e([1, np.nan], [1, 1], 0.5))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: epochs.stratified_difference([1], [2], [3], [1]), "s_control must not exceed n_control"),
        (lambda: epochs.stratified_difference(3, 2, 3, 1), "last axis must hold the epochs"),
        (lambda: epochs.split_log_e([1], [1], [0.0]), "share_variant must be strictly between 0 and 1"),
        (lambda: epochs.split_log_e([-1], [1], [0.5]), "events_control must be finite and at least 0"),
        (lambda: epochs.split_log_e(1, 1, 0.5), "last axis must hold the epochs"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
