"""Whoever no longer waits knows whether it may have happened."""

from __future__ import annotations

import threading

import pytest

from exporter.apply_outcome import Act, Outcome, PointOfNoReturn, in_time
from exporter.state import Application

KILL = Application("button", "new", "kill", "1")


def test_of_the_two_sides_of_the_point_only_one_is_taken() -> None:
    passed, forbidden = PointOfNoReturn(), PointOfNoReturn()
    assert passed.pass_by()
    assert not passed.forbid()
    assert forbidden.forbid()
    assert not forbidden.pass_by()


@pytest.mark.parametrize(("passes", "result"), [(True, "unknown"), (False, "refused")])
def test_an_attempt_that_hangs(passes: bool, result: str) -> None:  # noqa: FBT001 - pytest passes it by name
    go_on, late = threading.Event(), list[bool]()
    ended = threading.Event()

    def run(_application: Application, _at: float, point: PointOfNoReturn) -> Outcome:
        if passes:
            point.pass_by()
        go_on.wait(30)
        late.append(point.pass_by())
        ended.set()
        return Outcome("done", "")

    assert in_time(Act(run, 0.05), KILL, 1.0).result == result
    go_on.set()
    assert ended.wait(30)
    assert late == [passes]  # what was said to be refused does not happen afterwards


@pytest.mark.parametrize(("passes", "result"), [(True, "unknown"), (False, "refused")])
def test_a_mistake_of_ours(passes: bool, result: str) -> None:  # noqa: FBT001 - pytest passes it by name
    def run(_application: Application, _at: float, point: PointOfNoReturn) -> Outcome:
        if passes:
            point.pass_by()
        raise KeyError("hunter2")

    assert in_time(Act(run, 30), KILL, 1.0) == Outcome(result, "unexpected KeyError")  # type: ignore[arg-type] - one of them
