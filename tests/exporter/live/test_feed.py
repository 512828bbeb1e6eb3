"""The feed: one document per snapshot, the age beside it, and texts that may fail."""

import json
import logging
from typing import Any

import pytest

from exporter.live.feed import Feed
from exporter.snapshot import Snapshot
from tests.exporter.live.world import snapshot, world


class Hand:
    """A feed whose snapshot, clocks and words a test sets."""

    def __init__(self) -> None:
        self.current: Snapshot | None = snapshot(world(), at=1000.0, expires=100.0)
        self.now, self.asked = 50.0, 0
        self.words: Any = {"events": []}
        self.feed = Feed(lambda: self.current, monotonic=lambda: self.now, clock=lambda: 1007.25, words=self.say)

    def say(self) -> Any:
        self.asked += 1
        if isinstance(self.words, Exception):
            raise self.words
        return self.words


def test_before_the_first_snapshot_there_is_nothing() -> None:
    hand = Hand()
    hand.current = None
    assert (hand.feed.document(), hand.feed.body(), hand.feed.age, hand.feed.stale) == (None, None, None, False)


def test_the_document_is_made_once_a_snapshot_and_again_when_it_expires() -> None:
    hand = Hand()
    first = hand.feed.document()
    hand.feed.body()
    assert hand.feed.document() is first
    assert hand.asked == 1
    hand.now = 100.0
    stale = hand.feed.document()
    assert stale is not None
    assert (stale["stale"], stale["slos"]) == (True, {})
    hand.current = snapshot(world(1), expires=200.0)
    fresh = hand.feed.document()
    assert fresh is not None
    assert not fresh["stale"]


def test_the_body_is_the_document_with_its_age() -> None:
    hand = Hand()
    body = json.loads(hand.feed.body() or b"")
    assert body.pop("age_seconds") == 7.25
    assert body == hand.feed.document()


@pytest.mark.parametrize("words", [KeyError("no"), {"events": [float("nan")]}, {"events": [object()]}, 5])
def test_words_that_fail_cost_no_number_and_are_said_once(words: Any, caplog: pytest.LogCaptureFixture) -> None:
    hand = Hand()
    hand.words = words
    with caplog.at_level(logging.WARNING, "winburn.live"):
        for tick in range(3):
            hand.current = snapshot(world(tick), expires=100.0)
            found = hand.feed.document()
            assert found is not None
            assert found["slos"]
            assert "events" not in found
    assert len(caplog.records) == 1
