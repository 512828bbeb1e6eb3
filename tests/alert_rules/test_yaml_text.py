from __future__ import annotations

import textwrap
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_rules.yaml_text import InLine, comment, dump, dump_by

VALUE = {
    "expr": "max by (slo) (\n  a > 1\n)\n",
    "labels": {"on": "yes", "number": "1e-4", "text": "größer: {{ x }} # 'so' \"so\"", "odd": "a\u2028b\x85c\ttab"},
    "trailing": "space at the end \nof a line",
    "list": InLine(["a", "b"]),
    "long": "word " * 100,
    "twice": [{"a": "x"}] * 2,
}


def test_what_is_written_is_read_again() -> None:
    assert yaml.safe_load(dump(VALUE)) == VALUE


def test_texts_of_several_lines_are_blocks_and_short_lists_stand_in_a_line() -> None:
    text = dump(VALUE)
    assert text.startswith("expr: |\n  max by (slo) (\n    a > 1\n  )\n")
    assert "list: [a, b]\n" in text
    assert "&id" not in text


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML is here without libyaml")
def test_both_emitters_write_the_same_bytes() -> None:
    printable = {name: value for name, value in VALUE.items() if name != "trailing"}
    assert dump_by(printable, yaml.CSafeDumper) == dump_by(printable, yaml.SafeDumper)


TEXTS = st.text(st.sampled_from("aB1 :#-?\n'\"{}[],&*!|>%@`=~<.\\/\tö\u2028"), max_size=12) | st.sampled_from(
    ["", "yes", "Null", "1x3", "0x5", "1e4", "12:30", "2026-01-01", "=", "<<", "~", "a: b", "a:", "- a", "---", "a #b"]
)
VALUES = st.recursive(
    TEXTS | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none() | TEXTS.map(lambda x: InLine([x])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.sampled_from(["expr", "on"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(VALUES)
def test_what_is_written_here_is_what_the_library_would_write(value: Any) -> None:
    assert dump(value) == dump_by(value)
    assert dump([value], "    ") == textwrap.indent(dump_by([value]), "    ")


def test_comments_keep_every_line_a_comment() -> None:
    assert comment("a\n\nb\u2028c") == "# a\n#\n# b\n# c\n"


@pytest.mark.parametrize("text", ["\n", "\n\n", "a\n\n", "a\n\n b\n\n", "\x85\n", "a\n"])
def test_what_follows_a_text_with_blank_lines_at_its_end_is_in_the_same_document(text: str) -> None:
    assert yaml.safe_load(dump({"a": text}) + dump({"b": 1})) == {"a": text, "b": 1}


@given(st.text(st.characters(codec="utf-8"), max_size=5))
def test_a_comment_is_nothing_whatever_stands_in_it(text: str) -> None:
    assert yaml.safe_load(comment(text) + dump({"a": 1})) == {"a": 1}


@pytest.mark.parametrize("odd", ["\x00", "\x07", "\x1b", "\x7f", "\x80", "\ufffe"])
def test_a_character_that_yaml_cannot_have_is_a_question_mark_in_comments(odd: str) -> None:
    assert comment(f"a{odd}b") == "# a?b\n"
