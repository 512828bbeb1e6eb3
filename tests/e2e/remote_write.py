"""Samples with times of one's own into a real Prometheus: remote write 1.0, as much of it as a counter needs.

https://prometheus.io/docs/specs/prw/remote_write_spec/, https://github.com/google/snappy/blob/main/format_description.txt
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

import requests

FLAG = "--web.enable-remote-write-receiver"
_BYTES, _DOUBLE, _VARINT = 2, 1, 0
_LITERAL = 60

Samples = Mapping[str, Iterable[tuple[float, float]]]
"""Name of a counter -> Unix seconds and value."""


def push(url: str, samples: Samples, **labels: str) -> None:
    """Write them, each counter with these labels; fails where the server refuses any."""
    body = b"".join(_field(1, _series({"__name__": name, **labels}, of)) for name, of in samples.items())
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(
            f"{url}/api/v1/write",
            data=_snappy(body),
            headers={"Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0"},
            timeout=60,
        )
    assert answer.ok, answer.text


def _series(labels: Mapping[str, str], samples: Iterable[tuple[float, float]]) -> bytes:
    pairs = b"".join(_field(1, _field(1, name.encode()) + _field(2, labels[name].encode())) for name in sorted(labels))
    values = (
        _key(1, _DOUBLE) + struct.pack("<d", value) + _key(2, _VARINT) + _varint(at) for at, value in _ms(samples)
    )
    return pairs + b"".join(_field(2, value) for value in values)


def _ms(samples: Iterable[tuple[float, float]]) -> Iterable[tuple[int, float]]:
    """A series' samples of one message stand in the order of their times: messages come out of order, not these."""
    return sorted((round(at * 1000), value) for at, value in samples)


def _key(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _field(number: int, body: bytes) -> bytes:
    return _key(number, _BYTES) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _snappy(body: bytes) -> bytes:
    """Snappy's block format without any compression: literals of at most 60 bytes."""
    parts = (body[i : i + _LITERAL] for i in range(0, len(body), _LITERAL))
    return _varint(len(body)) + b"".join(bytes([(len(part) - 1) << 2]) + part for part in parts)
