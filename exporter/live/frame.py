"""A WebSocket text message as the bytes that go over the wire, the same for every client of one kind."""

from __future__ import annotations

import struct

from isal import isal_zlib

_TEXT, _COMPRESSED = 0x81, 0x40
_TAIL = b"\x00\x00\xff\xff"


def text_frame(payload: bytes, *, compressed: bool = False) -> bytes:
    """One unmasked text frame (RFC 6455, section 5.2: FIN and opcode 1, then the shortest length); of a ``compressed``
    payload the first reserved bit says so (RFC 7692, section 6)."""
    kind = _TEXT | (_COMPRESSED if compressed else 0)
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", kind, length)
    elif length < 2**16:
        head = struct.pack("!BBH", kind, 126, length)
    else:
        head = struct.pack("!BBQ", kind, 127, length)
    return head + payload


def deflated_frame(payload: bytes) -> bytes:
    """The same compressed by itself, without what was sent before (RFC 7692, section 7.2.1): so that one compression
    does for all clients, and none costs memory."""
    deflate = isal_zlib.compressobj(level=1, wbits=-isal_zlib.MAX_WBITS)
    packed = deflate.compress(payload) + deflate.flush(isal_zlib.Z_SYNC_FLUSH)
    return text_frame(packed.removesuffix(_TAIL), compressed=True)
