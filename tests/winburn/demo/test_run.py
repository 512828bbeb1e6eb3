"""What a run does before it has started anything; the whole of it is tested end to end."""

from __future__ import annotations

import io
import signal
import socket
from pathlib import Path

from winburn.demo.files import claimed
from winburn.demo.parts import free_or_other
from winburn.demo.run import run
from winburn.processes import free_port


def test_a_folder_that_is_taken_is_said_and_the_signals_are_as_before(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    out = io.StringIO()
    with claimed(tmp_path):
        assert run(tmp_path, seconds=1, out=out, env={}) == 1
    assert out.getvalue().startswith("another demo runs in")
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_usual_port_is_taken_where_it_is_free_and_another_where_not() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert free_or_other(port) != port
    assert free_or_other(port) == port
