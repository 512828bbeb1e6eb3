"""A running collector sees what another process changed, and asks little where nothing did."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.collectors.changes import Changes
from exporter.spec import Experiment, Metric
from exporter.state import AuditEntry, Latch, Override, State, StateError

EVEN = {"blue": 0.5, "green": 0.5}
KILL = Latch("kill", "button", "green", 1.0, "worse", {})


def experiment(name: str = "button") -> Experiment:
    metric = Metric(name="m", kind="proportion", source="shop", query="SELECT 1", role="primary")
    return Experiment(name=name, control="blue", variants=EVEN, metrics=(metric,))


def pause(state: State) -> None:
    override = Override("paused", None, "running", EVEN, 1.0, "ann", "why")
    state.set_lifecycle("button", override, AuditEntry(1.0, "experiment", "button", "", "pause", "ann", "why"))


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state.db'}"


def test_each_change_of_another_process_is_seen_once(url: str) -> None:
    changes, other = Changes(State(url), [experiment(), experiment("other")]), State(url)
    first = changes.look()
    assert first is not None
    assert [e.status for e in first.experiments] == ["running", "running"]
    assert (first.kills, first.lifted) == ({"button": (), "other": ()}, {})
    assert changes.look() is None
    pause(other)
    seen = changes.look()
    assert seen is not None
    assert [e.status for e in seen.experiments] == ["paused", "running"]
    other.save_documents("experiment", {}, [KILL])
    seen = changes.look()
    assert seen is not None
    assert seen.kills == {"button": (KILL,), "other": ()}
    other.lift_latch("kill", "button", "green", 2.0, "ann", "why")
    seen = changes.look()
    assert seen is not None
    assert (seen.kills["button"], seen.lifted["button", "green"].at) == ((), 2.0)
    other.save_documents("experiment", {"button": {"epoch": 2}})
    assert changes.look() is None


def test_a_look_that_fails_does_not_count(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    state = State(url)
    changes = Changes(state, [experiment()])
    changes.look()
    pause(state)

    def fail(*_: object) -> None:
        raise StateError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(State, "lifecycle", fail)
        with pytest.raises(StateError):
            changes.look()
    seen = changes.look()
    assert seen is not None
    assert seen.experiments[0].status == "paused"
