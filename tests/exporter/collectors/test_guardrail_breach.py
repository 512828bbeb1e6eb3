from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.collectors.guardrail_breach import SAME_BREACH, Episodes

Looks = st.lists(st.tuples(st.floats(1.0, 1000.0), st.booleans()), max_size=30)


def test_a_breach_kills_once() -> None:
    episodes = Episodes()
    episodes.take(100.0, {"b"}, {"b"}, {})
    assert episodes.kills("b", 100.0, 0.0)
    episodes.running["b"].killed = True
    assert not episodes.kills("b", 115.0, 0.0)


def test_it_ends_when_it_was_not_seen_for_long_enough() -> None:
    episodes = Episodes()
    episodes.take(100.0, {"b"}, {"b"}, {})
    episodes.take(100.0 + SAME_BREACH, {"b"}, set(), {})
    assert "b" in episodes.running
    episodes.take(101.0 + SAME_BREACH, {"b"}, set(), {})
    assert "b" not in episodes.running


def test_what_is_not_looked_at_goes_on() -> None:
    episodes = Episodes()
    episodes.take(100.0, {"b"}, {"b"}, {})
    episodes.take(9000.0, set(), set(), {})
    episodes.take(9015.0, {"b"}, {"b"}, {"b": 5000.0})
    assert episodes.running["b"].began == 100.0
    assert not episodes.kills("b", 9015.0, 5000.0)


def test_one_that_begins_after_a_lifting_kills_when_it_can_be_dated_after_it() -> None:
    episodes = Episodes()
    episodes.take(100.0, {"b"}, {"b"}, {"b": 110.0})  # commands are dated by the clock, evaluations lie a lag behind
    assert not episodes.kills("b", 100.0, 110.0)
    assert episodes.kills("b", 115.0, 110.0)


@settings(max_examples=50)
@given(Looks, st.integers(0, 30))
def test_a_restart_changes_nothing(looks: list[tuple[float, bool]], when: int) -> None:
    straight, restarted, at = Episodes(), Episodes(), 0.0
    for i, (wait, burns) in enumerate(looks):
        at += wait
        if i == when:
            restarted = Episodes(restarted.document())
        for each in (straight, restarted):
            each.take(at, {"b"}, {"b"} if burns else set(), {})
    assert restarted.document() == straight.document()
