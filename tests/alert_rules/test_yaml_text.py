from __future__ import annotations

import pytest
import yaml

from alert_rules.yaml_text import InLine, comment, dump

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
    assert dump(printable, yaml.CSafeDumper) == dump(printable, yaml.SafeDumper)


def test_comments_keep_every_line_a_comment() -> None:
    assert comment("a\n\nb\u2028c") == "# a\n#\n# b\n# c\n"
