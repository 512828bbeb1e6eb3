"""Whoever no longer waits knows whether it may have happened."""

from __future__ import annotations

import threading
from collections.abc import Callable

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


class GivenUp:
    """An act that is waited for until it hangs, and no longer."""

    def __init__(self, run: Callable[[Application, float, PointOfNoReturn], Outcome], hangs: threading.Event) -> None:
        self.run, self._hangs = run, hangs

    @property
    def seconds(self) -> float:
        assert self._hangs.wait(60)
        return 0.0


@pytest.mark.parametrize(("passes", "result"), [(True, "unknown"), (False, "refused")])
def test_an_attempt_that_hangs(passes: bool, result: str) -> None:  # noqa: FBT001 - pytest passes it by name
    go_on, late = threading.Event(), list[bool]()
    hangs, ended = threading.Event(), threading.Event()

    def run(_application: Application, _at: float, point: PointOfNoReturn) -> Outcome:
        if passes:
            point.pass_by()
        hangs.set()
        go_on.wait(60)
        late.append(point.pass_by())
        ended.set()
        return Outcome("done", "")

    assert in_time(GivenUp(run, hangs), KILL, 1.0).result == result  # type: ignore[arg-type]  # as good as one
    go_on.set()
    assert ended.wait(60)
    assert late == [passes]  # what was said to be refused does not happen afterwards


@pytest.mark.parametrize(("passes", "result"), [(True, "unknown"), (False, "refused")])
def test_a_mistake_of_ours(passes: bool, result: str) -> None:  # noqa: FBT001 - pytest passes it by name
    def run(_application: Application, _at: float, point: PointOfNoReturn) -> Outcome:
        if passes:
            point.pass_by()
        raise KeyError("hunter2")

    assert in_time(Act(run, 30), KILL, 1.0) == Outcome(result, "unexpected KeyError")  # type: ignore[arg-type] - one of them
