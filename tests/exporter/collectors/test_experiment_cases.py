"""Arms and pairs of cases of every kind: identities between kinds and over epochs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exporter.collectors.experiment_cases import Case, arms_of, pairs_of
from exporter.stats import moments, strata

NAN = math.nan
NO = (NAN,) * 6
EVEN = (0.5, 0.5)


def mean(*arms: tuple[float, ...]) -> Case:
    return Case("mean", (tuple((*arm, *NO[len(arm) - 3 :]) for arm in arms),), EVEN)


def test_a_mean_of_zeros_and_ones_is_the_proportion_but_for_n_less_one() -> None:
    amounts = pairs_of(arms_of([mean((1000, 100, 100), (500, 60, 60))]))
    rates = pairs_of(arms_of([Case("proportion", (((1000, 100), (500, 60)),), EVEN)]))
    assert amounts.pair.mean_variant[0] == rates.pair.mean_variant[0]
    assert amounts.pair.var_control[0] == pytest.approx(rates.pair.var_control[0] * 1000 / 999)
    assert amounts.pair.var_variant[0] == pytest.approx(rates.pair.var_variant[0] * 500 / 499)
    np.testing.assert_allclose(amounts.conversions, rates.conversions)
    np.testing.assert_array_equal(amounts.units, rates.units)


def test_a_ratio_over_one_is_the_mean() -> None:
    ratio = Case("ratio", (((1000, 100, 130, 1000, 1000, 100), (500, 60, 80, 500, 500, 60)),), EVEN)
    one, other = (pairs_of(arms_of([case])).pair for case in (ratio, mean((1000, 100, 130), (500, 60, 80))))
    for field, values in zip(one._fields, other, strict=True):
        np.testing.assert_allclose(getattr(one, field), values, err_msg=field)


def test_one_epoch_is_the_plain_statistics_and_empty_epochs_weigh_nothing() -> None:
    alone = Case("proportion", (((1000, 100), (500, 60)),), EVEN)
    padded = Case("proportion", (((0, 0), (0, 0)), *alone.epochs, ((7, 3), (0, 0))), EVEN)
    plain, more = pairs_of(arms_of([alone])), pairs_of(arms_of([padded]))
    assert plain.pair == strata.Pair(0.1, 0.1 * 0.9 / 1000, 0.12, 0.12 * 0.88 / 500, 1500)
    for field in plain.pair._fields:
        np.testing.assert_array_equal(getattr(plain.pair, field), getattr(more.pair, field), field)
    np.testing.assert_array_equal(plain.units, more.units)
    np.testing.assert_array_equal(more.events[0], [[0, 100, 0]])


def test_the_design_effect_divides_what_is_known() -> None:
    case = Case("proportion", (((3000, 300), (1500, 180)),), EVEN, design_effect=3.0)
    one = pairs_of(arms_of([case]))
    other = pairs_of(arms_of([Case("proportion", (((1000, 100), (500, 60)),), EVEN)]))
    for field in one.pair._fields:
        np.testing.assert_allclose(getattr(one.pair, field), getattr(other.pair, field), err_msg=field)
    np.testing.assert_allclose(one.null_pair.var_variant, other.null_pair.var_variant)
    np.testing.assert_allclose(one.events[1], other.events[1])


def test_the_pooled_variance_does_not_vanish_with_the_conversions() -> None:
    pairs = pairs_of(arms_of([Case("proportion", (((5000, 50), (5000, 0)),), EVEN)]))
    assert pairs.pair.var_variant[0] == 0
    assert pairs.null_pair.var_variant[0] == pytest.approx(0.005 * 0.995 / 5000)


def test_winsorised_amounts_and_a_covariate_are_used_where_all_arms_have_them() -> None:
    pre = (400.0, 300.0, 90.0)
    plain = arms_of([mean((1000, 100, 130), (500, 60, 80))])
    adjusted = arms_of([mean((1000, 100, 130, *pre), (500, 60, 80, 210.0, 150.0, 50.0))])
    sums = {"n": [1000, 500], "sum": [100, 60], "sum_squares": [130, 80]}
    covariate = {"pre_sum": [400, 210], "pre_squares": [300, 150], "pre_product": [90, 50]}
    expected, variance = moments.mean_of("mean", {**sums, **covariate})
    np.testing.assert_allclose(adjusted.mean[0, 0], expected)
    np.testing.assert_allclose(adjusted.variance[0, 0], variance)
    half = arms_of([mean((1000, 100, 130, *pre), (500, 60, 80))])
    np.testing.assert_array_equal(half.mean, plain.mean)
    capped = (NAN, NAN, NAN, 90.0, 100.0)
    winsorised = arms_of([mean((1000, 100, 130, *capped), (500, 60, 80, NAN, NAN, NAN, 50.0, 60.0))])
    np.testing.assert_allclose(winsorised.mean[0, 0], [0.09, 0.1])


def test_nonzero_replaces_the_participation_ratio_of_each_arm_that_has_it() -> None:
    given = arms_of([mean((1000, 100, 130, NAN, NAN, NAN, NAN, NAN, 95.0), (500, 60, 80))])
    assert given.conversions[0, 0].tolist() == pytest.approx([95.0, 60**2 / 80])


def test_a_case_without_epochs_has_arms_without_units() -> None:
    pairs = pairs_of(arms_of([Case("rate", (), (0.4, 0.3, 0.3))]))
    assert pairs.units.tolist() == [[0, 0], [0, 0]]
    assert np.isnan(pairs.pair.mean_control).all()
    assert pairs.shares.tolist() == [[0.5], [0.5]]
