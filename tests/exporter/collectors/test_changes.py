"""A running collector sees what another process changed, and asks little where nothing did."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.collectors.changes import Changes, Standing
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


def seen(changes: Changes) -> Standing:
    """What is there to be seen, of which there is no more afterwards."""
    assert changes.changed()
    found = changes.look()
    assert not changes.changed()
    return found


def test_each_change_of_another_process_is_seen_once(url: str) -> None:
    changes, other = Changes(State(url), [experiment(), experiment("other")]), State(url)
    first = seen(changes)
    assert [e.status for e in first.experiments] == ["running", "running"]
    assert (first.kills, first.lifted) == ({"button": (), "other": ()}, {})
    pause(other)
    assert [e.status for e in seen(changes).experiments] == ["paused", "running"]
    other.save_documents("experiment", {}, [KILL])
    assert seen(changes).kills == {"button": (KILL,), "other": ()}
    other.lift_latch("kill", "button", "green", 2.0, "ann", "why")
    last = seen(changes)
    assert (last.kills["button"], last.lifted["button", "green"].at) == ((), 2.0)
    other.save_documents("experiment", {"button": {"epoch": 2}})
    assert not changes.changed()


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
    assert seen(changes).experiments[0].status == "paused"
