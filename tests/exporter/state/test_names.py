"""What is stored goes when nobody has used its name for long enough, and not before; and most of it never."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from exporter.state import AuditEntry, Latch, Override, State, StoredLedger, StoredSlot, Use

KEEP = 100.0


def ledgers(*names: str, slots: int = 3) -> list[StoredLedger]:
    made = tuple(StoredSlot(15.0, 15.0 * i, 1.0, 0.0, 15.0) for i in range(1, slots + 1))
    return [StoredLedger(name, group, "d", {"end": 45.0}, made) for name in names for group in ("", "zone=eu")]


def uses(*names: str, keep: float = KEEP) -> list[Use]:
    return [Use("slo", name, keep) for name in names]


@pytest.fixture(params=["sqlite://", "file"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> State:
    return State(f"sqlite:///{tmp_path}/state.db" if request.param == "file" else request.param)


def test_a_name_that_nobody_uses_goes_after_its_time_with_its_groups_and_slots(state: State) -> None:
    state.save_ledgers(ledgers("web", "api"), {})
    state.use(uses("web", "api"), 1000.0)
    state.use(uses("api"), 1050.0)
    assert state.unused(1100.0) == []
    assert state.unused(1101.0) == [("slo", "web")]
    assert state.forget("slo", "web", 1101.0)
    assert {(each.slo, each.slo_group, len(each.slots)) for each in state.ledgers()} == {
        ("api", "", 3),
        ("api", "zone=eu", 3),
    }
    assert state.unused(1101.0) == []
    assert not state.forget("slo", "web", 1101.0)


def test_who_comes_back_meanwhile_is_not_forgotten(state: State) -> None:
    state.save_ledgers(ledgers("web"), {})
    state.use(uses("web"), 1000.0)
    assert state.unused(1101.0) == [("slo", "web")]
    state.use(uses("web"), 1101.0)
    assert not state.forget("slo", "web", 1101.0)
    assert len(state.ledgers(["web"])) == 2


def test_each_name_has_a_time_of_its_own_the_last_that_was_said(state: State) -> None:
    state.use(uses("web", keep=10.0) + uses("api", keep=20.0), 1000.0)
    assert state.unused(1015.0) == [("slo", "web")]
    state.use(uses("web", keep=30.0), 1000.0)
    assert state.unused(1025.0) == [("slo", "api")]


def test_documents_go_by_kind_and_name(state: State) -> None:
    for kind in ("experiment", "guardrail", "engagement"):
        state.save_documents(kind, {"a": 1, "b": 2})
    state.use([Use("experiment", "a", KEEP), Use("guardrail", "b", KEEP)], 0.0)
    assert state.unused(101.0) == [("experiment", "a"), ("guardrail", "b")]
    assert [state.forget(kind, name, 101.0) for kind, name in state.unused(101.0)] == [True, True]
    assert [state.documents(kind) for kind in ("experiment", "guardrail", "engagement")] == [
        {"b": 2},
        {"a": 1},
        {"a": 1, "b": 2},
    ]


def test_what_people_and_kills_said_stays(state: State) -> None:
    kill = Latch("kill", "button", "new", 1.0, "worse", {})
    override = Override("paused", None, "running", {"a": 1.0}, 2.0, "ann", "lunch")
    state.save_documents("experiment", {"button": 1}, [kill, Latch("kill", "button", "old", 1.0, "worse", {})])
    state.lift_latch("kill", "button", "old", 2.0, "ann", "a bug")
    state.set_lifecycle("button", override, AuditEntry(2.0, "experiment", "button", "", "pause", "ann", "lunch"))
    state.use([Use("experiment", "button", KEEP)], 0.0)
    assert state.forget("experiment", "button", 101.0)
    assert state.documents("experiment") == {}
    assert state.latches("kill") == [kill]
    assert state.lifecycle() == {"button": override}
    assert [each.member for each in state.lifted("kill")] == ["old"]
    assert len(state.audit()) == 4


def test_what_was_stored_before_anybody_spoke_of_it_begins_its_time_then(state: State) -> None:
    state.save_ledgers(ledgers("old", "new"), {})
    state.save_documents("experiment", {"button": 1})
    state.save_documents("engagement", {"views": 1})
    state.use(uses("new"), 1000.0)
    for at in (1000.0, 1050.0):  # the second time does not begin it anew
        state.adopt(at, KEEP)
    assert state.unused(1101.0) == [("experiment", "button"), ("slo", "new"), ("slo", "old")]


def test_the_file_grows_no_more_once_as_much_goes_as_comes(tmp_path: Path) -> None:
    state = State(f"sqlite:///{tmp_path}/state.db")
    pages = []
    for turn in range(12):
        at = 1000.0 * turn
        state.save_ledgers(ledgers(f"slo-{turn}", slots=300), {})
        state.use(uses(f"slo-{turn}"), at)
        for kind, name in state.unused(at):
            state.forget(kind, name, at)
        with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
            pages.append(connection.execute("PRAGMA page_count").fetchone()[0])
    state.close()
    assert pages[-1] <= pages[3] + 3


def test_only_the_wanted_are_read(state: State) -> None:
    state.save_ledgers(ledgers(*(f"slo-{i}" for i in range(1100)), slots=0), {})
    state.save_documents("experiment", {f"e{i}": i for i in range(1100)})
    wanted = {f"slo-{i}" for i in range(0, 1100, 2)} | {"none"}
    assert {each.slo for each in state.ledgers(wanted)} == wanted - {"none"}
    assert state.ledgers([]) == []
    assert state.documents("experiment", {"e7", "none"}) == {"e7": 7}
    assert len(state.documents("experiment", [f"e{i}" for i in range(1000)])) == 1000
    assert len(state.documents("experiment")) == 1100
