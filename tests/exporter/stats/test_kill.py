from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.stats import kill

# rate 0.03: views, interactions, log e (mpmath, truncated Beta mixture)
ONE_SAMPLE = [
    (100, 0, 1.652214352888),
    (200, 0, 4.226176747363),
    (500, 5, 2.841644252024),
    (1000, 10, 6.992838108848),
    (1000, 30, -0.705802041028),
]


@pytest.mark.parametrize(("views", "interactions", "log_e"), ONE_SAMPLE)
def test_published_values_of_the_one_sample_kill(views: int, interactions: int, log_e: float) -> None:
    assert kill.expectation_log_e(interactions, views, 0.03) == pytest.approx(log_e, abs=1e-9)
    assert kill.split_log_e(views - interactions, interactions, 0.03) == pytest.approx(log_e, abs=1e-9)


def test_no_interaction_at_all_kills_at_155_views_and_at_level_one_percent_at_214() -> None:
    log_e = kill.expectation_log_e(0, np.arange(300), 0.03)
    assert np.argmax(log_e >= np.log(20)) == 155
    assert np.argmax(log_e >= np.log(100)) == 214


def test_counts_have_expectation_one_on_the_edge_and_less_above() -> None:
    events, exposure, rate = np.arange(400), 30.0, 2.0
    e = np.exp(kill.expectation_count_log_e(events, exposure, rate))
    log_factorial = np.cumsum(np.log(np.maximum(events, 1)))
    means = [np.dot(np.exp(events * np.log(m) - m - log_factorial), e) for m in (60.0, 66.0, 90.0)]
    assert means[0] == pytest.approx(1, abs=1e-9)
    assert 1 > means[1] > means[2]


def test_for_rare_events_counts_and_views_agree() -> None:
    log_e = kill.expectation_count_log_e([0, 5, 40], 20_000, 0.001)
    np.testing.assert_allclose(log_e, kill.expectation_log_e([0, 5, 40], 20_000, 0.001), rtol=0.01)
    assert np.isfinite(kill.expectation_count_log_e([0, 1e6], 1e4, 0.03)).all()
    assert kill.expectation_count_log_e(0, 0, 3) == pytest.approx(0, abs=1e-9)
    assert np.isnan(kill.expectation_count_log_e([1, np.nan], [np.nan, 1], 0.1)).all()
    with pytest.raises(ValueError, match="expected_rate must be above 0"):
        kill.expectation_count_log_e(1, 1, 0)


def test_published_values_of_the_split() -> None:
    # mpmath, 40 digits
    assert kill.split_log_e(14, 0, 0.5) == pytest.approx(3.4748901570014525, abs=1e-10)
    assert kill.split_log_e(100, 70, 0.5) == pytest.approx(1.350852649786482, abs=1e-10)
    assert kill.split_log_e(300, 20, 0.1, concentrations=200) == pytest.approx(1.909255520033761, abs=1e-10)


def test_expectation_on_the_edge_of_the_null_is_one_and_less_inside() -> None:
    n, share = 30, 0.4
    x = np.arange(n + 1)
    log_choose = np.log([comb(n, int(k)) for k in x])
    for margin in (0.0, 0.1):
        e = np.exp(kill.split_log_e(n - x, x, share, margin))
        edge = share * (1 - margin) / (1 - share * margin)
        means = [np.dot(np.exp(log_choose + x * np.log(p) + (n - x) * np.log1p(-p)), e) for p in (edge, 0.45, 0.7)]
        assert means[0] == pytest.approx(1, abs=1e-10)
        assert 1 > means[1] > means[2]


@pytest.mark.parametrize("control", [3_000, 100_000, 30_000_000])
def test_a_dead_variant_beside_a_busy_control_stays_finite(control: int) -> None:
    log_e = kill.split_log_e(control, 0, 0.5)
    # The best single share, 0, would win control * log 2; the priors can cost only so much of that.
    assert 0.5 * control * np.log(2) < log_e < control * np.log(2)
    assert np.isfinite(kill.split_log_e(0, control, 0.5))
    assert kill.kill_log_e(control, 2 * control, 0, 2 * control, 0.5) == pytest.approx(log_e - np.log(2), rel=0.5)


def by_numerical_integration(control: float, variant: float, edge: float, c: float) -> float:
    """The ratio of the two integrals on a fine grid in the logit, with no special function of the code under test."""
    top = np.log(edge / (1 - edge))
    t = top - np.linspace(0, 60, 600_001) ** 1.0
    log_p, log_q = -np.logaddexp(0, -t), -np.logaddexp(0, t)

    def log_area(a: float, b: float) -> float:
        logs = a * log_p + b * log_q
        return float(logs.max() + np.log(np.trapezoid(np.exp(logs - logs.max()), dx=1e-4)))

    p, q = c * edge, c * (1 - edge)
    null = variant * np.log(edge) + control * np.log1p(-edge)
    return log_area(p + variant, q + control) - log_area(p, q) - null


@pytest.mark.parametrize(("control", "variant", "share"), [(2000, 5, 0.5), (40, 40, 0.3), (30, 400, 0.5)])
def test_the_split_is_what_numerical_integration_gives(control: int, variant: int, share: float) -> None:
    for c in (10.0, 1000.0):
        expected = by_numerical_integration(control, variant, share, c)
        assert kill.split_log_e(control, variant, share, concentrations=c) == pytest.approx(expected, abs=1e-4)


