"""A process that changes the store without a pause and says what was acknowledged, and what must hold afterwards."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from exporter.state import Application, AuditEntry, Latch, Override, State

ROOT = Path(__file__).resolve().parents[3]
PLAN = {"blue": 0.5, "green": 0.5}


def hammer(url: str, who: str, rounds: int) -> None:
    """Four kinds of changes in turn; a line on stdout for each that came back."""
    state = State(url)
    for i in range(rounds):
        name, why = f"e{i % 3}", f"{who}-{i}"
        override = Override("paused", None, "running", PLAN, float(i), who, why)
        state.set_lifecycle(name, override, AuditEntry(float(i), "experiment", name, "", "pause", who, why))
        print("life", why, flush=True)
        state.save_documents("experiment", {name: why}, [Latch("kill", name, why, float(i), "worse", {"i": i})])
        print("kill", why, flush=True)
        if i % 2:
            state.lift_latch("kill", name, why, i + 0.5, who, why)
            print("unkill", why, flush=True)
        application = Application(name, why, "kill", "1", {"i": i})
        if state.begin_application(application, float(i), who, attempts=3) is not None:
            raise AssertionError(why)
        print("intended", why, flush=True)
        state.end_application(application, float(i), who, "done", "1 row")
        print("done", why, flush=True)


def started(url: str, who: str, rounds: int = 1_000_000) -> subprocess.Popen[str]:
    """The hammer in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, url, who, str(rounds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


PROGRAM = "import sys; from tests.exporter.state.hammer import hammer; hammer(*sys.argv[1:3], int(sys.argv[3]))"


def verify(state: State, said: Sequence[str]) -> None:
    """Nothing acknowledged is missing, nothing that was not begun is there, and every row agrees with the trail."""
    assert all(line.endswith("\n") for line in said), f"it ended by itself, or in the middle of a line: {said[-20:]}"
    acknowledged = [tuple(line.split()) for line in said]
    trail = state.audit(limit=1_000_000)
    assert [entry.id for entry in trail] == sorted({entry.id for entry in trail})
    stored = [(_word(entry), entry.member or entry.why) for entry in trail]
    intended = {("intended", each.member) for each in state.applications()}
    assert max(Counter(stored).values()) == 1
    found = {*stored, *intended}
    missing = set(acknowledged) - found
    assert not missing, f"{missing} of {len(acknowledged)} acknowledged, the last {acknowledged[-5:]}, {trail[-3:]}"
    # At most one change of each process may have been made without having been said.
    assert len(found - set(acknowledged)) <= len({why.split("-")[0] for _, why in found})
    killed = {why for word, why in stored if word == "kill"}
    spared = {why for word, why in stored if word == "unkill"}
    assert {latch.member for latch in state.latches("kill")} == killed - spared
    assert {lifted.member for lifted in state.lifted("kill")} == spared
    assert {e.member for e in state.applications() if e.result == "done"} == {w for word, w in stored if word == "done"}
    newest = {entry.entity: entry.why for entry in trail if entry.action == "pause"}
    assert {name: override.why for name, override in state.lifecycle().items()} == newest
    written = {entry.entity: entry.member for entry in trail if (entry.kind, entry.action) == ("experiment", "kill")}
    assert state.documents("experiment") == written


def _word(entry: AuditEntry) -> str:
    return "done" if entry.kind == "apply" else {"pause": "life"}.get(entry.action, entry.action)
