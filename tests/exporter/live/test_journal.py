"""The journal's numbers, what it holds, and the frames that it makes."""

import json
import random
from typing import Any

import pytest
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import TextMessage
from wsproto.extensions import PerMessageDeflate

from exporter.live.frame import deflated_frame, text_frame
from exporter.live.journal import Entry, Journal


def message(entry: Entry) -> Any:
    assert unframed(entry.packed, packed=True) == unframed(entry.plain)
    return json.loads(unframed(entry.plain))


def unframed(frame: bytes, *, packed: bool = False) -> str:
    """The text of a frame, as a client's wsproto reads it, with the extension where it is compressed."""
    deflate = PerMessageDeflate()
    deflate.finalize("permessage-deflate; server_no_context_takeover")
    peer = Connection(ConnectionType.CLIENT, extensions=[deflate] if packed else [])
    peer.receive_data(frame)
    texts = [event.data for event in peer.events() if isinstance(event, TextMessage)]
    return "".join(texts)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 200_000])
def test_a_frame_is_read_by_a_client_whatever_its_length(length: int) -> None:
    assert unframed(text_frame(b"x" * length)) == "x" * length


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65535, 65536, 1_000_000])
def test_a_compressed_frame_is_read_by_a_client_whatever_its_length(length: int) -> None:
    text = "".join(random.Random(length).choices("0123456789", k=length))
    frames = deflated_frame(text.encode())
    assert unframed(frames, packed=True) == text
    assert len(frames) < length * 0.6 + 10


def journal(**more: Any) -> Journal:
    return Journal(name=lambda: "s", **more)


def test_numbers_grow_by_one_with_each_change_and_not_without() -> None:
    kept = journal()
    assert kept.advance({"a": 1}) is None
    numbers = [kept.advance({"a": value}) for value in (2, 2, 3)]
    assert [entry and entry.sequence for entry in numbers] == [1, None, 2]
    assert message(kept.full()) == {"type": "snapshot", "stream": "s", "seq": 2, "document": {"a": 3}}
    assert numbers[0] is not None
    assert message(numbers[0]) == {"type": "delta", "seq": 1, "set": {"a": 2}}


def test_what_is_held_can_be_had_again_and_nothing_else() -> None:
    kept = journal(held=3)
    for value in range(6):
        kept.advance({"a": value})
    assert [[entry.sequence for entry in kept.since(number) or ()] for number in (2, 4, 5)] == [[3, 4, 5], [5], []]
    assert kept.since(1) is None
    assert kept.since(6) is None


def test_what_is_held_is_bounded_in_bytes() -> None:
    kept = journal(held_bytes=1000)
    for value in range(50):
        kept.advance({"a": f"{value}" * 100})
    held = next(number for number in range(51) if kept.since(number) is not None)
    assert sum(entry.size for entry in kept.since(held) or ()) <= 1000


def test_the_whole_document_is_encoded_once_a_number() -> None:
    kept = journal()
    kept.advance({"a": 1})
    first = kept.full()
    assert kept.full() is first
    kept.advance({"a": 2})
    assert message(kept.full())["document"] == {"a": 2}