@given(st.integers(0, 300), st.integers(1, 300), st.floats(0.05, 0.95), st.floats(0, 0.5))
@settings(max_examples=60, deadline=None)
def test_more_conversions_of_the_variant_never_add_to_the_evidence_against_it(
    control: int, variant: int, share: float, margin: float
) -> None:
    log_e = kill.split_log_e(control, [variant - 1, variant], share, margin)
    assert log_e[1] <= log_e[0] + 1e-9
    assert kill.split_log_e(control, variant, share, margin) <= kill.split_log_e(control, variant, share) + 1e-9


def test_half_normal_published_and_by_integration() -> None:
    # Howard et al. 2021, Proposition 6, mpmath
    np.testing.assert_allclose(
        kill.half_normal_log_e([-3, 2], [4, 1]), [-2.1259215694610574, 1.2646587273980978], atol=1e-12
    )
    z, step = np.linspace(-60, 60, 24_001, retstep=True)
    for r in (0.5, 9.0):
        mean = step * np.sum(np.exp(kill.half_normal_log_e(z, r) - z * z / 2)) / np.sqrt(2 * np.pi)
        assert mean == pytest.approx(1, rel=1e-9)
    assert kill.half_normal_log_e(-1e5, 1e3) < -10  # log_ndtr, no log of 0
    assert kill.half_normal_log_e(3, 0) == 0.0


def test_the_rule_averages_above_the_gate_and_is_the_split_below() -> None:
    below = kill.kill_log_e(14, 140, 0, 140, 0.5)
    assert below == kill.split_log_e(14, 0, 0.5)
    above = kill.kill_log_e(1000, 10_000, 850, 10_000, 0.5, margin=0.02)
    p = 1850 / 20_000
    z = (0.98 * 0.1 - 0.085) / np.sqrt(p * (1 - p) * (1 + 0.98**2) / 10_000)
    log_level = np.log(0.05)
    r = 20_000 * (-2 * log_level + np.log1p(-2 * log_level)) / np.array([500, 5_000, 50_000, 500_000])
    normal = np.mean(np.exp(kill.half_normal_log_e(z, r)))
    assert above == pytest.approx(np.log((normal + np.exp(kill.split_log_e(1000, 850, 0.5, 0.02))) / 2), rel=1e-12)
    assert kill.kill_log_e(50, 50, 50, 50, 0.5) == kill.split_log_e(50, 50, 0.5)  # no variance


def test_a_margin_forgives() -> None:
    strict, mild = kill.kill_log_e(1000, 10_000, 850, 10_000, 0.5, [0.0, 0.1])
    assert strict > np.log(20) > mild


def test_arrays_are_a_loop_and_unknown_experiments_stay_alone() -> None:
    rows = np.array([[14, 140, 0, 140], [900, 9000, 600, 9000], [0, 0, 1, 5], [3, 9, np.nan, 9], [1, np.nan, 1, 9]]).T
    together = kill.kill_log_e(*rows, 0.5)
    np.testing.assert_allclose(together[:2], [kill.kill_log_e(*row, 0.5) for row in rows.T[:2]], rtol=1e-12)
    assert np.isnan(together[2:]).all()
    assert isinstance(kill.kill_log_e(14, 140, 0, 140, 0.5), np.float64)
    assert kill.split_log_e(0, 0, 0.5) == pytest.approx(0, abs=1e-12)
    assert kill.expectation_log_e(0, 0, 0.1) == pytest.approx(0, abs=1e-12)
    assert np.isnan(kill.split_log_e(1, 1, 0.5, np.nan))
    assert np.isnan(kill.expectation_log_e(1, 2, np.nan))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kill.split_log_e(-1, 0, 0.5), "events_control must be finite and at least 0"),
        (lambda: kill.split_log_e(1, 0, 1), "share_variant must be strictly between 0 and 1"),
        (lambda: kill.split_log_e(1, 0, 0.5, 1), "margin must be at least 0 and below 1"),
        (lambda: kill.split_log_e(1, 0, 0.5, -0.1), "margin must be finite and at least 0"),
        (lambda: kill.expectation_log_e(3, 2, 0.5), "interactions must not exceed views"),
        (lambda: kill.expectation_log_e(1, 2, 0), "expected_rate must be strictly between 0 and 1"),
        (lambda: kill.half_normal_log_e(1, -1), "r must be finite and at least 0"),
        (lambda: kill.kill_log_e(3, 2, 1, 2, 0.5), "successes_control must not exceed trials_control"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_an_equal_variant_watched_all_along_is_seldom_killed_and_a_broken_one_soon() -> None:
    # 400 experiments, a look every 50 visitors up to 10,000
    random = np.random.default_rng(21)
    n = 25.0 * np.arange(1, 201)
    control, equal = (np.cumsum(random.binomial(25, 0.1, (400, 200)), axis=1) for _ in range(2))
    killed = kill.kill_log_e(control, n, equal, n, 0.5) >= np.log(20)
    assert killed.any(axis=1).mean() < 0.05
    broken = kill.kill_log_e(control, n, 0, n, 0.5) >= np.log(20)
    assert 250 < np.mean(2 * n[np.argmax(broken, axis=1)]) < 400  # 316 visitors in both arms on average
