"""Values to YAML that a person can read: texts of several lines as blocks, keys in the order given, comments."""

from __future__ import annotations

import re
import textwrap
from functools import lru_cache
from typing import Any

import yaml

HEADER = "# DO NOT EDIT: generated from the spec by `winburn rules`.\n"


class InLine(list[str]):
    """A short list that is written as ``[a, b]``."""


# libyaml's emitter is ten times as fast as Python's; both write the same bytes (tested).
_FASTEST: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,60}")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_BREAK = re.compile("[\r\x85\u2028\u2029]")
_OPEN_ENDED = re.compile("(?:^|[\n\x85\u2028\u2029])\n\\Z")
_UNPRINTABLE = re.compile("[^\t\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ASCII = re.compile(r"[ -~]+")
_BLOCK = re.compile(r"(?! )(?:[ -~]*[!-~]|)(?:\n(?:[ -~]*[!-~])?)*")
_NEVER_PLAIN = re.compile(r"""[ #,\[\]{}&*!|>'"%@`]|.*(?:: | #|[: ]$)""")


def dumper(base: type[yaml.SafeDumper]) -> type[yaml.SafeDumper]:
    """``base`` with blocks for texts of several lines, brackets for :class:`InLine`, and no anchors."""
    made: type[yaml.SafeDumper] = type("ReadableDumper", (base,), {"ignore_aliases": lambda _self, _data: True})
    made.add_representer(str, _text)
    made.add_representer(InLine, _in_line)
    return made


def dump(value: Any, indent: str = "") -> str:
    """YAML of dicts, lists, texts and numbers; nothing is sorted and no line is folded. ``indent`` begins each line.

    The bytes are those of :func:`dump_by`. Dicts, lists and texts without surprises are written here, at a tenth of the
    library's cost: the tests of a thousand SLOs are a hundred megabytes.
    """
    out: list[str] = []
    try:
        _write(value, indent, out)
    except _Odd:
        return textwrap.indent(dump_by(value), indent)
    return "".join(out)


def dump_by(value: Any, base: type[yaml.SafeDumper] = _FASTEST) -> str:
    """The same, by the library alone."""
    made = _MADE if base is _FASTEST else dumper(base)
    text: str = yaml.dump(value, Dumper=made, sort_keys=False, allow_unicode=True, width=2**31 - 1)
    return text


class _Odd(Exception):  # noqa: N818 - no error: the library writes it
    """Something that only the library knows how to write."""


def _write(value: Any, indent: str, out: list[str], first: str = "") -> None:
    """A dict or list as a block whose lines begin with ``indent``, the first of them with ``first`` where given."""
    lead = first or indent
    if type(value) is dict and value:
        for key, one in value.items():
            if type(key) is not str or not _is_key(key):
                raise _Odd
            out.append(f"{lead}{key}:")
            _write_value(one, indent, out)
            lead = indent
    elif type(value) is list and value:
        for one in value:
            if type(one) in (dict, list) and one:
                _write(one, indent + "  ", out, lead + "- ")
            else:
                out.append(f"{lead}-")
                _write_value(one, indent, out)
            lead = indent
    else:
        raise _Odd


@lru_cache(maxsize=2**10)
def _is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None and text.lower() not in _WORDS


def _write_value(value: Any, indent: str, out: list[str]) -> None:
    """What stands behind a key or the dash of a list."""
    kind = type(value)
    if kind is str:
        out.append(f" {_scalar(value, indent)}\n")
    elif kind is dict and value:
        out.append("\n")
        _write(value, indent + "  ", out)
    elif kind is list and value:
        out.append("\n")
        _write(value, indent, out)  # the dashes of a list stand below its key
    else:
        out.append(f" {_other(value)}\n")


@lru_cache(maxsize=2**14)  # the texts of a test stand at each of its times
def _scalar(text: str, indent: str) -> str:
    if "\n" in text:
        if _BLOCK.fullmatch(text) is None or text[0] == "\n" or text.endswith("\n\n"):
            raise _Odd
        body = text.removesuffix("\n").replace("\n", f"\n{indent}  ")
        chomp = "" if text.endswith("\n") else "-"
        block = f"|{chomp}\n{indent}  {body}"
        return block.replace(f"\n{indent}  \n", "\n\n") if "\n\n" in text else block
    if _ASCII.fullmatch(text) is None:
        if _BREAK.search(text):  # it would go on in the next line, as far in as this one
            raise _Odd
        return _by_library(text)
    if _NEVER_PLAIN.match(text):
        return "'" + text.replace("'", "''") + "'"
    if text[0].isalpha() and text.lower() not in _WORDS:
        return text
    return _by_library(text)


def _other(value: Any) -> str:
    """Numbers, empty and bracketed collections, as the library writes them."""
    if type(value) is int:
        return str(value)
    if isinstance(value, bool | float | InLine) or value in ({}, []):
        text = dump_by([value])[2:-1]
        if "\n" not in text and _BREAK.search(text) is None:
            return text
    raise _Odd


@lru_cache(maxsize=2**16)
def _by_library(text: str) -> str:
    return dump_by([text])[2:-1]


def comment(text: str) -> str:
    """The text as comment lines, whatever characters it holds; those that cannot stand in YAML are question marks."""
    return "".join(f"# {_UNPRINTABLE.sub('?', line)}".rstrip() + "\n" for line in text.splitlines())


def _text(into: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # A block that keeps blank lines at its end could only be ended by "...", and the document with it.
    block = "\n" in text and _OPEN_ENDED.search(text) is None
    return into.represent_scalar("tag:yaml.org,2002:str", text, style="|" if block else None)


def _in_line(into: yaml.SafeDumper, items: InLine) -> yaml.SequenceNode:
    return into.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)


_MADE = dumper(_FASTEST)
