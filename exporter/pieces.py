"""Bodies of many pieces, of which only those that changed are written and compressed anew.

A gzip file of one member may be put together from pieces that were compressed apart: raw deflate, each piece ended by a
full flush, which ends it on a whole byte and forgets what was before (RFC 1951, RFC 1952). A member for each piece
would be simpler, but curl reads the first one only and says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from isal import isal_zlib

LINES = 1000
"""Lines of a piece: about 100 kB, of which the window of deflate, 32 kB, is lost at each beginning."""

# No name, no time, no system, so that the same samples give the same bytes.
_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_END = b"\x03\x00"  # a last block with nothing in it


@dataclass(slots=True)
class Piece:
    """Some lines of one family, ``values`` being the bits of their numbers; ``packed`` is the text compressed."""

    values: bytes
    text: bytes | memoryview
    packed: bytes | None = None


def gzipped(pieces: Sequence[Piece | bytes]) -> bytes:
    """One gzip member of the pieces in their order; what is not compressed yet, is."""
    packed = (_packed_header(one) if isinstance(one, bytes) else _packed(one) for one in pieces)
    size, check = 0, 0
    for one in pieces:
        text = one if isinstance(one, bytes) else one.text
        size, check = (size + len(text)) & 0xFFFFFFFF, isal_zlib.crc32(text, check)
    return b"".join(chain((_HEAD,), packed, (_END, check.to_bytes(4, "little"), size.to_bytes(4, "little"))))


def _packed(piece: Piece) -> bytes:
    if piece.packed is None:
        piece.packed = _deflated(piece.text)
    return piece.packed


def _deflated(text: bytes | memoryview) -> bytes:
    deflate = isal_zlib.compressobj(level=1, wbits=-isal_zlib.MAX_WBITS)
    return deflate.compress(text) + deflate.flush(isal_zlib.Z_FULL_FLUSH)


_packed_header = lru_cache(maxsize=512)(_deflated)
