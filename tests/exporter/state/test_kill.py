"""kill -9 at random moments, and two writers at once, on a real file."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from exporter.state import State
from tests.exporter.state.hammer import started, verify


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state.db'}"


def test_a_killed_process_loses_nothing_that_it_was_told_is_kept(url: str) -> None:
    moments, said = random.Random(7), []
    for life in range(4):
        with started(url, f"p{life}") as process:
            assert process.stdout is not None
            said += [process.stdout.readline() for _ in range(moments.randint(1, 15))]
            time.sleep(moments.uniform(0, 0.02))
            process.kill()
            said += process.stdout.readlines()
        state = State(url)
        verify(state, said)
        state.close()


def test_of_two_writers_each_waits_for_the_other(url: str) -> None:
    processes = [started(url, who, 25) for who in ("ann", "bob")]
    said = []
    for process in processes:
        lines, _ = process.communicate(timeout=600)
        assert process.returncode == 0
        said += lines.splitlines(keepends=True)
    verify(State(url), said)
    assert len(said) == 2 * 25 * 4 + 2 * 12
