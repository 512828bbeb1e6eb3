"""A running collector follows the commands of other processes: status, split, and kills that are lifted."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.collectors.experiment import ExperimentCollector
from exporter.contract import Report
from exporter.sources.base import Count
from exporter.sources.turns import Turns
from exporter.spec import Experiment, Metric
from exporter.state import AuditEntry, Override, State, StateError

EVEN = {"a": 0.5, "b": 0.5}
WORSE = {"a": (2000.0, 200.0), "b": (2000.0, 100.0)}


class Shop:
    name, up, turns = "shop", True, Turns()

    def __init__(self) -> None:
        self.arms = {"a": (1000.0, 100.0), "b": (1000.0, 100.0)}

    def counts(self, _metric: Metric, _at: float) -> list[Count]:
        return [Count(variant, (n, s)) for variant, (n, s) in self.arms.items()]


def experiment() -> Experiment:
    metric = Metric(name="m", kind="proportion", source="shop", query="q")
    return Experiment(name="x", control="a", variants=EVEN, metrics=(metric,))


class World:
    """A collector, its source, and another process on the same store."""

    def __init__(self, folder: Path) -> None:
        self.url, self.shop = f"sqlite:///{folder}/state.db", Shop()
        self.other = State(self.url)
        self.collector = self.restarted()

    def restarted(self) -> ExperimentCollector:
        self.collector = ExperimentCollector({"shop": self.shop}, [experiment()], State(self.url), refresh=15.0)
        return self.collector

    def move(self, action: str, field: str, before: object, after: object) -> None:
        """A command that changes one field, and says so in the trail."""
        changed = {"status": None, "variants": None, field: after}
        override = Override(spec_status="running", spec_variants=EVEN, at=1.0, who="ann", why="why", **changed)  # type: ignore[arg-type] # of either field
        self.other.set_lifecycle(
            "x", override, AuditEntry(1.0, "experiment", "x", "", action, "ann", "why", {field: [before, after]})
        )

    def pause_and_start(self) -> None:
        self.move("pause", "status", "running", "paused")
        self.move("start", "status", "paused", "running")

    def epochs(self, at: float) -> list[float]:
        """Units of the control in each epoch, the present one last."""
        self.collector.collect(at)
        return [epoch["a"][0] for epoch in self.collector._tracks[0].primary.epochs()]

    def override(self, status: str | None, variants: dict[str, float] | None) -> None:
        override = Override(status, variants, "running", EVEN, 1.0, "ann", "why")
        self.other.set_lifecycle("x", override, AuditEntry(1.0, "experiment", "x", "", "pause", "ann", "why"))

    def spare(self, at: float) -> None:
        assert self.other.lift_latch("kill", "x", "b", at, "ann", "why")

    def killed(self, at: float) -> float:
        (found,) = values(self.collector.collect(at), "experiment_variant_early_kill").values()
        return found


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def values(reports: list[Report], family: str) -> dict[str, float]:
    """Last label -> value."""
    samples = [sample for report in reports for sample in (*report.samples, *report.lasting)]
    return {sample.labels[-1][1]: sample.value for sample in samples if sample.name == family}


def test_a_status_is_taken_over_and_outlives_a_restart(world: World) -> None:
    assert values(world.collector.collect(15.0), "experiment_status")["running"] == 1
    world.override("paused", None)
    for at in (30.0, 45.0):
        reports = world.collector.collect(at)
        assert values(reports, "experiment_status")["paused"] == 1
        assert values(reports, "experiments")["paused"] == 1
        assert values(reports, "experiment_epochs") == {"x": 1}
        world.restarted()


def test_what_is_paused_is_not_killed(world: World) -> None:
    world.override("paused", None)
    world.shop.arms = WORSE
    assert world.killed(15.0) == 0
    world.override("running", None)
    assert world.killed(30.0) == 0  # what was read at the pause opens the epoch
    world.shop.arms = {"a": (4000.0, 400.0), "b": (4000.0, 200.0)}
    assert world.killed(45.0) == 1


def test_a_split_opens_an_epoch_as_a_change_of_the_spec_would(world: World) -> None:
    world.collector.collect(15.0)
    world.override(None, {"a": 0.8, "b": 0.2})
    for at in (30.0, 45.0):
        reports = world.collector.collect(at)
        assert values(reports, "experiment_epochs") == {"x": 2}
        assert values(reports, "experiment_variant_traffic_planned_ratio") == {"a": 0.8, "b": 0.2}
        assert values(reports, "experiment_variant_participants") == {"a": 1000, "b": 1000}
    world.restarted()
    assert values(world.collector.collect(60.0), "experiment_epochs") == {"x": 2}


@pytest.mark.parametrize("is_up", [True, False])
def test_a_pause_that_nobody_saw_opens_an_epoch_from_the_trail(world: World, is_up: bool) -> None:  # noqa: FBT001
    assert world.epochs(15.0) == [1000]
    world.pause_and_start()
    world.shop.arms = {"a": (1500.0, 150.0), "b": (1500.0, 150.0)}  # some of them came in the pause
    if not is_up:
        world.restarted()
    assert world.epochs(30.0) == [1000, 0]
    world.shop.arms = {"a": (1600.0, 160.0), "b": (1600.0, 160.0)}
    assert world.epochs(45.0) == [1000, 100]
    world.restarted()  # it is taken once
    assert world.epochs(60.0) == [1000, 100]
    world.move("start", "status", "paused", "running")  # it leads away from where it is not
    assert world.epochs(75.0) == [1000, 100]


def test_so_does_a_split_that_was_taken_back(world: World) -> None:
    world.epochs(15.0)
    world.move("split", "variants", EVEN, {"a": 0.9, "b": 0.1})
    world.move("split", "variants", {"a": 0.9, "b": 0.1}, EVEN)
    world.shop.arms = {"a": (1900.0, 190.0), "b": (1100.0, 110.0)}
    world.restarted()
    assert world.epochs(30.0) == [1000, 0]
    world.shop.arms = {"a": (2000.0, 200.0), "b": (1200.0, 120.0)}
    assert world.epochs(45.0) == [1000, 100]


def test_a_store_from_before_that_does_not_know_what_was_seen_opens_none(world: World) -> None:
    world.epochs(15.0)
    world.pause_and_start()
    document = world.other.documents("experiment")["x"]
    del document["seen"]
    world.other.save_documents("experiment", {"x": document})
    world.restarted()
    assert world.epochs(30.0) == [1000]
    world.pause_and_start()
    assert world.epochs(45.0) == [1000, 0]


def test_a_spared_variant_is_killed_by_new_evidence_only(world: World) -> None:
    world.shop.arms = WORSE
    assert world.killed(15.0) == 1
    world.spare(20.0)
    assert [world.killed(at) for at in (30.0, 45.0)] == [0, 0]
    world.restarted()
    assert world.killed(60.0) == 0
    world.shop.arms = {"a": (2100.0, 210.0), "b": (2100.0, 105.0)}  # a little more of the same
    assert world.killed(75.0) == 0
    world.shop.arms = {"a": (4000.0, 400.0), "b": (4000.0, 200.0)}
    assert world.killed(90.0) == 1
    assert [entry.action for entry in world.other.audit()] == ["kill", "unkill", "kill"]


def test_a_spared_variant_needs_new_evidence_in_later_epochs_too(world: World) -> None:
    world.shop.arms = {"a": (20_000.0, 2000.0), "b": (20_000.0, 1000.0)}
    assert world.killed(15.0) == 1
    world.spare(20.0)
    assert world.killed(30.0) == 0
    world.override(None, {"a": 0.4, "b": 0.6})
    assert world.killed(45.0) == 0  # the epoch's opening
    world.shop.arms = {"a": (22_000.0, 2200.0), "b": (23_000.0, 1150.0)}
    assert world.killed(60.0) == 1


def test_a_store_that_cannot_be_asked_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.shop.arms = WORSE
    assert world.killed(15.0) == 1
    world.spare(20.0)

    def fail(_state: State) -> int:
        raise StateError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(State, "last_change", fail)
        assert world.killed(30.0) == 1
    assert world.killed(45.0) == 0


def test_what_became_a_draft_is_no_hypothesis_and_has_no_next_step(world: World) -> None:
    world.collector.collect(15.0)
    assert list(world.collector.next_steps()) == list(world.collector._last) == ["x"]
    world.override("draft", None)
    world.collector.collect(30.0)
    assert list(world.collector.next_steps()) == list(world.collector._last) == []
