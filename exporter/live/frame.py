"""A WebSocket text message as the bytes that go over the wire, the same for every client."""

from __future__ import annotations

import struct


def text_frame(payload: bytes) -> bytes:
    """One unmasked, uncompressed text frame (RFC 6455, section 5.2: FIN and opcode 1, then the shortest length)."""
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", 0x81, length)
    elif length < 2**16:
        head = struct.pack("!BBH", 0x81, 126, length)
    else:
        head = struct.pack("!BBQ", 0x81, 127, length)
    return head + payload
