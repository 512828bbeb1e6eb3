"""An experiment's past: epochs and their baselines, running maxima, what a restart and a changed spec keep."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from exporter.collectors.experiment_track import ExperimentTrack, RestatedError
from exporter.spec import Experiment


def experiment(**changes: Any) -> Experiment:
    metric = {"name": "m", "kind": "proportion", "source": "shop", "query": changes.pop("query", "SELECT 1")}
    model = {
        "name": "x",
        "control": "a",
        "variants": {"a": 0.5, "b": 0.5},
        "metrics": [metric, *changes.pop("more", [])],
    }
    return Experiment.model_validate({**model, **changes})


def reborn(track: ExperimentTrack, **changes: Any) -> ExperimentTrack:
    return ExperimentTrack(experiment(**changes), json.loads(json.dumps(track.document())), track.killed.values())


@pytest.fixture
def track() -> ExperimentTrack:
    """A track with counts, evidence and a split's p-value behind it."""
    track = ExperimentTrack(experiment(), None, [])
    track.since_opening("m", {"a": (100, 10), "b": (90, 12)})
    track.largest_log_e("m", "b", 3.0)
    track.smallest_srm_p(0.01)
    return track


def test_the_first_epoch_has_all_counts(track: ExperimentTrack) -> None:
    assert track.epoch == 1
    assert track.since_opening("m", {"a": (100, 10), "b": (90, 12)}) == {"a": (100, 10), "b": (90, 12)}


def test_a_restart_keeps_everything_and_changes_nothing(track: ExperimentTrack) -> None:
    again = reborn(track)
    assert not again.changed
    assert again.document() == track.document()
    assert again.largest_log_e("m", "b", 1.0) == 3.0
    assert again.smallest_srm_p(0.5) == 0.01
    assert not again.changed


def test_only_what_is_new_is_saved(track: ExperimentTrack) -> None:
    track.changed = False
    track.largest_log_e("m", "b", 2.9)
    track.smallest_srm_p(0.02)
    track.since_opening("m", {"a": (101, 11)})
    assert not track.changed
    track.largest_log_e("m", "b", 3.1)
    assert track.changed


def test_another_plan_opens_an_epoch_at_its_first_reading(track: ExperimentTrack) -> None:
    later = reborn(track, variants={"a": 0.4, "b": 0.4, "c": 0.2})
    assert (later.epoch, later.changed) == (2, True)
    assert later.largest_log_e("m", "b", 0.5) == 0.5
    assert later.smallest_srm_p(0.5) == 0.5
    opening = {"a": (110.0, 11.0), "b": (95.0, 13.0)}
    assert later.since_opening("m", opening) == {"a": (0, 0), "b": (0, 0)}
    now = {"a": (150.0, 14.0), "b": (135.0, 19.0), "c": (20.0, 3.0)}
    assert later.since_opening("m", now) == {"a": (40, 3), "b": (40, 6), "c": (20, 3)}
    same = reborn(later, variants={"c": 0.2, "b": 0.4, "a": 0.4})
    assert (same.epoch, same.changed) == (2, False)
    assert same.since_opening("m", now) == {"a": (40, 3), "b": (40, 6), "c": (20, 3)}


def test_an_epoch_that_was_never_read_opens_after_a_restart_too(track: ExperimentTrack) -> None:
    later = reborn(reborn(track, variants={"a": 0.9, "b": 0.1}), variants={"a": 0.9, "b": 0.1})
    assert later.epoch == 2
    assert later.since_opening("m", {"a": (110.0, 11.0)}) == {"a": (0, 0)}


def test_late_successes_do_not_exceed_the_units_of_the_epoch(track: ExperimentTrack) -> None:
    later = reborn(track, variants={"a": 0.9, "b": 0.1})
    later.since_opening("m", {"a": (100, 10)})
    assert later.since_opening("m", {"a": (101, 15)}) == {"a": (1, 1)}


def test_restated_counts_are_taken_as_they_are_unless_below_the_baseline(track: ExperimentTrack) -> None:
    assert track.since_opening("m", {"a": (50, 5)}) == {"a": (50, 5)}
    later = reborn(track, variants={"a": 0.9, "b": 0.1})
    later.since_opening("m", {"a": (100, 10), "b": (90, 12)})
    for restated in ({"a": (99.0, 10.0), "b": (90.0, 12.0)}, {"a": (100.0, 10.0)}):
        with pytest.raises(RestatedError, match=r"metric m: variant [ab] has .* fewer than"):
            later.since_opening("m", restated)


def test_a_metric_that_joins_later_begins_with_its_first_reading(track: ExperimentTrack) -> None:
    late = {"name": "late", "kind": "proportion", "source": "shop", "query": "SELECT 2", "role": "secondary"}
    assert reborn(track, more=[late]).since_opening("late", {"a": (9, 1)}) == {"a": (9, 1)}
    second = reborn(reborn(track, variants={"a": 0.9, "b": 0.1}), variants={"a": 0.9, "b": 0.1}, more=[late])
    assert second.since_opening("late", {"a": (9, 1)}) == {"a": (0, 0)}


def test_another_query_is_another_metric(track: ExperimentTrack) -> None:
    other = reborn(track, query="SELECT 2")
    assert other.changed
    assert other.largest_log_e("m", "b", 0.5) == 0.5
    assert other.smallest_srm_p(0.5) == 0.5


@pytest.mark.parametrize("change", [{"control": "b"}, {"alpha": 0.01}])
def test_evidence_of_another_question_is_forgotten(track: ExperimentTrack, change: dict[str, Any]) -> None:
    other = reborn(track, **change)
    assert (other.epoch, other.changed) == (1, True)
    assert other.largest_log_e("m", "b", 0.5) == 0.5
    assert other.smallest_srm_p(0.5) == 0.01


def test_no_largest_evidence_is_below_one_or_above_the_cap(track: ExperimentTrack) -> None:
    assert track.largest_log_e("m", "c", -4.0) == 0
    assert track.largest_log_e("m", "c", 5000.0) == pytest.approx(300 * math.log(10))
    json.dumps(track.document(), allow_nan=False)
