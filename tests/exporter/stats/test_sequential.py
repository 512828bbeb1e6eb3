import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.stats import sequential

NAN = float("nan")


PUBLISHED = {100: 3.95, 500: 3.45, 1e3: 3.40, 5e3: 3.32, 1e4: 3.31, 5e4: 3.29, 1e5: 3.29, 5e5: 3.31, 1e6: 3.36}


@pytest.mark.parametrize(("n", "z"), PUBLISHED.items())
def test_the_published_boundary_of_the_scale_mixture(n: float, z: float) -> None:
    assert sequential.z_boundary(n) == pytest.approx(z, abs=0.0051)


def test_a_single_scale_has_the_closed_form() -> None:
    # arXiv 2103.06476, Theorem 2.2: z^2 = (r + 1) / r * ln((r + 1) / alpha^2); mpmath at n = 5000: 3.035208990376253
    n = np.array([100.0, 5000.0, 1e6])
    r = sequential.information(n, tuning=5000)[:, 0]
    np.testing.assert_allclose(
        sequential.z_boundary(n, tuning=5000), np.sqrt((r + 1) / r * np.log((r + 1) / 0.05**2)), rtol=1e-13
    )
    assert sequential.z_boundary(5000, tuning=5000) == pytest.approx(3.035208990376253, rel=1e-12)


@given(st.floats(1e-3, 1e12), st.sampled_from([1e-6, 0.01, 0.05, 0.5, 0.9]))
@settings(max_examples=60, deadline=None)
def test_at_the_boundary_the_evidence_is_one_over_alpha(n: float, alpha: float) -> None:
    z = sequential.z_boundary(n, alpha)
    assert sequential.mixture_log_e(z, n, alpha) == pytest.approx(np.log(1 / alpha), abs=1e-9)
    assert sequential.mixture_log_e(-z, n, alpha) == sequential.mixture_log_e(z, n, alpha)


def test_the_mixture_has_expectation_one_for_a_normal_score() -> None:
    z = np.arange(-400, 400, 0.05)  # the product has the standard deviation sqrt(1 + r) of the widest component
    for n in (50, 1000, 20_000):
        mean = 0.05 * np.sum(np.exp(sequential.mixture_log_e(z, n) - 0.5 * z * z)) / np.sqrt(2 * np.pi)
        assert mean == pytest.approx(1, rel=1e-12)
    assert sequential.mixture_log_e(5, 0) == 0.0
    assert sequential.z_boundary(0) == np.inf


def test_fieller_against_values_of_an_independent_computation() -> None:
    # mpmath, 40 digits: 500/10000 against 420/10000, tuning 5000
    interval = sequential.lift_interval(500, 10_000, 420, 10_000, tuning=5000)
    np.testing.assert_allclose(interval, [-0.3162817122928032, 0.028086709254981853], rtol=1e-10)


@given(st.integers(1, 900), st.integers(1, 900), st.integers(1000, 30_000), st.integers(1000, 30_000))
@settings(max_examples=60, deadline=None)
def test_the_lift_interval_agrees_in_sign_with_the_evidence(s_a: int, s_b: int, n_a: int, n_b: int) -> None:
    lower, upper = sequential.lift_interval(s_a, n_a, s_b, n_b)
    p_a, p_b = s_a / n_a, s_b / n_b
    z = (p_b - p_a) / np.sqrt(p_a * (1 - p_a) / n_a + p_b * (1 - p_b) / n_b)
    log_e = sequential.mixture_log_e(z, n_a + n_b)
    if abs(log_e - np.log(20)) > 1e-9:
        inside = lower < 0 < upper
        assert inside == (log_e < np.log(20)) or upper == np.inf
    assert -1 <= lower <= p_b / p_a - 1 <= upper


@pytest.mark.parametrize(
    "counts", [(0, 0, 0, 0), (0, 100, 5, 100), (50, 100, 0, 100), (2, 100, 30, 100), (40, 40, 30, 60), (0, 0, 5, 100)]
)
def test_where_the_data_exclude_nothing_every_lift_is_possible(counts: tuple[int, ...]) -> None:
    assert sequential.lift_interval(*counts) == (-1.0, np.inf)


