"""Values to YAML that a person can read: texts of several lines as blocks, keys in the order given, comments."""

from __future__ import annotations

from typing import Any

import yaml

HEADER = "# DO NOT EDIT: generated from the spec by `winburn rules`.\n"


class InLine(list[str]):
    """A short list that is written as ``[a, b]``."""


# libyaml's emitter is ten times as fast, which counts at a thousand SLOs; both write the same bytes (tested).
_FASTEST: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def dumper(base: type[yaml.SafeDumper]) -> type[yaml.SafeDumper]:
    """``base`` with blocks for texts of several lines, brackets for :class:`InLine`, and no anchors."""
    made: type[yaml.SafeDumper] = type("ReadableDumper", (base,), {"ignore_aliases": lambda _self, _data: True})
    made.add_representer(str, _text)
    made.add_representer(InLine, _in_line)
    return made


def dump(value: Any, base: type[yaml.SafeDumper] = _FASTEST) -> str:
    """YAML of dicts, lists, texts and numbers; nothing is sorted and no line is folded."""
    text: str = yaml.dump(value, Dumper=dumper(base), sort_keys=False, allow_unicode=True, width=2**31 - 1)
    return text


def comment(text: str) -> str:
    """The text as comment lines, whatever characters it holds."""
    return "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines())


def _text(into: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return into.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _in_line(into: yaml.SafeDumper, items: InLine) -> yaml.SequenceNode:
    return into.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)
