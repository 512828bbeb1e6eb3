"""Keys of series, and labels of any length and with any character."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.sources.base import LABEL_LENGTH, group_name, label_of, series_key, shortened

ODD = st.text("ab\x1c\x1d\x1e\x1f012=", max_size=6)
LABELS = st.dictionaries(st.text("ab", min_size=1, max_size=2), ODD, max_size=4)


@settings(max_examples=200, deadline=None)
@given(LABELS, LABELS)
def test_keys_are_equal_for_equal_labels_only(one: dict[str, str], other: dict[str, str]) -> None:
    assert (series_key(one) == series_key(other)) is (one == other)


@settings(max_examples=200, deadline=None)
@given(ODD, ODD)
def test_no_value_gives_its_series_another_label(path: str, zone: str) -> None:
    key = series_key({"job": "web", "path": path, "zone": zone})
    assert label_of(key, "job") == "web"
    assert label_of(key, "absent") == ""
    if not {"\x1d", "\x1e", "\x1f"} & {*path, *zone}:
        assert (label_of(key, "path"), label_of(key, "zone")) == (path, zone)


def test_a_path_that_says_it_is_of_another_zone_is_not() -> None:
    key = series_key({"path": "/x\x1fzone\x1eeu", "zone": "us"})
    assert label_of(key, "zone") == "us"
    assert label_of(series_key({"path": "/x\x1fzone\x1eeu"}), "zone") == ""


def test_a_long_value_is_cut_and_stays_apart_from_others() -> None:
    long = "x" * 5000
    assert shortened("x" * LABEL_LENGTH) == "x" * LABEL_LENGTH
    assert len(shortened(long)) == LABEL_LENGTH
    assert shortened(f"{long}a") != shortened(f"{long}b")
    assert len(shortened("\ud800" * 300)) == LABEL_LENGTH  # half a surrogate pair, which JSON can hold
    assert group_name({"zone": long, "app": "a"}) == f"app=a,zone={shortened(long)}"
