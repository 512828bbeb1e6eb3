"""Bodies of many pieces, of which only those that changed are written and compressed anew.

A gzip file of one member may be put together from pieces that were compressed apart: raw deflate, each piece ended by a
full flush, which ends it on a whole byte and forgets what was before (RFC 1951, RFC 1952). A member for each piece
would be simpler, but curl reads the first one only and says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock

from isal import isal_zlib

LINES = 1000
"""Lines of a piece: about 100 kB, of which the window of deflate, 32 kB, is lost at each beginning."""

# No name, no time, no system, so that the same samples give the same bytes.
_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_END = b"\x03\x00"  # a last block with nothing in it


class Piece:
    """Some lines of one family, ``values`` being the bits of their numbers. Once packed it holds them compressed only,
    which is a tenth."""

    __slots__ = ("_check", "_packed", "_plain", "size", "values")

    def __init__(self, values: bytes, text: bytes) -> None:
        self.values = values
        self._plain: bytes | memoryview | None = text
        self._packed, self.size, self._check = b"", len(text), 0

    @property
    def text(self) -> bytes | memoryview:
        """The lines."""
        if self._plain is not None:
            return self._plain
        return isal_zlib.decompress(self._packed + _END, wbits=-isal_zlib.MAX_WBITS, bufsize=max(self.size, 1))

    def look_into(self, view: memoryview) -> None:
        """Hold the lines, where they are not packed, as a part of something else that is held anyway."""
        if self._plain is not None:
            self._plain = view

    @property
    def is_packed(self) -> bool:
        """Whether the lines are compressed."""
        return self._plain is None

    def pack(self) -> Piece:
        """Hold the lines compressed from now on; the piece itself."""
        if self._plain is not None:
            self._packed, self._check = _deflated(self._plain), isal_zlib.crc32(self._plain)
            self._plain = None
        return self

    def in_gzip(self) -> tuple[bytes, int, int]:
        """Packed: what stands in a gzip member, the length of the lines, and their check."""
        self.pack()
        return self._packed, self.size, self._check


Parts = Sequence[Piece | bytes]
"""Headers and pieces of a body, in order."""


@dataclass(slots=True)
class Whole:
    """A body as its ``parts``; of what is packed the text is put together when first asked for, and kept from then on,
    so that however many ask share it. May be used in any thread."""

    parts: Parts
    _text: bytes | None = field(default=None, compare=False)
    _lock: Lock = field(default_factory=Lock, compare=False, repr=False)

    @property
    def is_there(self) -> bool:
        """Whether nothing need be put together."""
        return self._text is not None or len(self.parts) == 1

    @property
    def text(self) -> bytes:
        """All of it."""
        if len(self.parts) == 1:
            return joined(self.parts)
        with self._lock:
            if self._text is None:
                self._text = joined(self.parts)
            return self._text


def joined(of: Iterable[Piece | bytes], *more: bytes) -> bytes:
    """The text of parts, and what follows them."""
    return b"".join([*(part.text if isinstance(part, Piece) else part for part in of), *more])


def gzipped(pieces: Parts) -> bytes:
    """One gzip member of the pieces in their order; what is not packed yet, is."""
    body, size, check = [_HEAD], 0, 0
    for one in pieces:
        packed, length, of_one = _header(one) if isinstance(one, bytes) else one.in_gzip()
        body.append(packed)
        size, check = size + length, isal_zlib.crc32_combine(check, of_one, length)
    ends = (_END, check.to_bytes(4, "little"), (size & 0xFFFFFFFF).to_bytes(4, "little"))
    return b"".join((*body, *ends))


@lru_cache(maxsize=512)
def _header(text: bytes) -> tuple[bytes, int, int]:
    return _deflated(text), len(text), isal_zlib.crc32(text)


def _deflated(text: bytes | memoryview) -> bytes:
    deflate = isal_zlib.compressobj(level=1, wbits=-isal_zlib.MAX_WBITS)
    return deflate.compress(text) + deflate.flush(isal_zlib.Z_FULL_FLUSH)
