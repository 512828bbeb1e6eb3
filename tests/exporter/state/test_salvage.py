"""A damaged store: set aside, told, and what people said is there again."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from exporter.state import Latch, State, StateError, StoredLedger, StoredSlot, opened_or_rebuilt, set_aside
from exporter.state.salvage import damage

AT = 1_760_000_000.0
PAGE = 4096


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store with a latch, documents and the slots of a ledger, all of it in the file itself."""
    path = tmp_path / "state.db"
    state = State(f"sqlite:///{path}")
    state.save_documents("experiment", {"button": {"n": 7}}, [Latch("kill", "button", "b", 1.0, "worse", {"n": 3})])
    slots = tuple(StoredSlot(15.0, 15.0 * i, 1.0, 0.0, 15.0) for i in range(5000))
    state.save_ledgers([StoredLedger("web", "", "definition", {"end": 30.0}, slots)], {})
    state.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def opened(file: Path) -> State:
    return opened_or_rebuilt(f"sqlite:///{file}", AT)


def pages_of(file: Path, table: str) -> list[int]:
    with closing(sqlite3.connect(file)) as connection:
        words = "SELECT pageno FROM dbstat WHERE name = ? ORDER BY pageno"
        try:
            return [row[0] for row in connection.execute(words, (table,))]
        except sqlite3.OperationalError:
            pytest.skip("this SQLite has no dbstat")


def spoil(file: Path, page: int) -> None:
    with file.open("r+b") as opened:
        opened.seek((page - 1) * PAGE)
        opened.write(b"\xa5" * PAGE)


def test_a_sound_store_is_opened_as_it_is(file: Path) -> None:
    state = opened(file)
    assert len(state.ledgers()) == 1
    assert set_aside(f"sqlite:///{file}") == 0
    assert sorted(path.name for path in file.parent.iterdir() if "damaged" in path.name) == []


def test_a_page_of_slots_costs_the_ledgers_and_nothing_else(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    spoil(file, pages_of(file, "winburn_ledger_slots")[-1])
    before = file.read_bytes()
    with caplog.at_level(logging.ERROR):
        state = opened(file)
    assert state.latches("kill") == [Latch("kill", "button", "b", 1.0, "worse", {"n": 3})]
    assert state.documents("experiment") == {"button": {"n": 7}}
    assert [entry.member for entry in state.audit()] == ["b"]
    assert state.ledgers() == []
    (said,) = caplog.messages
    aside = file.with_name("state.db.damaged-1760000000")
    assert f"is set aside as {aside}" in said
    assert "1 of latches" in said
    assert aside.read_bytes() == before
    assert set_aside(f"sqlite:///{file}") == 1


def test_a_text_that_is_damaged_too_costs_no_other_row(file: Path) -> None:
    state = State(f"sqlite:///{file}")
    state.save_documents("experiment", {"zebra": {"n": 8}}, [Latch("kill", "zebra", "c", 2.0, "worse", {"n": 4})])
    state.close()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE winburn_latches SET facts = substr(facts, 2) WHERE member = 'b'")
        connection.execute("UPDATE winburn_documents SET body = substr(body, 2) WHERE name = 'button'")
    spoil(file, pages_of(file, "winburn_ledger_slots")[-1])
    state = opened(file)
    assert [(each.member, each.facts) for each in state.latches("kill")] == [("b", {}), ("c", {"n": 4})]
    assert state.documents("experiment") == {"zebra": {"n": 8}}


def test_a_table_that_cannot_be_read_is_named(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    spoil(file, pages_of(file, "winburn_latches")[0])
    state = opened(file)
    assert state.latches("kill") == []
    assert state.documents("experiment") == {"button": {"n": 7}}
    assert "Not readable to the end: latches." in caplog.text


@pytest.mark.parametrize("content", [b"\0" * 8192, b"SQLite format 3\0" + b"\xff" * 9000, b"garbage " * 1000])
def test_where_nothing_can_be_read_it_begins_anew(content: bytes, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.write_bytes(content)
    assert opened(file).latches("kill") == []
    assert "Taken over: nothing" in caplog.text


def test_the_journal_goes_with_it(file: Path) -> None:
    spoil(file, 1)
    file.with_name("state.db-wal").write_bytes(b"of the old one")
    opened(file)
    assert file.with_name("state.db.damaged-1760000000-wal").read_bytes() == b"of the old one"
    assert set_aside(f"sqlite:///{file}") == 1


def test_a_file_that_was_never_a_database_is_left_alone(tmp_path: Path) -> None:
    spec = tmp_path / "winburn.yml"
    spec.write_text("slos: []\n" * 1000)
    with pytest.raises(StateError, match="file is not a database"):
        opened(spec)
    assert spec.read_text().startswith("slos")


def test_what_is_missing_or_in_memory_is_not_damaged(tmp_path: Path) -> None:
    assert damage(tmp_path / "none.db") is None
    assert set_aside("sqlite://") == 0
    assert set_aside(f"sqlite:///{tmp_path}/no/folder/state.db") is None
    assert opened_or_rebuilt("sqlite://", AT).latches("kill") == []


def test_damage_is_seen_through_the_journal_of_a_process_that_was_killed(file: Path) -> None:
    """Changes that only the journal has count; a spoilt page below is found all the same."""
    state = State(f"sqlite:///{file}")
    state.save_documents("experiment", {"late": {"n": 8}}, [])
    with closing(sqlite3.connect(file)) as held:
        held.execute("SELECT 1 FROM winburn_schema").fetchall()
        copy = file.with_name("copy.db")
        for end in ("", "-wal"):
            copy.with_name(copy.name + end).write_bytes(file.with_name(file.name + end).read_bytes())
    assert damage(copy) is None
    spoil(copy, pages_of(file, "winburn_ledger_slots")[-1])
    assert damage(copy)
    assert opened(copy).documents("experiment")["late"] == {"n": 8}
