"""Texts that tell whether they are what was written, and a store of which some are not."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.state import State, StoredLedger, StoredSlot
from exporter.state.engine import dump
from exporter.state.seal import DamagedError, sealed, unsealed

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@given(VALUES)
def test_it_is_what_was_given(body: Any) -> None:
    assert unsealed(sealed(body)) == body


@given(VALUES)
def test_what_has_no_seal_is_read_as_before(body: Any) -> None:
    assert unsealed(dump(body)) == body


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
