"""From counts to results: identities, symmetries and edges; the formulas themselves are tested with exporter.stats."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.collectors.experiment_analysis import Result, analyse, split
from exporter.collectors.experiment_cases import Case
from exporter.stats import bayes, kill, sequential, srm


def case(
    *arms: tuple[float, float],
    increase: bool = True,
    alpha: float = 0.05,
    family: str = "a",
    margin: float | None = 0.0,
    planned: tuple[float, ...] | None = None,
) -> Case:
    """A case of (units, successes) per arm, the control first."""
    shares = planned or (1 / len(arms),) * len(arms)
    return Case("proportion", (arms,), shares, increase, alpha, family, kill_margin=margin)


def unread(family: str = "a") -> Case:
    """A case of two arms whose source has said nothing."""
    return Case("proportion", (), (0.5, 0.5), family=family, kill_margin=0.0)


def one(*arms: tuple[float, float], **options: object) -> Result:
    return analyse([case(*arms, **options)])[0]  # type: ignore[arg-type]


arm = st.tuples(st.integers(1, 3000), st.floats(0, 1)).map(lambda a: (float(a[0]), float(round(a[0] * a[1]))))


def test_no_experiment_gives_no_result() -> None:
    assert analyse([]) == []
    assert [part.tolist() for part in split([], [], [])] == [[], []]


def test_known_values() -> None:
    result = one((1000, 100), (1000, 120))
    assert result.beats[0] == pytest.approx(0.92318343897356, abs=1e-10)
    assert result.win.tolist() == pytest.approx([1 - 0.92318343897356, 0.92318343897356], abs=1e-9)
    assert result.loss[0] == pytest.approx(4.84614e-4 / (101 / 1002), rel=1e-5)
    assert result.lift[0] == pytest.approx(0.2)
    assert result.log_e[0] == pytest.approx(float(sequential.headline_log_e(100, 1000, 120, 1000, 0.5)))
    assert (result.lower[0], result.upper[0]) == pytest.approx(sequential.lift_interval(100, 1000, 120, 1000))
    assert result.verdict[0] == 0


def test_evidence_uses_the_observed_share() -> None:
    result = one((900, 90), (1100, 160), planned=(0.5, 0.5))
    assert result.log_e[0] == pytest.approx(float(sequential.headline_log_e(90, 900, 160, 1100, 0.55)))
    assert result.kill_log_e[0] == pytest.approx(float(kill.kill_log_e(90, 900, 160, 1100, 0.55)))


def test_a_batch_says_what_each_case_alone_says() -> None:
    cases = [
        case((1000, 100), (1000, 130), family="a"),
        case((500, 5), (500, 4), (400, 9), family="b", alpha=0.01, increase=False, margin=None),
        unread(family="c"),
        case((0, 0), (10, 3), family="d"),
        case((20_000, 10_000), (20_000, 10_900), family="e", alpha=0.1, margin=0.1),
    ]
    for whole, alone in zip(analyse(cases), (analyse([each])[0] for each in cases), strict=True):
        for name in Result.__slots__:
            np.testing.assert_allclose(getattr(whole, name), getattr(alone, name), rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("empty", [((0, 0), (0, 0)), ((0, 0), (50, 5)), ((50, 5), (0, 0))])
def test_undefined_where_an_arm_is_empty_or_unread(empty: tuple[tuple[float, float], tuple[float, float]]) -> None:
    for result in (one(*empty), analyse([unread()])[0]):
        for name in set(Result.__slots__) - {"mean", "variance", "units"}:
            assert np.isnan(getattr(result, name)).all(), name
        assert result.units.tolist() == [0]


@settings(max_examples=60, deadline=None)
@given(arm, arm, arm)
def test_a_decreasing_metric_is_the_mirror_of_its_complement(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]
) -> None:
    arms = (a, b, c)
    down = one(*arms, increase=False)
    complement = one(*((n, n - s) for n, s in arms))
    np.testing.assert_allclose(down.win, complement.win, atol=1e-9)
    np.testing.assert_allclose(down.beats, complement.beats, atol=1e-9)
    up = one(*arms)
    np.testing.assert_allclose(down.beats, 1 - up.beats, atol=1e-8)
    # Evidence, lift and interval describe the difference, whichever way is up.
    for name in ("log_e", "lift", "lower", "upper"):
        np.testing.assert_array_equal(getattr(down, name), getattr(up, name))
    np.testing.assert_array_equal(down.verdict, -up.verdict)


@settings(max_examples=60, deadline=None)
@given(arm, arm, st.sampled_from([0.0, 0.05, 0.5, 1.0]))
def test_killing_on_a_decreasing_metric_exchanges_the_arms(
    a: tuple[float, float], b: tuple[float, float], margin: float
) -> None:
    down = one(a, b, increase=False, margin=margin).kill_log_e[0]
    # rate_b <= (1 + m) rate_a  <=>  rate_a >= rate_b / (1 + m) = (1 - m / (1 + m)) rate_b
    exchanged = one(b, a, increase=True, margin=margin / (1 + margin)).kill_log_e[0]
    assert down == pytest.approx(exchanged, abs=1e-9)


def test_nothing_increasing_is_worse_by_more_than_all() -> None:
    assert math.isnan(one((1000, 500), (1000, 0), margin=1.0).kill_log_e[0])
    assert one((1000, 100), (1000, 900), margin=1.0, increase=False).kill_log_e[0] > math.log(100)


def test_a_margin_is_a_tolerated_loss_in_either_direction() -> None:
    worse = ((10_000, 1000), (10_000, 850))
    assert one(*worse, margin=0.0).kill_log_e[0] > 0 > one(*worse, margin=0.3).kill_log_e[0]
    more_errors = ((10_000, 1000), (10_000, 1150))
    strict, lenient = (one(*more_errors, margin=m, increase=False).kill_log_e[0] for m in (0.0, 0.3))
    assert strict > 0 > lenient


def test_a_variant_without_conversions_has_evidence_and_an_upper_end() -> None:
    result = one((2000, 200), (2000, 0))
    assert result.kill_log_e[0] > math.log(100)
    assert result.verdict[0] == -1
    assert (result.lower[0], result.lift[0]) == (-1, -1)
    assert -1 < result.upper[0] < -0.8


def test_below_the_gate_the_interval_is_the_event_splits() -> None:
    result = one((100, 8), (300, 30))
    assert (result.lower[0], result.upper[0]) == pytest.approx(sequential.event_split_lift_interval(8, 30, 0.75))


def test_lift_is_undefined_without_a_conversion_in_control() -> None:
    result = one((2000, 0), (2000, 200))
    assert math.isnan(result.lift[0])
    assert result.verdict[0] == 1
    assert result.upper[0] == math.inf


def test_an_arm_without_planned_traffic_and_units_does_not_take_part() -> None:
    result = one((1000, 100), (1000, 120), (0, 0), planned=(0.5, 0.5, 0.0))
    assert result.win[:2].tolist() == pytest.approx(bayes.prob_best([100, 120], [1000, 1000]).tolist())
    assert math.isnan(result.win[2])
    assert np.isnan(one((1000, 100), (1000, 120), (0, 0), planned=(0.4, 0.4, 0.2)).win).all()


def test_verdicts_are_corrected_within_the_family_only() -> None:
    strong = case((4000, 400), (4000, 510), family="x")
    alone = analyse([strong])[0]
    assert 20 < math.exp(alone.log_e[0]) < 200
    assert alone.verdict[0] == 1
    nulls = [case((1000, 100), (1000, 100), family="x") for _ in range(10)]
    assert analyse([strong, *nulls])[0].verdict[0] == 0
    apart = [case((1000, 100), (1000, 100), family=f"y{i}") for i in range(10)]
    assert analyse([strong, *apart])[0].verdict[0] == 1


def test_what_could_not_be_read_stays_a_hypothesis() -> None:
    strong = case((4000, 400), (4000, 510))
    silent = [unread() for _ in range(10)]
    assert analyse([strong, *silent])[0].verdict[0] == 0


def test_a_family_is_judged_at_its_smallest_alpha() -> None:
    strong, strict = case((4000, 400), (4000, 510)), case((10, 1), (10, 1), alpha=1e-6)
    assert analyse([strong])[0].verdict[0] == 1
    assert analyse([strong, strict])[0].verdict[0] == 0
    assert analyse([strict, strong])[1].verdict[0] == 0


def test_split_against_the_plan() -> None:
    p, deviation = split(
        [[5000, 5000], [100, 100, 300], [0, 0]], [[0.5, 0.5], [0.25, 0.25, 0.5], [0.5, 0.5]], [1.0, 1.0, 1.0]
    )
    assert p[0] == 1
    assert p[1] == pytest.approx(float(srm.p_value([100, 100, 300], [0.25, 0.25, 0.5])))
    assert deviation[:2].tolist() == pytest.approx([0, 0.1])
    assert math.isnan(p[2])
    assert math.isnan(deviation[2])


def test_a_unit_in_an_arm_that_was_not_planned_is_a_leak_of_its_size() -> None:
    p, deviation = split([[500, 500, 1]], [[0.5, 0.5, 0.0]], [1.0])
    assert p[0] == 0
    assert deviation[0] == pytest.approx(1 / 1001)
    assert split([[500, 500, 0]], [[0.5, 0.5, 0.0]], [1.0])[0][0] == 1
