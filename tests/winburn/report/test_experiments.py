"""Experiments from samples: every state of an experiment, and no number where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.collectors import experiment_advice
from exporter.contract import Sample, sample
from exporter.spec import Experiment
from exporter.state import AuditEntry, Latch
from winburn.report.experiment_review import ExperimentReview
from winburn.report.experiments import STEPS, Told, decision, experiment_reviews
from winburn.report.values import Missing, Period

PERIOD = Period(1000.0, 5000.0, "")


def experiment(**more: Any) -> Experiment:
    metric = {"name": "sale", "kind": "proportion", "source": "shop", "query": "SELECT variant FROM t"}
    return Experiment.model_validate(
        {"name": "button", "control": "a", "variants": {"a": 0.5, "b": 0.5}, "metrics": [metric], **more}
    )


def review(
    samples: list[Sample], trail: list[AuditEntry] | None = None, kills: list[Latch] | None = None, **more: Any
) -> ExperimentReview:
    told = Told({}, trail or [], kills or [])
    (found,) = experiment_reviews([experiment(**more)], samples, PERIOD, told, lambda _: Missing("not asked"))
    return found


def of(name: str, value: float, variant: str = "b") -> Sample:
    return sample(name, value, experiment="button", variant=variant, metric="sale")


def test_without_samples_nothing_is_a_number() -> None:
    found = review([])
    assert found.status == "running"
    for result in found.results:
        assert all(isinstance(getattr(result, name), Missing) for name in ("value", "lift", "lower", "e_value", "win"))
    assert all(isinstance(arm.participants, Missing) for arm in found.arms)
    assert found.money == ()
    assert found.next_steps == "Nothing can be said of it yet."


def test_an_open_end_is_open_and_not_a_number() -> None:
    found = review([of("experiment_variant_metric_value", 0.0), of("experiment_variant_lift_ratio", -1.0)])
    result = next(r for r in found.results if r.variant == "b")
    assert result.lift == -1
    assert isinstance(result.lower, Missing)


def test_the_life_is_told_with_its_beginning_and_end() -> None:
    trail = [
        AuditEntry(900.0, "experiment", "button", "", "start", "ann", "go", {"status": ["draft", "running"]}, 1),
        AuditEntry(3000.0, "experiment", "other", "", "pause", "ann", "no", {}, 2),
        AuditEntry(4000.0, "experiment", "button", "", "stop", "ann", "done", {"status": ["running", "completed"]}, 3),
        AuditEntry(6000.0, "apply", "button", "b", "ship", "winburn", "1 row", {"result": "done"}, 4),
    ]
    found = review([], trail, status="completed")
    assert (found.started_at, found.ended_at) == (900.0, 4000.0)
    assert [d.action for d in found.life] == ["start", "stop"]
    assert "ended" in found.next_steps


def test_a_kill_has_its_time_and_reason() -> None:
    latch = Latch("kill", "button", "b", 2000.0, "b is worse", {})
    arm = review([], kills=[latch]).arms[1]
    assert (arm.killed, arm.killed_at, arm.killed_why) == (True, 2000.0, "b is worse")


@pytest.mark.parametrize(("p", "deviation", "broken"), [(1e-9, 0.1, True), (1e-9, 0.001, False), (0.2, 0.1, False)])
def test_the_split_is_judged_as_the_advice_judges_it(p: float, deviation: float, broken: bool) -> None:  # noqa: FBT001
    samples = [
        sample("experiment_srm_p_value", p, experiment="button"),
        sample("experiment_srm_deviation_ratio", deviation, experiment="button"),
    ]
    assert review(samples).split_broken is broken


def test_every_reason_of_the_advice_has_a_sentence() -> None:
    table = (experiment_advice.__doc__ or "").splitlines()
    cells = [line.split("|")[-2] for line in table if line.startswith("| ") and "reason" not in line]
    reasons = {reason.strip() for cell in cells for reason in cell.replace(" or ", ",").split(",") if reason.strip()}
    assert len(reasons) >= 14
    assert reasons <= set(STEPS)


def test_without_words_the_steps_come_from_the_reasons() -> None:
    info = sample("experiment_recommendation_info", 1, experiment="button", variant="b", action="ship", reason="better")
    assert review([info]).next_steps == "Give b to everybody: it is better than a, and the best."


def test_words_outlive_no_recommendation() -> None:
    told = Told({"button": "Give b to everybody: +20 %."}, [], [])
    info = sample("experiment_recommendation_info", 1, experiment="button", variant="b", action="ship", reason="better")
    for samples, steps in (([info], "Give b to everybody: +20 %."), ([], "Nothing can be said of it yet.")):
        (found,) = experiment_reviews([experiment()], samples, PERIOD, told, lambda _: Missing("not asked"))
        assert found.next_steps == steps


def test_what_was_applied_says_how_it_went() -> None:
    entry = AuditEntry(1.0, "apply", "button", "b", "kill", "winburn", "no such table", {"result": "refused"})
    assert decision(entry).action == "apply kill"
    assert decision(entry).why == "refused: no such table"
