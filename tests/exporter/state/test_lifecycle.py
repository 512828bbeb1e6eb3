"""Overrides of the life cycle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from exporter.state import AuditEntry, Override, State

PAUSED = Override("paused", None, "running", {"blue": 0.5, "green": 0.5}, 10.0, "ann", "holiday")


def entry(action: str = "pause") -> AuditEntry:
    return AuditEntry(10.0, "experiment", "button", "", action, "ann", "holiday", {"status": ["running", "paused"]})


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(f"sqlite:///{tmp_path / 'state.db'}")


def test_an_override_is_there_again_and_replaced_and_removed(state: State) -> None:
    split = replace(PAUSED, status=None, variants={"blue": 0.8, "green": 0.2}, at=11.0)
    for override in (PAUSED, split):
        state.set_lifecycle("button", override, entry())
        assert state.lifecycle() == {"button": override}
    state.set_lifecycle("button", None, entry("superseded"))
    assert state.lifecycle() == {}
    assert [(x.action, x.facts) for x in state.audit()] == [
        (action, {"status": ["running", "paused"]}) for action in ("pause", "pause", "superseded")
    ]


def test_a_change_sees_what_is_there_and_one_that_is_refused_leaves_it(state: State) -> None:
    class RefusedError(Exception):
        pass

    def refuse(found: Override | None) -> tuple[Override | None, AuditEntry]:
        assert found == PAUSED
        raise RefusedError

    assert state.change_lifecycle("button", lambda found: (found or PAUSED, entry())) == PAUSED
    with pytest.raises(RefusedError):
        state.change_lifecycle("button", refuse)
    assert (state.lifecycle(), state.last_change()) == ({"button": PAUSED}, 1)