def test_enough_is_twenty_seen_or_twenty_expected_in_each_arm() -> None:
    s_a, n_a = [20, 19, 40, 39, 500, 0], [200, 200, 200, 200, 1000, 0]
    s_b, n_b = [20, 20, 0, 0, 19, 0], [200, 200, 200, 200, 40, 0]
    expected = [True, False, True, False, False, False]  # the fifth: 40 * 519 / 1040 = 19.96 expected, 19 seen
    assert sequential.enough(s_a, n_a, s_b, n_b).tolist() == expected


def test_the_headline_is_the_average_above_the_gate_and_the_split_below() -> None:
    counts = (500, 10_000, 420, 10_000)
    p_a, p_b = 0.05, 0.042
    z = (p_b - p_a) / np.sqrt(p_a * (1 - p_a) / 1e4 + p_b * (1 - p_b) / 1e4)
    both = [sequential.mixture_log_e(z, 20_000), sequential.event_split_log_e(500, 420, 0.5)]
    assert sequential.headline_log_e(*counts, 0.5) == pytest.approx(np.log(np.mean(np.exp(both))), rel=1e-12)
    assert sequential.headline_log_e(5, 100, 19, 100, 0.5) == sequential.event_split_log_e(5, 19, 0.5)
    everyone = sequential.headline_log_e(30, 30, 25, 25, 25 / 55)  # no variance to divide by
    assert everyone == sequential.event_split_log_e(30, 25, 25 / 55)


def test_arrays_are_a_loop_and_unknown_experiments_stay_alone() -> None:
    rows = np.array([[3, 40, 5, 40], [500, 9000, 600, 9000], [0, 0, 1, 5], [NAN, 9, 1, 9], [1, 9, 1, NAN]]).T
    together = sequential.headline_log_e(*rows, 0.5)
    np.testing.assert_allclose(together[:2], [sequential.headline_log_e(*row, 0.5) for row in rows.T[:2]], rtol=1e-12)
    assert np.isnan(together[2:]).all()
    assert np.isnan(sequential.lift_interval(*rows[:, 3])).all()
    assert np.isnan(
        [sequential.z_boundary(NAN), sequential.mixture_log_e(NAN, 5), sequential.mixture_log_e(1, NAN)]
    ).all()
    assert isinstance(sequential.headline_log_e(3, 40, 5, 40, 0.5), np.float64)
    assert sequential.z_boundary(np.ones((2, 3))).shape == (2, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sequential.mixture_log_e(np.inf, 10), "z must be finite"),
        (lambda: sequential.mixture_log_e(1, -10), "n must be finite and at least 0"),
        (lambda: sequential.z_boundary(10, alpha=1), "alpha must be strictly between 0 and 1"),
        (lambda: sequential.z_boundary(10, tuning=[500, 0]), "tuning must be one or more positive"),
        (lambda: sequential.lift_interval(5, 4, 1, 4), "successes_control must not exceed trials_control"),
        (lambda: sequential.headline_log_e(1, 4, 5, 4, 0.5), "successes_variant must not exceed trials_variant"),
        (lambda: sequential.headline_log_e(1, 4, 1, 4, 1.5), "share_variant must be strictly between 0 and 1"),
        (lambda: sequential.enough(-1, 4, 1, 4), "successes_control must be finite and at least 0"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_an_experiment_without_a_difference_watched_all_along_is_seldom_called() -> None:
    # 1,000 A/A experiments, a look every 250 visitors up to 25,000; a t-test at 1.96 calls far more of them
    random = np.random.default_rng(20)
    s_a, s_b = (np.cumsum(random.binomial(125, 0.1, (1000, 100)), axis=1) for _ in range(2))
    n = 125.0 * np.arange(1, 101)
    called = (sequential.headline_log_e(s_a, n, s_b, n, 0.5) >= np.log(20)).any(axis=1).mean()
    pooled = (s_a + s_b) / (2 * n)
    naive = (np.abs(s_b - s_a) / n > 1.96 * np.sqrt(2 * pooled * (1 - pooled) / n)).any(axis=1).mean()
    assert called < 0.05
    assert naive > 0.3
