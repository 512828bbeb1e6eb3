"""An experiment's past: epochs and their openings, running maxima, what a restart and a changed spec keep."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from exporter.collectors.experiment_counts import Counts, key
from exporter.collectors.experiment_epochs import MOST_EPOCHS, RestatedError
from exporter.collectors.experiment_track import ExperimentTrack
from exporter.spec import Experiment


def experiment(**changes: Any) -> Experiment:
    metric = {"name": "m", "kind": "proportion", "source": "shop", "query": changes.pop("query", "SELECT 1")}
    model = {
        "name": "x",
        "control": "a",
        "variants": {"a": 0.5, "b": 0.5},
        "metrics": [{**metric, **changes.pop("metric", {})}, *changes.pop("more", [])],
    }
    return Experiment.model_validate({**model, **changes})


def reborn(track: ExperimentTrack, **changes: Any) -> ExperimentTrack:
    document = json.loads(json.dumps(track.document(), allow_nan=False))
    return ExperimentTrack(experiment(**changes), document, track.killed.values())


def take(track: ExperimentTrack, counts: Counts, at: float = 0.0, name: str = "m") -> Counts:
    track.take(name, counts, at)
    return track.metrics[name].present()


@pytest.fixture
def track() -> ExperimentTrack:
    """A track with counts, evidence and a split's p-value behind it."""
    track = ExperimentTrack(experiment(), None, [])
    take(track, {"a": (100, 10), "b": (90, 12)})
    track.largest_log_e("m", "b", 3.0)
    track.smallest_srm_p(0.01)
    return track


def test_the_first_epoch_has_all_counts(track: ExperimentTrack) -> None:
    assert track.epoch == 1
    assert take(track, {"a": (100, 10), "b": (90, 12)}) == {"a": (100, 10), "b": (90, 12)}


def test_a_restart_keeps_everything_and_changes_nothing(track: ExperimentTrack) -> None:
    track.look(0.0)
    again = reborn(track)
    assert not again.changed
    assert again.document() == track.document()
    assert again.largest_log_e("m", "b", 1.0) == 3.0
    assert again.smallest_srm_p(0.5) == 0.01
    assert not again.changed


def test_only_what_is_new_is_saved_at_once_and_the_rest_every_few_minutes(track: ExperimentTrack) -> None:
    track.saved(1000.0)
    track.largest_log_e("m", "b", 2.9)
    track.smallest_srm_p(0.02)
    take(track, {"a": (101, 11)})
    assert not track.due(1200.0)
    assert track.due(1300.0)
    track.largest_log_e("m", "b", 3.1)
    assert track.due(1200.0)


def test_another_plan_closes_the_epoch_and_opens_one_at_its_first_reading(track: ExperimentTrack) -> None:
    later = reborn(track, variants={"a": 0.4, "b": 0.4, "c": 0.2})
    assert later.changed
    assert later.metrics["m"].epochs() == [{"a": (100, 10), "b": (90, 12)}]
    # One hypothesis over all epochs has one running maximum; the split's is of the plan.
    assert later.largest_log_e("m", "b", 0.5) == 3.0
    assert later.smallest_srm_p(0.5) == 0.5
    assert take(later, {"a": (110.0, 11.0), "b": (95.0, 13.0)}) == {"a": (0, 0), "b": (0, 0)}
    now = {"a": (150.0, 14.0), "b": (135.0, 19.0), "c": (20.0, 3.0)}
    assert take(later, now) == {"a": (40, 3), "b": (40, 6), "c": (20, 3)}
    assert (later.epoch, later.units_of_plan()) == (2, {"a": 40, "b": 40, "c": 20})
    same = reborn(later, variants={"c": 0.2, "b": 0.4, "a": 0.4})
    assert (same.epoch, same.changed) == (2, False)
    assert take(same, now) == {"a": (40, 3), "b": (40, 6), "c": (20, 3)}


def test_an_epoch_that_was_never_read_opens_after_a_restart_too(track: ExperimentTrack) -> None:
    later = reborn(reborn(track, variants={"a": 0.9, "b": 0.1}), variants={"a": 0.9, "b": 0.1})
    assert take(later, {"a": (110.0, 11.0)}) == {"a": (0, 0)}
    assert later.epoch == 2


