"""Experiments without an effect (or with one that should be killed), and the looks at which each rule calls them.

Evidence is worked out only at looks where it can reach its threshold at all: a mixture of likelihood ratios never
exceeds the largest of them. What is left out could not have been a call, so the figures are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, xlogy

from exporter.stats import contrast, dispersion, epochs, kill, sequential, srm, strata

Floats = NDArray[np.float64]
Masks = NDArray[np.bool_]

VISITORS, KILL_EVERY = 100_000, 25
KILL_LOOKS = VISITORS // KILL_EVERY
RAMP_EVERY, RAMP_SHARES, RAMP_RATES = 250, (0.1, 0.5), (0.08, 0.12)
WINDOWS, USERS_PER_WINDOW, EVENTS_PER_USER, ICC, MIN_WINDOWS = 200, 100, 5.0, 0.3, 30
GUARD = 150  # conversions in each arm before the guarded rule speaks
CALL, ALARM = np.log(20.0), np.log(100.0)

CALLS = (
    "ours (average of mixture and event split)",
    "t test, p < 0.05, from 1,000 visitors",
    "t test, p < 0.05, from 100 visitors",
    "95 % chance to win, from 100 visitors",
    "95 % chance to win, 150 conversions in each arm",
)
RAMP_CALLS = ("ours, by epoch", "counters pooled, same test", "counters pooled, t test from 1,000 visitors")
CLUSTER_CALLS = ("ours, divided by the estimated design effect", "the same without division", "t test")


def _ever(evidence: Callable[[Masks], Floats], possible: Masks, threshold: float) -> Masks:
    """Whether the evidence of each row reaches the threshold at one of the looks where it possibly can."""
    hit = np.zeros_like(possible)
    hit[possible] = evidence(possible) >= threshold
    return hit.any(axis=1)


def two_arms(paths: int, rate: float, rng: np.random.Generator) -> Floats:
    """Which of ``CALLS`` were ever made, shape (paths, calls), looking after every visitor."""
    shape = (paths, VISITORS)
    to_variant, converts = rng.random(shape) < 0.5, rng.random(shape) < rate
    n = np.arange(1.0, VISITORS + 1)
    n_b = np.cumsum(to_variant, axis=1, dtype=np.float64)
    n_a = n - n_b
    s_b = np.cumsum(to_variant & converts, axis=1, dtype=np.float64)
    s_a = np.cumsum(converts, axis=1, dtype=np.float64) - s_b
    seen = (n_a > 0) & (n_b > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        p_a, p_b = s_a / n_a, s_b / n_b
        z = np.abs(p_b - p_a) / np.sqrt(p_a * (1 - p_a) / n_a + p_b * (1 - p_b) / n_b)
        m_a, m_b = (s_a + 1) / (n_a + 2), (s_b + 1) / (n_b + 2)
        win = np.abs(m_b - m_a) / np.sqrt(m_a * (1 - m_a) / (n_a + 3) + m_b * (1 - m_b) / (n_b + 3))
        share = np.clip(n_b / n, 0.5 / n, 1 - 0.5 / n)
        split = xlogy(s_a, s_a / (s_a + s_b) / (1 - share)) + xlogy(s_b, s_b / (s_a + s_b) / share)
        # The lowest boundary of the mixture is 3.28: below it only the split could bring the average to 20.
        possible = seen & ((z >= 3.25) | (split >= CALL))

    def evidence(at: Masks) -> Floats:
        return sequential.headline_log_e(s_a[at], n_a[at], s_b[at], n_b[at], share[at])

    ours = _ever(evidence, possible, CALL)
    guarded = (s_a >= GUARD) & (s_b >= GUARD)
    rules = (z > 1.96) & (n >= 1000), (z > 1.96) & (n >= 100), (win > 1.6449) & (n >= 100), (win > 1.6449) & guarded
    return np.stack([ours, *((rule & seen).any(axis=1) for rule in rules)], axis=1).astype(np.float64)


def sample_ratio(paths: int, arms: int, rng: np.random.Generator) -> Floats:
    """Whether the check and a watched chi-square test ever alarmed at 0.01, shape (paths, 2)."""
    arm = rng.integers(0, arms, (paths, VISITORS))
    counts = np.stack([np.cumsum(arm == i, axis=1, dtype=np.float64) for i in range(arms)], axis=-1)
    n = np.arange(1.0, VISITORS + 1)
    bound = np.sum(xlogy(counts, counts * arms / n[:, None]), axis=-1)
    ours = _ever(lambda at: srm.log_e(counts[at], np.full(arms, 1 / arms)), bound >= ALARM, ALARM)
    chi_square = np.sum((counts - n[:, None] / arms) ** 2, axis=-1) * arms / n
    naive = ((chi_square > chdtri(arms - 1, 0.01)) & (n >= 100)).any(axis=1)
    return np.stack([ours, naive], axis=1).astype(np.float64)


def kills(paths: int, rate: float, lift: float, rng: np.random.Generator) -> Floats:
    """Visitors until killed at level 0.05 and at 0.01, inf if never, shape (paths, 2)."""
    n_b = rng.binomial(KILL_EVERY, 0.5, (paths, KILL_LOOKS))
    s_a, s_b = rng.binomial(KILL_EVERY - n_b, rate), rng.binomial(n_b, rate * (1.0 + lift))
    n_b, s_a, s_b = (np.cumsum(part, axis=1).astype(np.float64) for part in (n_b, s_a, s_b))
    n = KILL_EVERY * np.arange(1.0, KILL_LOOKS + 1)
    n_a = n - n_b
    killed = np.full((paths, 2), np.inf)
    # In stretches that double, and only what is not killed yet: a real loss is seen early.
    edges = np.unique(np.minimum([0, *2 ** np.arange(4, 13)], KILL_LOOKS))
    for first, last in pairwise(edges):
        rows = np.flatnonzero(np.isinf(killed).any(axis=1))
        cells = (part[rows, first:last] for part in (s_a, n_a, s_b, n_b))
        log_e = _kill_evidence(*cells)
        for column, threshold in enumerate((CALL, ALARM)):
            hit = log_e >= threshold
            when = np.where(hit.any(axis=1), n[first + hit.argmax(axis=1)], np.inf)
            killed[rows, column] = np.minimum(killed[rows, column], when)
    return killed


def _kill_evidence(s_a: Floats, n_a: Floats, s_b: Floats, n_b: Floats) -> Floats:
    """Log e-value to kill by, -inf where it cannot reach 20."""
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (s_a + s_b) / (n_a + n_b)
        z = (s_a / n_a - s_b / n_b) / np.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))
        share = n_b / (n_a + n_b)
        split = xlogy(s_a, s_a / (s_a + s_b) / (1 - share)) + xlogy(s_b, s_b / (s_a + s_b) / share)
        # The half-normal mixture is at most 2 exp(z^2 / 2).
        possible = (n_a > 0) & (n_b > 0) & (s_b < share * (s_a + s_b)) & ((z > 2.14) | (split >= CALL))
    log_e = np.full(s_a.shape, -np.inf)
    log_e[possible] = kill.kill_log_e(s_a[possible], n_a[possible], s_b[possible], n_b[possible], share[possible])
    return log_e


def ramp(paths: int, rng: np.random.Generator) -> Floats:
    """Which of ``RAMP_CALLS`` were ever made, and the lift each shows at the end, shape (paths, 2 calls)."""
    looks = VISITORS // RAMP_EVERY
    late = np.arange(looks) >= looks // 2
    share, rate = np.where(late, *RAMP_SHARES[::-1]), np.where(late, *RAMP_RATES[::-1])
    new_b = rng.binomial(RAMP_EVERY, share, (paths, looks))
    new_s_a, new_s_b = rng.binomial(RAMP_EVERY - new_b, rate), rng.binomial(new_b, rate)
    # Cumulative within each epoch, epochs on the last axis.
    n_a, s_a, n_b, s_b = (
        np.stack([np.cumsum(np.where(part, new, 0), axis=1) for part in (~late, late)], axis=-1).astype(np.float64)
        for new in (RAMP_EVERY - new_b, new_s_a, new_b, new_s_b)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        p_a, p_b = s_a / n_a, s_b / n_b
        pair = strata.combine(p_a, p_a * (1 - p_a) / n_a, n_a, p_b, p_b * (1 - p_b) / n_b, n_b)
        observed = np.where(n_a + n_b > 0, np.clip(n_b / (n_a + n_b), 1e-6, 1 - 1e-6), 0.5)
    split = epochs.split_log_e(s_a, s_b, observed)
    total = [part.sum(axis=-1) for part in (s_a, n_a, s_b, n_b)]
    log_e = contrast.headline_log_e(pair, sequential.enough(*total), split)
    a_s, a_n, b_s, b_n = total
    pooled = sequential.headline_log_e(*total, np.clip(b_n / (a_n + b_n), 1e-6, 1 - 1e-6))
    wrong, p, q = b_s / b_n / (a_s / a_n) - 1.0, a_s / a_n, b_s / b_n
    n = RAMP_EVERY * np.arange(1, looks + 1)
    naive = (np.abs(q - p) > 1.96 * np.sqrt(p * (1 - p) / a_n + q * (1 - q) / b_n)) & (n >= 1000)
    called = [(each >= CALL).any(axis=1) for each in (log_e, pooled)] + [naive.any(axis=1)]
    ours = pair.mean_variant[:, -1] / pair.mean_control[:, -1] - 1.0
    return np.stack([*called, ours, wrong[:, -1], wrong[:, -1]], axis=1).astype(np.float64)


def clusters(paths: int, rate: float, rng: np.random.Generator) -> Floats:
    """Which of ``CLUSTER_CALLS`` were ever made, and the last estimate of the design effect, shape (paths, calls + 1).

    Users come with 5 trials each on average (geometric: 9 seen from a trial), which share the user's own rate (a beta
    distribution): design effect 1 + 8 * 0.3 = 3.4.
    """
    users = (paths, WINDOWS, USERS_PER_WINDOW)
    trials = rng.geometric(1.0 / EVENTS_PER_USER, users)
    own_rate = rng.beta(rate * (1 / ICC - 1), (1 - rate) * (1 / ICC - 1), users)
    successes, variant = rng.binomial(trials, own_rate), rng.random(users) < 0.5
    x, m = (
        np.stack([np.where(arm, part, 0).sum(axis=-1) for arm in (~variant, variant)], axis=-1).astype(np.float64)
        for part in (successes, trials)
    )
    s, n = np.cumsum(x, axis=1), np.cumsum(m, axis=1)
    called = np.zeros((paths, len(CLUSTER_CALLS)), dtype=np.bool_)
    phi = np.full(paths, np.nan)
    for look in range(MIN_WINDOWS, WINDOWS + 1):
        phi = dispersion.design_effect(x[:, :look], m[:, :look], MIN_WINDOWS, at_most_one=True)
        counts = [part[:, look - 1, arm] for arm in (0, 1) for part in (s, n)]
        share = counts[3] / (counts[1] + counts[3])
        p, q = counts[0] / counts[1], counts[2] / counts[3]
        t = np.abs(q - p) / np.sqrt(p * (1 - p) / counts[1] + q * (1 - q) / counts[3])
        called[:, 0] |= sequential.headline_log_e(*(part / phi for part in counts), share) >= CALL
        called[:, 1] |= sequential.headline_log_e(*counts, share) >= CALL
        called[:, 2] |= t > 1.96
    return np.concatenate([called, phi[:, None]], axis=1)
