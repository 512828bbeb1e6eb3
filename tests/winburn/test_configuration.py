"""What /config shows of commands."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from exporter.spec import load_text, masked
from exporter.state import AuditEntry, Override, State, StateError
from winburn.configuration import configuration

SPEC = load_text("""
sources: {shop: {type: sql, url: "sqlite:///shop.db"}}
experiments:
  - name: button
    control: a
    variants: {a: 0.5, b: 0.5}
    metrics: [{name: m, kind: proportion, source: shop, query: select}]
""")
EVEN = {"a": 0.5, "b": 0.5}


def pause(state: State, why: str) -> None:
    override = Override("paused", {"a": 0.8, "b": 0.2}, "running", EVEN, 1.0, "ann", why)
    state.set_lifecycle("button", override, AuditEntry(1.0, "experiment", "button", "", "pause", "ann", why))


def test_what_a_command_set_is_shown_with_who_and_why(tmp_path: Path) -> None:
    state = State(f"sqlite:///{tmp_path}/state.db")
    text = configuration(SPEC, state)
    assert text() == masked(SPEC)
    pause(State(f"sqlite:///{tmp_path}/state.db"), "the shop\nis being moved")
    assert text().startswith("# button: status and variants set by command, by ann: the shop is being moved\n")
    (shown,) = yaml.safe_load(text())["experiments"]
    assert (shown["status"], shown["variants"]) == ("paused", {"a": 0.8, "b": 0.2})


def test_the_last_text_holds_while_the_store_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    state = State("sqlite://")
    text = configuration(SPEC, state)
    pause(state, "why")
    before = text()

    def fail(_state: State) -> int:
        raise StateError("gone")

    monkeypatch.setattr(State, "last_change", fail)
    assert text() == before != masked(SPEC)


def test_the_spec_is_shown_though_the_store_could_never_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_state: State) -> int:
        raise StateError("gone")

    monkeypatch.setattr(State, "last_change", fail)
    assert configuration(SPEC, State("sqlite://"))() == masked(SPEC)


def test_nothing_is_written_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand SLOs the text takes a second, and the interpreter with it, at each reload."""
    texts: list[str] = []
    monkeypatch.setattr("winburn.configuration.masked", lambda _spec: texts.pop())
    text = configuration(SPEC, State("sqlite://"))
    texts.append("text")
    assert (text(), text()) == ("text", "text")