def test_a_pause_ends_the_epoch_and_what_comes_meanwhile_belongs_to_none(track: ExperimentTrack) -> None:
    track.put_in_force(experiment(status="paused"), 30.0)
    assert (track.is_read, track.metrics["m"].epochs()) == (False, [{"a": (100, 10), "b": (90, 12)}])
    track.put_in_force(experiment(), 60.0)
    assert take(track, {"a": (500.0, 90.0), "b": (300.0, 20.0)}) == {"a": (0, 0), "b": (0, 0)}
    assert take(track, {"a": (510.0, 91.0), "b": (300.0, 20.0)})["a"] == (10, 1)
    assert track.epoch == 2


def test_what_ended_keeps_its_numbers_for_a_while_and_then_leaves(track: ExperimentTrack) -> None:
    track.put_in_force(experiment(status="completed"), 100.0)
    assert (track.ended_at, track.is_read, track.epoch) == (100.0, False, 1)
    again = reborn(track, status="completed")
    assert (again.has_left(100.0 + 30 * 86400), again.has_left(101.0 + 30 * 86400)) == (False, True)
    again.put_in_force(experiment(), 200.0)
    assert (again.ended_at, again.is_read) == (None, True)


def test_what_had_ended_before_it_was_ever_seen_is_read_once() -> None:
    track = ExperimentTrack(experiment(status="completed"), None, [])
    assert track.is_read
    take(track, {"a": (100, 10), "b": (90, 12)})
    assert not track.is_read
    assert track.metrics["m"].epochs() == [{"a": (100, 10), "b": (90, 12)}]
    assert not ExperimentTrack(experiment(status="draft"), None, []).is_read


def test_late_successes_do_not_exceed_the_units_of_the_epoch(track: ExperimentTrack) -> None:
    later = reborn(track, variants={"a": 0.9, "b": 0.1})
    take(later, {"a": (100, 10)})
    assert take(later, {"a": (101, 15)}) == {"a": (1, 1)}


def test_restated_counts_are_taken_as_they_are_unless_below_the_opening(track: ExperimentTrack) -> None:
    assert take(track, {"a": (50, 5)}) == {"a": (50, 5)}
    later = reborn(track, variants={"a": 0.9, "b": 0.1})
    take(later, {"a": (100, 10), "b": (90, 12)})
    for restated in ({"a": (99.0, 10.0), "b": (90.0, 12.0)}, {"a": (100.0, 10.0)}):
        with pytest.raises(RestatedError, match=r"metric m: n of variant [ab] is \d+, less than the \d+ when"):
            take(later, restated)


def test_a_metric_that_joins_later_begins_with_its_first_reading(track: ExperimentTrack) -> None:
    late = {"name": "late", "kind": "proportion", "source": "shop", "query": "SELECT 2", "role": "secondary"}
    assert take(reborn(track, more=[late]), {"a": (9, 1)}, name="late") == {"a": (0, 0)}
    fresh = ExperimentTrack(experiment(more=[late]), None, [])
    assert take(fresh, {"a": (9, 1)}, name="late") == {"a": (9, 1)}


def test_another_query_is_another_metric(track: ExperimentTrack) -> None:
    other = reborn(track, query="SELECT 2")
    assert other.changed
    assert other.largest_log_e("m", "b", 0.5) == 0.5
    assert other.smallest_srm_p(0.5) == 0.5


@pytest.mark.parametrize("change", [{"control": "b"}, {"alpha": 0.01}, {"metric": {"direction": "decrease"}}])
def test_evidence_of_another_question_is_forgotten(track: ExperimentTrack, change: dict[str, Any]) -> None:
    other = reborn(track, **change)
    assert (other.epoch, other.changed) == (1, True)
    assert other.largest_log_e("m", "b", 0.5) == 0.5
    assert other.smallest_srm_p(0.5) == 0.01


def test_no_largest_evidence_is_below_one_or_above_the_cap(track: ExperimentTrack) -> None:
    assert track.largest_log_e("m", "c", -4.0) == 0
    assert track.largest_log_e("m", "c", 5000.0) == pytest.approx(300 * math.log(10))
    json.dumps(track.document(), allow_nan=False)


