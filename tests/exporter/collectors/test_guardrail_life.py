"""Guardrails over time: what lifts a kill, pauses and drafts, restarts, gaps, and what fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from exporter.collectors.guardrail import GuardrailCollector
from exporter.sources.base import Slots
from exporter.sources.turns import Turns
from exporter.state import AuditEntry, Latch, Override, State, StateError
from tests.exporter.collectors.guarded import EVEN, World, between, by_variant, counters, experiment, never, slo
from tests.exporter.collectors.scripted import START


def test_a_spared_variant_is_killed_by_a_new_breach_only() -> None:
    errors = {"blue": never, "green": lambda i: 41 <= i < 60 or i >= 100}
    world = World(counters(errors), page=("fast",))
    world.run(0, 50)
    assert len(world.kills()) == 1
    world.spare(50)
    world.run(50, 55)
    world.restart()
    world.run(55, 90)
    assert not world.kills()
    begun = world.breaches(90, 120)
    assert [kill.at for kill in world.kills()] == [START + begun[0] * 15]
    assert [entry.action for entry in world.state.audit()] == ["kill", "unkill", "kill"]
    assert len(world.told) == 2


def test_a_breach_that_flickers_is_one_breach() -> None:
    """Around a tier's factor the burn rate goes up and down; that must not undo what somebody has lifted."""
    errors = {"blue": never, "green": lambda i: 41 <= i < 46 or i in (66, 67, 68)}
    world = World(counters(errors), page=("fast",))
    world.run(0, 50)
    world.spare(50)
    burning = world.breaches(50, 75)
    assert burning != list(range(burning[0], burning[-1] + 1))  # it did flicker
    assert not world.kills()


def test_a_kill_waits_until_it_can_be_dated_after_the_lifting() -> None:
    """Evaluations lie a lag behind the clock of the commands."""
    world = World(counters({"blue": never, "green": between(41)}))
    world.state.save_documents("experiment", {}, [Latch("kill", "x", "green", START, "worse", {})])
    world.run(0, 30)
    world.spare(47)
    world.run(30, 48)
    assert not world.kills()
    world.at(48)
    assert [kill.at for kill in world.kills()] == [START + 48 * 15]


@pytest.mark.parametrize("status", ["draft", "paused", "completed", "failed"])
def test_what_does_not_run_is_not_measured(status: str) -> None:
    world = World(counters({"blue": never, "green": between(1)}), status=status)
    assert world.run(0, 30) == []
    assert world.source.asked == []
    assert not world.kills()


def test_what_happens_in_a_pause_does_not_count() -> None:
    world = World(counters({"blue": never, "green": between(41, 80)}))
    world.run(0, 40)
    world.override("paused")
    world.run(40, 60)
    world.restart()
    world.run(60, 80)
    world.override("running")
    reports = world.run(80, 120)
    assert by_variant(reports, "experiment_variant_slo_burn_rate", "1h") == {"blue": 0, "green": 0}
    assert not world.kills()


def test_a_draft_that_begins_counts_from_then_on() -> None:
    world = World(counters({"blue": never, "green": between(1, 60)}), status="draft")
    world.run(0, 60)
    override = Override("running", None, "draft", EVEN, 1.0, "ann", "why")
    world.state.set_lifecycle("x", override, AuditEntry(1.0, "experiment", "x", "", "start", "ann", "why"))
    reports = world.run(60, 70)
    assert by_variant(reports, "experiment_variant_slo_burn_rate", "period") == {"blue": 0, "green": 0}
    assert not world.kills()


def test_what_is_not_known_to_run_is_not_measured() -> None:
    world = World(counters({"blue": never, "green": between(1)}))
    world.collector = GuardrailCollector(
        world.source, {"shop": slo()}, [world.of], world.state,
        refresh=15.0, origin=0.0, keep_seconds=60.0, defined=lambda _: None,
    )  # fmt: skip
    assert world.run(0, 10) == []
    assert world.source.asked == []


