"""What is simulated: read where there is enough to go by, assumed and said so elsewhere."""

from __future__ import annotations

import pytest

from exporter.spec import Metric
from tests.winburn.aa_test.plans import COUNTER, MEAN, PROPORTION, RATE, RATIO, experiment, plan
from winburn.aa_test.facts import assumed, base, default_horizon, observed, with_looks


def metric(document: dict[str, object]) -> Metric:
    return Metric.model_validate(document)


def test_rates_and_moments_are_those_of_the_sums() -> None:
    assert observed(metric(PROPORTION), {"n": 200, "successes": 30}, "x").mean == 0.15  # type: ignore[union-attr]
    assert observed(metric(RATE), {"exposure": 50, "events": 75}, "x").mean == 1.5  # type: ignore[union-attr]
    amounts = observed(metric(MEAN), {"n": 4, "sum": 10, "sum_squares": 30, "nonzero": 3}, "x")
    assert amounts is not None
    assert (amounts.mean, amounts.nonzero) == (2.5, 0.75)
    assert amounts.variance == pytest.approx(5 / 3)
    sums = {"n": 2, "numerator": 4, "numerator_squares": 10, "denominator": 6, "denominator_squares": 20, "product": 14}
    parts = observed(metric(RATIO), sums, "x")
    assert parts is not None
    assert (parts.mean, parts.variance, parts.below) == (2, 1, (3, 1, 1))


@pytest.mark.parametrize(
    ("document", "sums"),
    [
        (PROPORTION, {"n": 0, "successes": 0}),
        (PROPORTION, {"n": 100, "successes": 0}),
        (PROPORTION, {"n": 100, "successes": 100}),
        (RATE, {"exposure": 100, "events": 0}),
        (MEAN, {"n": 100, "sum": 0, "sum_squares": 0}),
        (MEAN, {"n": 100, "sum": 100, "sum_squares": 1}),
    ],
)
def test_too_little_is_nothing_to_go_by(document: dict[str, object], sums: dict[str, float]) -> None:
    assert observed(metric(document), sums, "x") is None


def test_defaults_are_said_in_words() -> None:
    texts = [assumed(metric(m)).text for m in (PROPORTION, RATE, MEAN, RATIO)]
    assert texts == [
        "5 %",
        "0.05 events per unit",
        "mean 0.05, standard deviation 0.4567, 5 % of the units not 0",
        "ratio 0.5",
    ]
    assert assumed(metric(PROPORTION), 0.2).origin == "given"


def test_units_are_counted_by_a_metric_that_has_them() -> None:
    rate = {**RATE, "role": "primary"}
    assert base(experiment(PROPORTION, MEAN)).name == "conversion"
    assert base(experiment(rate, MEAN)).name == "revenue"
    only = experiment(rate)
    assert base(only).name == "errors"
    assert default_horizon(only, [assumed(only.primary, 0.001)]) == 5_000_000
    assert default_horizon(experiment(), []) == 100_000


@pytest.mark.parametrize(
    ("per_day", "most", "looks"), [(20_000.0, 10_000, 5760), (20_000.0, 500, 500), (1.0, 10**6, 20_000)]
)
def test_a_look_at_every_refresh_but_at_most_one_a_unit(per_day: float, most: int, looks: int) -> None:
    assert with_looks(plan(experiment(), per_day=per_day), 15.0, most).looks == looks


def test_windows_of_a_counter_are_never_passed_over() -> None:
    assert with_looks(plan(experiment(COUNTER), per_day=100.0), 15.0, 100).looks == 200 * 48
    once = {**COUNTER, "prometheus": {**COUNTER["prometheus"], "once": True}}
    assert with_looks(plan(experiment(once), per_day=100.0), 15.0, 100).looks == 100