def grow(track: ExperimentTrack, shares: tuple[float, float], rate: float, steps: int, seed: int) -> None:
    """Units that come in these shares, and convert at this rate, from where the track is."""
    rng = np.random.default_rng(seed)
    now = {arm: np.array((track.metrics["m"].last or {}).get(arm, (0.0, 0.0))) for arm in "ab"}
    for _ in range(steps):
        for arm, n in zip("ab", rng.multinomial(100, shares), strict=True):
            now[arm] = now[arm] + (n, rng.binomial(n, rate))
        take(track, {arm: tuple(map(float, sums)) for arm, sums in now.items()})
        track.look(0.0)


def test_a_split_that_was_changed_elsewhere_opens_an_epoch_where_it_changed() -> None:
    track = ExperimentTrack(experiment(), None, [])
    grow(track, (0.9, 0.1), 0.08, 40, 1)
    assert track.epoch == 1
    grow(track, (0.5, 0.5), 0.12, 40, 2)
    assert track.epoch == 2
    before, after = (epoch["b"][0] / (epoch["a"][0] + epoch["b"][0]) for epoch in track.metrics["m"].epochs())
    assert before == pytest.approx(0.1, abs=0.03)
    assert after == pytest.approx(0.5, abs=0.03)
    # Nothing is lost, and the mismatch with the plan is that of all units.
    assert sum(sum(epoch[arm][0] for arm in "ab") for epoch in track.metrics["m"].epochs()) == 8000
    assert track.units_of_plan() == {arm: (track.metrics["m"].last or {})[arm][0] for arm in "ab"}
    again = reborn(track)
    assert again.metrics["m"].epochs() == track.metrics["m"].epochs()
    grow(track, (0.5, 0.5), 0.12, 100, 3)
    assert track.epoch == 2


def test_a_torn_reading_is_no_change_of_the_split() -> None:
    track = ExperimentTrack(experiment(), None, [])
    grow(track, (0.5, 0.5), 0.1, 20, 5)
    now = dict(track.metrics["m"].last or {})
    # a is up to date by a thousand units, b is not; at the next reading it is.
    for a, b in ((1000, 0), (1000, 1000)):
        take(track, {"a": (now["a"][0] + a, now["a"][1] + a / 10), "b": (now["b"][0] + b, now["b"][1] + b / 10)})
        track.look(0.0)
    grow(track, (0.5, 0.5), 0.1, 60, 6)
    assert track.epoch == 1


def test_marks_that_counts_fall_behind_are_forgotten() -> None:
    track = ExperimentTrack(experiment(), None, [])
    grow(track, (0.5, 0.5), 0.1, 10, 7)
    now = dict(track.metrics["m"].last or {})
    take(track, {"a": (now["a"][0] - 150, now["a"][1]), "b": now["b"]})
    track.look(0.0)
    assert all(mark.units["a"] <= now["a"][0] - 150 for mark in track._blocks.marks)


def test_segments_may_come_and_go_without_being_a_restatement(track: ExperimentTrack) -> None:
    later = reborn(track, variants={"a": 0.9, "b": 0.1})
    take(later, {"a": (100, 10), "b": (90, 12), key("a", "country=de"): (50, 5)})
    assert take(later, {"a": (110, 11), "b": (90, 12)}) == {"a": (10, 1), "b": (0, 0)}


def test_the_most_alike_neighbours_become_one_where_there_are_too_many_epochs() -> None:
    track = ExperimentTrack(experiment(), None, [])
    n = 0.0
    for i in range(MOST_EPOCHS + 5):
        track.put_in_force(experiment(variants={"a": 0.5 + i / 1e4, "b": 0.5 - i / 1e4}), 0.0)
        take(track, {"a": (n, 0.0), "b": (n, 0.0)})
        n += 100.0
        take(track, {"a": (n, 0.0), "b": (n, 0.0)})
    epochs = track.metrics["m"].epochs()
    assert len(epochs) == MOST_EPOCHS + 1
    assert sum(epoch["a"][0] for epoch in epochs) == n
