"""Deltas: applied to the old document they give the new one, and they say no more than they need."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.live.delta import applied, difference
from exporter.live.document import document
from tests.exporter.live.world import snapshot, world

scalars = st.none() | st.integers(-3, 3) | st.text("ab", max_size=2)
keys = st.sampled_from("abcd")
rows = st.dictionaries(keys, scalars | st.lists(scalars, max_size=2), max_size=3) | scalars
documents = st.dictionaries(keys, st.dictionaries(keys, rows, max_size=4) | scalars | st.lists(scalars, max_size=2))


@settings(max_examples=300, deadline=None)
@given(documents, documents)
def test_a_delta_makes_the_old_document_the_new_one_and_leaves_the_old_alone(old: Any, new: Any) -> None:
    before = repr(old)
    delta = difference(old, new)
    assert applied(old, delta) == new
    assert repr(old) == before
    assert (delta == {}) == (old == new)


def test_a_delta_holds_only_the_fields_that_changed() -> None:
    old = {"at": 1, "slos": {"a": {"burn": 1, "name": "a"}, "b": {"burn": 1, "name": "b"}, "c": {"name": "c"}}}
    new = {"at": 2, "slos": {"a": {"burn": 2, "name": "a"}, "b": {"burn": 1, "name": "b"}, "d": {"name": "d"}}}
    assert difference(old, new) == {
        "set": {"at": 2},
        "sections": {"slos": {"removed": ["c"], "added": {"d": {"name": "d"}}, "changed": {"a": {"burn": 2}}}},
    }


def test_a_row_that_loses_a_field_is_sent_whole() -> None:
    old, new = {"words": {"a": {"x": 1, "y": 2}}}, {"words": {"a": {"x": 1}}}
    assert difference(old, new) == {"sections": {"words": {"added": {"a": {"x": 1}}}}}


def test_the_worlds_ticks_are_deltas_of_each_other() -> None:
    documents = [document(snapshot(world(tick), at=float(tick))) for tick in range(8)]
    shown: Any = documents[0]
    for new in documents[1:]:
        shown = applied(shown, difference(shown, new))
        assert shown == new
