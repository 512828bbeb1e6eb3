"""The promises of fuzz/targets.py: for what did harm once, and for some hundred texts that are nearly right."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.corpus import SEEDS, corpus
from fuzz.mutate import mutated
from fuzz.targets import TARGETS, once

SLOW = ("rules", "alertmanager", "dashboards", "report", "http", "state", "documents")
"""They ask other programs, or open databases: a few inputs must do."""
QUICK = tuple(name for name in TARGETS if name not in SLOW)
FOUND = sorted(path for path in SEEDS.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_did_harm_once_does_none(path: Path) -> None:
    once(path.parent.name, path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus_does_no_harm_and_is_not_empty(target: str) -> None:
    texts = corpus(target)
    assert texts
    for text in texts[: 1 if target in SLOW else 6]:
        once(target, text)


def try_nearly_right(target: str, seed: int) -> None:
    chance = random.Random(seed)
    texts = corpus(target)
    once(target, mutated(chance.choice(texts), texts, chance, target))


@pytest.mark.parametrize("target", QUICK)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_what_is_nearly_right_does_no_harm(target: str, seed: int) -> None:
    try_nearly_right(target, seed)


@pytest.mark.parametrize("target", SLOW)
@pytest.mark.parametrize("seed", range(2))
def test_what_is_nearly_right_does_no_harm_to_slow_targets(target: str, seed: int) -> None:
    try_nearly_right(target, seed)


@pytest.mark.parametrize("target", [name for name in TARGETS if name not in ("state", "documents", "http", "report")])
@settings(max_examples=12, deadline=None, derandomize=True)
@given(data=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_do_no_harm(target: str, data: bytes) -> None:
    once(target, data)


def test_an_answer_that_differs_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter((["one"], ["another"]))
    monkeypatch.setitem(TARGETS, "odd", lambda _: next(answers))
    with pytest.raises(AssertionError, match="not the same answer twice"):
        once("odd", b"")
