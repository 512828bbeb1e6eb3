"""The grid's ends, against SciPy; what it answers is tested with bayes and losses, against the quadrature."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, polygamma

from exporter.stats import logit_grid


def test_the_bound_of_the_trigamma_function_is_one_and_near() -> None:
    shape = np.geomspace(0.01, 1e7, 400)
    ratio = logit_grid._trigamma_bound(shape) / polygamma(1, shape)
    assert ratio.min() >= 1 - 1e-14
    assert ratio[shape >= 1].max() < 1.001
    assert ratio.max() < 1.001


def test_the_ends_hold_every_arm() -> None:
    rng = np.random.default_rng(3)
    a, b = 10 ** rng.uniform(0, 5, (2, 200, 3))
    low, high = logit_grid._span(a, b)
    below, above = (1 / (1 + np.exp(-end))[:, None] for end in (low, high))
    assert betainc(a, b, below).max() < 1e-11
    assert betainc(b, a, 1 - above).max() < 1e-11


def test_what_is_resolved_needs_more_nodes_the_less_equal_the_arms_are() -> None:
    alike, apart = np.array([[100.0, 110.0]]), np.array([[2.0, 100_000.0]])
    assert logit_grid.resolved(alike, alike * 9, 64).all()
    assert not logit_grid.resolved(apart, apart * 9, 64).any()