def test_a_restart_at_any_moment_changes_nothing(tmp_path: Path) -> None:
    errors = {"blue": between(120, 130), "green": lambda i: 41 <= i < 50 or 100 <= i < 124}
    straight = World(counters(errors), page=("fast",))
    restarted = World(counters(errors), f"sqlite:///{tmp_path}/state.db", page=("fast",))
    for i in range(150):
        if i in (3, 43, 44, 45, 60, 99, 103, 121, 123):
            restarted.restart()
        if i == 70:
            straight.spare(i)
            restarted.spare(i)
        assert restarted.at(i) == straight.at(i)
    assert restarted.kills() == straight.kills()
    assert [entry.action for entry in restarted.state.audit()] == ["kill", "unkill", "kill"]


def test_a_gap_is_read_from_history() -> None:
    errors = {"blue": never, "green": between(41)}
    for old in (False, True):
        world = World(counters(errors), old=old)
        if not old:
            world.run(0, 30)
            world.restart()
        world.at(60)
        assert [kill.at for kill in world.kills()] == [START + 60 * 15]


def test_a_source_that_fails_decides_nothing() -> None:
    world = World(counters({"blue": never, "green": between(41)}))
    world.run(0, 43)
    world.source.broken = "gone"
    (report,) = world.at(44)
    assert (report.samples, report.error) == ((), "gone")
    world.source.broken = None
    assert not world.kills()
    world.at(45)
    assert len(world.kills()) == 1


def test_a_kill_that_cannot_be_saved_is_saved_later_and_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(counters({"blue": never, "green": between(41)}))
    world.run(0, 44)

    def fail(*_: object) -> None:
        raise StateError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(State, "save_documents", fail)
        assert [r.error for r in world.run(44, 50) if r.error] == ["the disk is full"]
    assert not world.kills()
    world.at(50)
    assert [kill.at for kill in world.kills()] == [START + 44 * 15]
    assert len(world.told) == 1


@dataclass
class Slow:
    """Each variant has ten good events a slot; a question takes so many seconds by its query, on a clock of its own."""

    takes: dict[str, float]
    name: str = "prod"
    up: bool | None = True
    now: float = START

    def __post_init__(self) -> None:
        self.turns = Turns(10.0, lambda: self.now)

    def slots(self, query: str, start: float, end: float, step: float, _by: Sequence[str] = ()) -> Slots:
        with self.turns.timed():
            self.now += self.takes[query]
        starts, groups = np.arange(start, end - 1e-6, step), [f"variant={variant}" for variant in EVEN]
        many = np.full(len(starts) * len(groups), 10.0)
        return Slots(np.repeat(starts, len(groups)), many, 0 * many, (*groups * len(starts),))


def test_a_guardrail_that_waits_for_its_slow_query_ages_and_decides_nothing() -> None:
    names = ["quick", "one", "two"]
    source = Slow({"quick": 0.0, "one": 9.0, "two": 9.0})
    slos = {name: slo(name=name, group_by=["variant"], sli={"source": "prod", "sql": name}) for name in names}
    of = experiment(guardrails=[{"slo": name} for name in names])
    state = State("sqlite://")
    rows = {f"x:{name}": {"running": False, "episodes": {}} for name in names}
    state.save_documents("guardrail", rows)
    measure = GuardrailCollector(source, slos, [of], state, refresh=15.0, origin=0.0, keep_seconds=60.0)
    measure.collect(source.now)
    for asked, waiting in (("one", "two"), ("two", "one")) * 2:
        source.now = (source.now // 15 + 1) * 15
        reports = {report.entity.rpartition(" ")[2]: report for report in measure.collect(source.now)}
        assert (reports[waiting].samples, reports[waiting].waits, reports[waiting].error) == ((), True, None)
        for name in ("quick", asked):
            assert by_variant([reports[name]], "experiment_variant_slo_burn_rate", "5m") == {"blue": 0, "green": 0}
            assert not reports[name].waits
