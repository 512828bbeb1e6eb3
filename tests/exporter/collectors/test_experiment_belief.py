"""Posteriors of arms: as the statistics' own, of any kind, number of epochs and direction."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exporter.collectors import experiment_belief
from exporter.collectors.experiment_cases import Case, arms_of
from exporter.stats import bayes

NO = (math.nan,) * 6
UP, DOWN = np.array([True]), np.array([False])
ARMS = ((1000.0, 100.0), (900.0, 120.0), (1100.0, 115.0))
ALL = np.array([[True, True, True]])


def arms(*epochs: tuple[tuple[float, ...], ...], kind: str = "proportion"):
    return arms_of([Case(kind, epochs, (0.4, 0.3, 0.3))])


def test_proportions_have_the_flat_posteriors() -> None:
    n, s = zip(*ARMS, strict=True)
    beats, loss = experiment_belief.compare(arms(ARMS), UP)
    expected, _, shipped = bayes.compare(s[0], n[0], s[1:], n[1:])
    np.testing.assert_allclose(beats[0], expected)
    np.testing.assert_allclose(loss[0], shipped / (101 / 1002))
    np.testing.assert_allclose(experiment_belief.best(arms(ARMS), UP, ALL)[0], bayes.prob_best(s, n))
    np.testing.assert_allclose(experiment_belief.behind(arms(ARMS), UP, ALL)[0], bayes.loss_per_arm(s, n), atol=1e-12)


def test_the_lowest_is_best_of_what_should_fall() -> None:
    n, s = map(np.array, zip(*ARMS, strict=True))
    best = experiment_belief.best(arms(ARMS), DOWN, ALL)[0]
    np.testing.assert_allclose(best, bayes.prob_best(n - s, n))
    assert int(np.argmax(best)) == 0
    beats, _ = experiment_belief.compare(arms(ARMS), DOWN)
    np.testing.assert_allclose(beats, 1 - experiment_belief.compare(arms(ARMS), UP)[0], atol=1e-9)


def test_equal_epochs_are_as_good_as_one_and_a_design_effect_takes_its_part() -> None:
    half = tuple((n / 2, s / 2) for n, s in ARMS)
    for one, other in zip(
        experiment_belief.compare(arms(half, half), UP), experiment_belief.compare(arms(ARMS), UP), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    tripled = arms_of([Case("proportion", (tuple((3 * n, 3 * s) for n, s in ARMS),), (0.4, 0.3, 0.3), design_effect=3)])
    np.testing.assert_allclose(
        experiment_belief.best(tripled, UP, ALL), experiment_belief.best(arms(ARMS), UP, ALL), rtol=1e-9
    )


def test_an_arm_that_takes_no_part_does_not_keep_the_others_from_being_compared() -> None:
    without = arms((*ARMS[:2], (0.0, 0.0)))
    two = experiment_belief.best(without, UP, np.array([[True, True, False]]))[0]
    np.testing.assert_allclose(two[:2], bayes.prob_best([100, 120], [1000, 900]))
    assert math.isnan(two[2])
    assert np.isnan(experiment_belief.best(without, UP, ALL)).all()
    beats, _ = experiment_belief.compare(without, UP)
    assert beats[0, 0] == pytest.approx(float(bayes.prob_beats(100, 1000, 120, 900)))
    assert math.isnan(beats[0, 1])


def test_other_kinds_are_normal_and_silent_below_twenty_conversions() -> None:
    big = tuple((n, 10 * s, 130 * s, *NO) for n, s in ARMS)
    means = np.array([10 * s / n for n, s in ARMS])
    errors = np.sqrt([(130 * s - (10 * s) ** 2 / n) / (n - 1) / n for n, s in ARMS])
    best = experiment_belief.best(arms(big, kind="mean"), DOWN, ALL)[0]
    np.testing.assert_allclose(best, bayes.normal_prob_best(means, errors, "decrease"))
    few = (*big[:2], (1100.0, 30.0, 100.0, *NO))
    assert np.isnan(experiment_belief.best(arms(few, kind="mean"), UP, ALL)).all()
    beats, _ = experiment_belief.compare(arms(few, kind="mean"), UP)
    assert math.isfinite(beats[0, 0])
    assert math.isnan(beats[0, 1])
