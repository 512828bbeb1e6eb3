"""Changes that are told by one thread and taken by another."""

from __future__ import annotations

from exporter.nudges import Nudges


def test_several_changes_of_a_source_are_one_and_the_first_known_time_counts() -> None:
    nudges = Nudges()
    assert (nudges.told.is_set(), nudges.take()) == (False, {})
    nudges.tell("shop", None)
    nudges.tell("shop", 5.0)
    nudges.tell("shop", 7.0)
    nudges.tell("flags", 6.0)
    assert nudges.told.is_set()
    assert nudges.take() == {"shop": 5.0, "flags": 6.0}
    assert (nudges.told.is_set(), nudges.take()) == (False, {})
