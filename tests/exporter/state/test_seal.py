"""Texts that tell whether they are what was written, and a store of which some are not."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.state import AuditEntry, Latch, Override, State, StoredLedger, StoredSlot
from exporter.state.engine import dump
from exporter.state.seal import DamagedError, sealed, unsealed

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@settings(deadline=None)
@given(VALUES)
def test_it_is_what_was_given(body: Any) -> None:
    assert unsealed(sealed(body)) == body


@settings(deadline=None)
@given(VALUES)
def test_what_has_no_seal_is_read_as_before(body: Any) -> None:
    assert unsealed(dump(body)) == body


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=5), LEAVES), st.data())
def test_a_character_that_has_turned_is_seen(body: dict[str, Any], data: st.DataObject) -> None:
    text = sealed(body)
    at = data.draw(st.integers(0, text.rindex('"~crc"') - 1))
    other = data.draw(st.characters(min_codepoint=32, max_codepoint=126).filter(lambda one: one != text[at]))
    with pytest.raises(DamagedError):
        unsealed(text[:at] + other + text[at + 1 :])


@pytest.mark.parametrize("text", ["", "no JSON", "[" * 100_000, '{"a":1,"~crc":1}', '{"a":1'])
def test_what_is_nothing_is_damaged(text: str) -> None:
    with pytest.raises(DamagedError):
        unsealed(text)


@settings(deadline=None)
@given(
    VALUES.filter(lambda body: isinstance(body, dict)),
    st.tuples(st.text(), st.floats(-1e9, 1e9)),
)
def test_what_stands_beside_it_is_sealed_too(body: Any, beside: tuple[str, float]) -> None:
    text = sealed(body, *beside)
    assert unsealed(text, *beside) == body
    for other in ((beside[0] + "x", beside[1]), (beside[0], beside[1] + 1.0), ()):
        with pytest.raises(DamagedError):
            unsealed(text, *other)


@pytest.fixture
def spoilt(tmp_path: Path) -> Callable[[str], State]:
    path = tmp_path / "state.db"
    state = State(f"sqlite:///{path}")
    state.save_documents("experiment", {"one": {"form": 2, "rest": {}}, "two": {"form": 2}})
    slots = (StoredSlot(15.0, 30.0, 1.0, 0.0, 15.0),)
    state.save_ledgers([StoredLedger(name, "", "as it is", {"end": 30.0}, slots) for name in ("a", "b")], {})
    state.close()

    def change(statement: str) -> State:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(statement)
        return State(f"sqlite:///{path}")

    return change


def test_a_damaged_document_is_left_out_and_told(
    spoilt: Callable[[str], State], caplog: pytest.LogCaptureFixture
) -> None:
    state = spoilt("UPDATE winburn_documents SET body = replace(body, 'rest', 'rust') WHERE name = 'one'")
    with caplog.at_level(logging.ERROR):
        assert state.documents("experiment") == {"two": {"form": 2}}
    assert caplog.messages == [
        "what is stored of experiment one is damaged (its checksum is another) and not used: it begins anew"
    ]


def test_a_damaged_ledger_is_that_of_nothing_and_told(
    spoilt: Callable[[str], State], caplog: pytest.LogCaptureFixture
) -> None:
    state = spoilt("UPDATE winburn_ledgers SET head = replace(head, '30', '31') WHERE slo = 'a'")
    with caplog.at_level(logging.ERROR):
        found = {ledger.slo: ledger for ledger in state.ledgers()}
    assert found["a"] == StoredLedger("a", "", "", {}, ())
    assert found["b"].head == {"end": 30.0}
    (said,) = caplog.messages
    assert said.startswith("the ledger of SLO a is damaged")


@pytest.fixture
def killed(tmp_path: Path) -> Callable[[str], State]:
    path = tmp_path / "kills.db"
    state = State(f"sqlite:///{path}")
    for member in ("new", "old"):
        state.save_documents("experiment", {}, [Latch("kill", "button", member, 10.0, "worse", {"e_value": 120.0})])
    state.lift_latch("kill", "button", "old", 20.0, "ann", "why")
    state.note_floor(state.lifted("kill")[0], 6.0, {"floor_epoch": 2})
    split = {"blue": 0.5, "new": 0.5}
    entry = AuditEntry(30.0, "experiment", "button", "", "split", "ann", "why", {"variants": [split, split]})
    state.set_lifecycle("button", Override("paused", split, "running", split, 30.0, "ann", "why"), entry)
    state.close()

    def change(statement: str) -> State:
        with closing(sqlite3.connect(path)) as connection, connection:
            assert connection.execute(statement).rowcount
        return State(f"sqlite:///{path}")

    return change


NEW = Latch("kill", "button", "new", 10.0, "worse", {"e_value": 120.0})


def test_facts_come_back_as_they_were_written(killed: Callable[[str], State]) -> None:
    state = killed("UPDATE winburn_latches SET at = at")
    assert state.latches("kill") == [NEW]
    (lifted,) = state.lifted("kill")
    assert (lifted.facts, lifted.floor) == ({"at": 10.0, "e_value": 120.0, "floor_epoch": 2, "reason": "worse"}, 6.0)
    assert [dict(each.facts).get("e_value") for each in state.audit()] == [120.0, 120.0, 120.0, None]


@pytest.mark.parametrize("facts", ["{", '{"e_value":920.0,"~crc":1}', "[]"])
def test_a_kill_stands_whatever_became_of_its_facts(
    killed: Callable[[str], State], caplog: pytest.LogCaptureFixture, facts: str
) -> None:
    state = killed(f"UPDATE winburn_latches SET facts = '{facts}'")
    with caplog.at_level(logging.ERROR):
        assert [state.latches("kill") for _ in range(2)] == [[replace(NEW, facts={})]] * 2
    (said,) = caplog.messages
    assert said.startswith("the kill of new in button is damaged in the state store (")


@pytest.mark.parametrize(
    ("column", "value"), [("entity", "'buttom'"), ("member", "'nev'"), ("at", "11.0"), ("reason", "'wors'")]
)
def test_a_kill_that_reads_as_another_is_told(
    killed: Callable[[str], State], caplog: pytest.LogCaptureFixture, column: str, value: str
) -> None:
    state = killed(f"UPDATE winburn_latches SET {column} = {value}")
    with caplog.at_level(logging.ERROR):
        (found,) = state.latches("kill")
    assert found.facts == {}
    (said,) = caplog.messages
    assert f"the kill of {found.member} in {found.entity} is damaged" in said


@pytest.mark.parametrize("change", ["floor = 5.0", "who = 'bob'", "facts = replace(facts, '120', '920')", "facts = ''"])
def test_a_lifting_that_is_damaged_stands_and_is_told(
    killed: Callable[[str], State], caplog: pytest.LogCaptureFixture, change: str
) -> None:
    state = killed(f"UPDATE winburn_lifted SET {change}")
    with caplog.at_level(logging.ERROR):
        (found,) = state.lifted("kill")
    assert (found.entity, found.member, found.at, found.facts) == ("button", "old", 20.0, {})
    (said,) = caplog.messages
    assert "the lifting of the kill of old in button is damaged" in said


def test_an_entry_that_is_damaged_stays_on_the_trail_and_is_told_once(
    killed: Callable[[str], State], caplog: pytest.LogCaptureFixture
) -> None:
    state = killed("UPDATE winburn_audit SET facts = replace(facts, '0.5', '0.7') WHERE action = 'split'")
    with caplog.at_level(logging.ERROR):
        entries = [state.audit()[-1], *state.moves(0), *state.audit(newest=True)[:1]]
    assert {(each.action, each.who, len(each.facts)) for each in entries} == {("split", "ann", 0)}
    (said,) = caplog.messages
    assert said.startswith("entry 4 of the audit trail is damaged")


@pytest.mark.parametrize("column", ["variants", "spec_variants"])
@pytest.mark.parametrize("text", ["{", "[0.5]", '{"blue":"1"}', '{"blue":0.5,"new":0.7}'])
def test_planned_traffic_that_cannot_be_read_leaves_the_status(
    killed: Callable[[str], State], caplog: pytest.LogCaptureFixture, column: str, text: str
) -> None:
    state = killed(f"UPDATE winburn_lifecycle SET {column} = '{text}'")
    with caplog.at_level(logging.ERROR):
        found = state.lifecycle()["button"]
    assert (found.status, found.variants, found.who) == ("paused", None, "ann")
    (said,) = caplog.messages
    assert said.startswith("the planned traffic of button is damaged")


def test_planned_traffic_of_a_variant_that_is_none_is_not_used(killed: Callable[[str], State]) -> None:
    state = killed("UPDATE winburn_lifecycle SET variants = replace(variants, 'new', 'nev')")
    assert (state.lifecycle()["button"].status, state.lifecycle()["button"].variants) == ("paused", None)


def test_facts_of_before_have_no_seal_and_are_read(killed: Callable[[str], State]) -> None:
    state = killed("""UPDATE winburn_latches SET facts = '{"e_value":120.0}'""")
    assert state.latches("kill") == [NEW]
    assert state.lift_latch("kill", "button", "new", 40.0, "ann", "why") == NEW
