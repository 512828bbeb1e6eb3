"""Texts that are nearly right: lines and words of good ones, moved, doubled, dropped, and swapped for odd ones; and
documents whose trees are changed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from fuzz.tree import grown_json, grown_yaml, schema_of_specs, schema_of_web_configs

_WORD = re.compile(rb"[\w.%+-]+|[^\w\s]|\s+")
ODD = (
    b"", b"0", b"-1", b"1e999", b"-1e-999", b"NaN", b".inf", b"9" * 30, b"9" * 400, b"0x1F", b"1_000", b"null", b"true",
    b"[]", b"{}", b"[[]]", b'""', b"'", b'"', b"`", b"\\", b"{{ .x }}", b"{{.window}}", b"${X}", b"=cmd()", b"<script>",
    b"\x00", b"\x85", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf0\x9f\x92\xa5", b"&a", b"*a",
    b"!!x", b"<<", b"99.9", b"100", b"30d", b"1ms", b"99999999y", b"2026-02-30T25:61:00Z", b"9999-12-31T23:59:59Z",
    b"0001-01-01T00:00:00Z",
    b"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", b"FREQ=SECONDLY;INTERVAL=0", b"(", b")", b"]", b"}", b",", b": ", b"- ",
    b"\n", b"\t", b"|", b";", b"#", b"\x1b[2J",
)  # fmt: skip
"""What readers stumble over."""


def mutated(data: bytes, corpus: Sequence[bytes], chance: random.Random, target: str = "") -> bytes:
    """``data`` after one to four changes; other texts of the corpus lend their lines and words. What is a document to
    the target has its tree changed more often than its text, and only that where nothing else would be accepted."""
    other = chance.choice(corpus)
    if target in _GENERATORS and chance.random() < 0.9:
        return grown_yaml(data, other, chance, schema_of_specs(), mild=True, focus=_GENERATORS[target])
    if target == "spec" and chance.random() < 0.6:
        data = grown_yaml(data, other, chance, schema_of_specs(), mild=chance.random() < 0.5)
    elif target == "web-config" and chance.random() < 0.7:
        data = grown_yaml(data, other, chance, schema_of_web_configs(), mild=chance.random() < 0.7)
    elif target == "convert" and chance.random() < 0.5:
        data = grown_yaml(data, other, chance, {}, mild=False)
    elif target in _BINARY:
        return chance.choice((data, b"")) + chance.randbytes(chance.randint(0, 24))
    elif target in _JSON and chance.random() < 0.7:
        return grown_json(data, other, chance)
    else:
        for _ in range(chance.randint(1, 4)):
            data = chance.choice(_CHANGES)(data, chance.choice(corpus), chance)
    return data[:100_000]


_GENERATORS = {"rules": "slos", "alertmanager": "alerting", "dashboards": "dashboards"}
"""Those that need a good spec, and the part of it that matters most to them."""
_JSON = frozenset({"prometheus", "json"})
_BINARY = frozenset({"state", "documents"})


def _lines(data: bytes, other: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    at = chance.randrange(len(lines))
    much = chance.randint(1, 4)
    what = chance.randrange(4)
    if what == 0:
        del lines[at : at + much]
    elif what == 1:
        lines[at:at] = lines[at : at + much]
    elif what == 2:
        lent = other.splitlines(keepends=True) or [b""]
        begin = chance.randrange(len(lent))
        lines[at:at] = lent[begin : begin + much]
    else:
        lines[at] = b" " * chance.randrange(8) + lines[at].lstrip()
    return b"".join(lines)


def _words(data: bytes, other: bytes, chance: random.Random) -> bytes:
    words = _WORD.findall(data) or [b""]
    at = chance.randrange(len(words))
    lent = _WORD.findall(other) or [b""]
    words[at] = chance.choice((chance.choice(ODD), chance.choice(lent), chance.choice(words), words[at] * 2, b""))
    return b"".join(words)


def _bytes(data: bytes, _: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    if chance.random() < 0.2:
        return data[:at]
    return data[:at] + bytes([chance.randrange(256)]) + data[at + chance.randrange(2) :]


_CHANGES: Sequence[Callable[[bytes, bytes, random.Random], bytes]] = (_lines, _words, _words, _words, _bytes)
