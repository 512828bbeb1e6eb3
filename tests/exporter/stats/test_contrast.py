import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.stats import contrast, kill, sequential
from exporter.stats.strata import Pair

NAN = float("nan")
counts = st.integers(30, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
means, variances = st.floats(0.5, 9), st.floats(0.001, 0.5)


def pair_of(s_a: float, n_a: float, s_b: float, n_b: float) -> Pair:
    p_a, p_b = np.divide(s_a, n_a), np.divide(s_b, n_b)
    return Pair(p_a, p_a * (1 - p_a) / n_a, p_b, p_b * (1 - p_b) / n_b, np.add(n_a, n_b))


@given(counts, counts)
@settings(max_examples=80, deadline=None)
def test_for_proportions_it_is_the_sequential_test(control: tuple[int, int], variant: tuple[int, int]) -> None:
    arms, pair = (*control, *variant), pair_of(*control, *variant)
    share = variant[1] / (control[1] + variant[1])
    speaks = contrast.enough(*arms)
    assert speaks == sequential.enough(*arms)
    split = sequential.event_split_log_e(control[0], variant[0], contrast.event_share(share))
    ours = contrast.headline_log_e(pair, speaks, split)
    assert ours == pytest.approx(sequential.headline_log_e(*arms, share), rel=1e-10, abs=1e-10)
    interval = contrast.fieller(pair, sequential.z_boundary(pair.units))
    np.testing.assert_allclose(interval, sequential.lift_interval(*arms), rtol=1e-10, atol=1e-12)


def test_published_interval_and_evidence() -> None:
    # mpmath, 40 digits: 500/10000 against 420/10000, tuning 5000
    pair = pair_of(500, 10_000, 420, 10_000)
    z = sequential.z_boundary(20_000, tuning=5000)
    assert contrast.z_score(pair) == pytest.approx(-2.700853773540028, rel=1e-12)
    np.testing.assert_allclose(contrast.fieller(pair, z), [-0.3162817122928032, 0.028086709254981853], rtol=1e-10)
    ends = contrast.difference_interval(pair, z)
    np.testing.assert_allclose(ends, [-0.01726259444128072, 0.0012625944412807213], rtol=1e-10)


@given(means, variances, means, variances, st.floats(0.2, 5))
@settings(max_examples=60, deadline=None)
def test_arms_that_change_places_invert_the_null_ratio(
    m_a: float, v_a: float, m_b: float, v_b: float, r: float
) -> None:
    there, back = Pair(m_a, v_a, m_b, v_b, 5000.0), Pair(m_b, v_b, m_a, v_a, 5000.0)
    assert contrast.z_score(there, r) == pytest.approx(-contrast.z_score(back, 1 / r), rel=1e-9, abs=1e-9)
    assert contrast.headline_log_e(there, True, None, r) == pytest.approx(  # noqa: FBT003 (an array of bool)
        contrast.headline_log_e(back, True, None, 1 / r),  # noqa: FBT003
        rel=1e-9,
        abs=1e-9,
    )
    low, high = contrast.fieller(there, 2.0)
    _, back_high = contrast.fieller(back, 2.0)
    if np.isfinite(high) and np.isfinite(back_high) and low > -0.999:
        assert (1 + low) * (1 + back_high) == pytest.approx(1, rel=1e-6)
    share = 0.3
    turned = contrast.event_share(1 - share, 1 / r)
    assert contrast.event_share(share, r) == pytest.approx(1 - turned, rel=1e-12)


@given(means, variances, means, variances, st.floats(0.3, 3))
@settings(max_examples=60, deadline=None)
def test_a_ratio_lies_in_the_interval_exactly_when_its_score_is_below_the_width(
    m_a: float, v_a: float, m_b: float, v_b: float, r: float
) -> None:
    pair = Pair(m_a, v_a, m_b, v_b, 5000.0)
    low, high = contrast.fieller(pair, 2.5)
    if np.isfinite(high) and abs(abs(contrast.z_score(pair, r)) - 2.5) > 1e-9:
        assert (low < r - 1 < high) == (abs(contrast.z_score(pair, r)) < 2.5)


@given(means, variances, means, variances)
@settings(max_examples=40, deadline=None)
def test_the_two_sides_are_mirrored(m_a: float, v_a: float, m_b: float, v_b: float) -> None:
    there, back = Pair(m_a, v_a, m_b, v_b, 900.0), Pair(m_b, v_b, m_a, v_a, 900.0)
    below = contrast.one_sided_log_e(there, [True], 0.8, "below")
    np.testing.assert_allclose(below, contrast.one_sided_log_e(back, [True], 1.25, "above"), rtol=1e-8, atol=1e-8)


def test_one_sided_evidence_is_the_half_normal_mixture() -> None:
    pair = Pair(1.0, 0.002, 0.85, 0.003, 4000.0)
    z = (0.98 * 1.0 - 0.85) / np.sqrt(0.003 + 0.98**2 * 0.002)
    single = kill.half_normal_log_e(z, sequential.information(4000.0))
    assert contrast.one_sided_log_e(pair, True, 0.98) == pytest.approx(  # noqa: FBT003
        np.log(np.mean(np.exp(single))), rel=1e-12
    )
    assert contrast.one_sided_log_e(pair, True, 0.98, "above") < 0  # noqa: FBT003


def test_a_guardrail_within_its_margin_is_shown_to_be_kept_and_a_broken_one_not() -> None:
    kept, broken = Pair(1.0, 1e-4, 1.0, 1e-4, 50_000.0), Pair(1.0, 1e-4, 0.85, 1e-4, 50_000.0)
    margin = 0.1
    assert contrast.one_sided_log_e(kept, [True], 1 - margin, "above")[0] > np.log(20)
    assert contrast.one_sided_log_e(broken, [True], 1 - margin, "above")[0] < 0
    assert contrast.one_sided_log_e(broken, [True], 1 - margin, "below")[0] > np.log(20)


def test_below_the_gate_only_the_split_speaks() -> None:
    pair = pair_of(5, 100, 19, 100)
    assert not contrast.enough(5, 100, 19, 100)
    assert contrast.headline_log_e(pair, False, 1.25) == 1.25  # noqa: FBT003
    assert np.isnan(contrast.headline_log_e(pair, False))  # noqa: FBT003
    assert np.isnan(contrast.one_sided_log_e(pair, False))  # noqa: FBT003
    # 60 conversions, of which 20 are expected in each arm only if the variant's rate is half the control's
    assert contrast.enough(60, 100, 0, 100, 0.5)
    assert not contrast.enough(60, 100, 0, 100, 0.4)
    assert contrast.enough(25, 0.5, 22, 0.1)  # events may outnumber the exposure


def test_at_half_the_rate_the_variant_expects_a_third_of_the_events() -> None:
    assert contrast.event_share(0.5, 0.5) == pytest.approx(1 / 3)
    assert contrast.event_share(0.1, 1.0) == 0.1
    assert sequential.event_split_log_e(2000, 1000, contrast.event_share(0.5, 0.5)) < 0


def test_where_the_spread_is_unknown_nothing_is_said() -> None:
    same = Pair(1.0, 0.0, 2.0, 0.0, 100.0)
    assert np.isnan(contrast.z_score(same))
    assert np.isnan(contrast.headline_log_e(same, [True])[0])
    assert contrast.headline_log_e(same, [True], 0.5)[0] == 0.5
    assert contrast.fieller(same, 3.0) == (-1.0, np.inf)
    assert contrast.fieller(same, 3.0, floor=-np.inf) == (-np.inf, np.inf)
    assert contrast.difference_interval(same, 3.0) == (-np.inf, np.inf)
    assert contrast.difference_interval(Pair(1.0, 1.0, 2.0, 1.0, 0.0), np.inf) == (-np.inf, np.inf)
    unknown = Pair(NAN, 1.0, 2.0, 1.0, 100.0)
    answers = [contrast.headline_log_e(unknown, [True], 0.5)[0], *contrast.fieller(unknown, 3.0)]
    assert np.isnan([*answers, *contrast.difference_interval(unknown, 3.0)]).all()


def test_metrics_that_may_be_negative() -> None:
    profit = Pair(4.0, 0.01, -2.0, 0.01, 5000.0)
    low, high = contrast.fieller(profit, 3.0, floor=-np.inf)
    assert low < -1.5 < high < -1.3
    loss = Pair(-4.0, 0.01, -2.0, 0.01, 5000.0)
    assert np.isnan(contrast.fieller(loss, 3.0)).all()
    assert contrast.z_score(loss) > 10
    assert np.isnan(contrast.one_sided_log_e(loss, [True], 0.9)[0])
    assert contrast.one_sided_log_e(loss, [True], 1.0, "above")[0] > 10


def test_arrays_give_what_single_experiments_give() -> None:
    random = np.random.default_rng(6)
    pair = Pair(*random.uniform(1, 2, (4, 5)), random.uniform(100, 1e5, 5))
    split, speaks, r = random.normal(size=5), random.random(5) < 0.5, random.uniform(0.8, 1.2, 5)
    together = contrast.headline_log_e(pair, speaks, split, r)
    alone = [contrast.headline_log_e(Pair(*(f[i] for f in pair)), speaks[i], split[i], r[i]) for i in range(5)]
    np.testing.assert_allclose(together, alone, rtol=1e-13)
    assert isinstance(alone[0], np.float64)


def test_a_mean_without_a_difference_watched_all_along_is_seldom_called() -> None:
    # 500 A/A experiments on skewed revenue of 30 % buyers, a look every 100 units an arm up to 20,000
    random = np.random.default_rng(8)
    x = (random.random((2, 500, 200, 100)) < 0.3) * random.lognormal(3, 0.5, (2, 500, 200, 100))
    total, squares = np.cumsum(x.sum(-1), -1), np.cumsum((x * x).sum(-1), -1)
    n = 100.0 * np.arange(1, 201)
    mean, variance = total / n, (squares - total**2 / n) / (n - 1) / n
    pair = Pair(mean[0], variance[0], mean[1], variance[1], 2 * n)
    called = (contrast.headline_log_e(pair, True) >= np.log(20)).any(-1).mean()  # noqa: FBT003
    harmed = (contrast.one_sided_log_e(pair, True) >= np.log(20)).any(-1).mean()  # noqa: FBT003
    assert called < 0.06
    assert harmed < 0.06


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: contrast.z_score(p, 0), "null_ratio must be above 0"),
        (lambda p: contrast.z_score(p, -1), "null_ratio must be finite and at least 0"),
        (lambda p: contrast.z_score(p._replace(var_control=-1.0)), "var_control must be finite and at least 0"),
        (lambda p: contrast.z_score(p._replace(mean_variant=np.inf)), "mean_variant must be finite"),
        (lambda _: contrast.event_share(1.0), "share_variant must be strictly between 0 and 1"),
        (lambda p: contrast.fieller(p, -1), "z must be at least 0"),
        (lambda p: contrast.one_sided_log_e(p, [True], side="left"), "side must be"),
        (lambda _: contrast.enough(-1, 1, 1, 1), "conversions_control must be finite and at least 0"),
    ],
)
def test_a_wrong_domain_is_refused_in_words(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(Pair(1.0, 1.0, 1.0, 1.0, 100.0))
