"""Evidence of pairs: the same as the statistics' own functions, over kinds, epochs, directions and scales."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exporter.collectors.experiment_analysis import Result, analyse
from exporter.collectors.experiment_cases import Case
from exporter.collectors.experiment_evidence import boundary, by_alpha
from exporter.stats import kill, sequential

NO = (math.nan,) * 6
EVEN = (0.5, 0.5)


def one(kind: str, *epochs: tuple[tuple[float, ...], ...], **changes: object) -> Result:
    return analyse([Case(kind, epochs, EVEN, **changes)])[0]  # type: ignore[arg-type]


def test_a_proportion_in_one_epoch_has_the_headline_and_the_kill_of_the_statistics() -> None:
    result = one("proportion", ((1000, 100), (500, 60)), kill_margin=0.1)
    assert result.log_e[0] == pytest.approx(float(sequential.headline_log_e(100, 1000, 60, 500, 1 / 3)), rel=1e-12)
    assert result.kill_log_e[0] == pytest.approx(float(kill.kill_log_e(100, 1000, 60, 500, 1 / 3, 0.1)), rel=1e-12)


def test_zero_of_five_thousand_is_worse_and_to_be_killed() -> None:
    result = one("proportion", ((5000, 50), (5000, 0)), kill_margin=0.0)
    assert result.verdict[0] == -1
    assert result.kill_log_e[0] > math.log(100)
    assert math.isfinite(result.log_e[0])
    split_in_two = one("proportion", *(((2500, 25), (2500, 0)),) * 2, kill_margin=0.0)
    assert split_in_two.kill_log_e[0] > math.log(100)
    assert split_in_two.verdict[0] == -1


def test_a_rate_does_not_depend_on_the_unit_of_its_exposure() -> None:
    hours, seconds = (
        one("rate", ((900 * unit, 100), (1100 * unit, 190)), kill_margin=0.0, increase=False) for unit in (1, 3600)
    )
    for name in ("log_e", "lift", "lower", "upper", "kill_log_e", "z", "units", "verdict"):
        np.testing.assert_allclose(getattr(hours, name), getattr(seconds, name), rtol=1e-9, err_msg=name)
    assert hours.difference[0] == pytest.approx(3600 * seconds.difference[0])
    assert hours.kill_log_e[0] > 3


@pytest.mark.parametrize("kind", ["proportion", "mean", "rate"])
def test_a_ramp_under_the_null_is_no_lift(kind: str) -> None:
    # 10 % get b while 8 % convert, then half of them while 12 % do: pooled, b looks 20 % better.
    def arm(n: float, s: float) -> tuple[float, ...]:
        return (n, s, s, *NO) if kind == "mean" else (n, s)

    epochs = (arm(90_000, 7200), arm(10_000, 800)), (arm(50_000, 6000), arm(50_000, 6000))
    apart = one(kind, *epochs)
    pooled = one(kind, (arm(140_000, 13_200), arm(60_000, 6800)))
    assert pooled.verdict[0] == 1
    assert apart.verdict[0] == 0
    assert apart.lift[0] == pytest.approx(0, abs=1e-12)
    assert apart.log_e[0] < 0


def test_a_guardrail_is_harmed_or_kept_by_its_margin() -> None:
    harmed = one("proportion", ((20_000, 4000), (20_000, 3300)), null_ratio=0.9)
    kept = one("proportion", ((20_000, 4000), (20_000, 4000)), null_ratio=0.9)
    unknown = one("proportion", ((20_000, 4000), (20_000, 3600)), null_ratio=0.9)
    assert (harmed.verdict[0], kept.verdict[0], unknown.verdict[0]) == (-1, 1, 0)
    errors = {"null_ratio": 1.1, "increase": False}
    assert one("proportion", ((20_000, 4000), (20_000, 4800)), **errors).verdict[0] == -1
    assert one("proportion", ((20_000, 4000), (20_000, 4000)), **errors).verdict[0] == 1


def test_a_margin_says_nothing_of_a_negative_mean() -> None:
    arm = (10_000.0, -50_000.0, 260_000.0, *NO)
    equal = one("mean", (arm, arm), null_ratio=0.9)
    assert math.isnan(equal.log_e[0])
    assert math.isnan(equal.verdict[0])
    assert one("mean", (arm, arm)).verdict[0] == 0


def test_no_evidence_while_the_design_effect_is_not_known() -> None:
    result = one("proportion", ((5000, 500), (5000, 900)), design_effect=math.nan, kill_margin=0.0)
    assert result.lift[0] == pytest.approx(0.8)
    for name in ("log_e", "lower", "upper", "kill_log_e", "verdict", "z"):
        assert math.isnan(getattr(result, name)[0]), name
    divided = one("proportion", ((5000, 500), (5000, 900)), design_effect=5.0, kill_margin=0.0)
    plain = one("proportion", ((1000, 100), (1000, 180)), kill_margin=0.0)
    assert divided.log_e[0] == pytest.approx(plain.log_e[0])


def test_the_boundary_is_that_of_the_units_to_a_tenth_of_a_per_mille() -> None:
    units = np.array([1.0, 999.0, 123_456.0, 7e8])
    np.testing.assert_allclose(boundary(units, 0.05), sequential.z_boundary(units, 0.05), rtol=2e-4)
    assert np.isinf(boundary(np.array([np.nan, 0.0]), 0.05)).all()


def test_every_row_is_answered_at_its_own_level() -> None:
    levels = np.array([0.05, 0.01, 0.05])
    (found,) = by_alpha(levels, lambda rows, level: (rows * 100 + level,))
    assert found.tolist() == [0.05, 100.01, 200.05]
    assert by_alpha(np.empty(0), lambda rows, level: (rows * level,)) == ()
