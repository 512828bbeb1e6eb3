"""Sockets as systemd hands them over: file descriptors from a fixed number on, and two variables."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from exporter import systemd_socket
from exporter.systemd_socket import SystemdSocketError, described, inherited

Hand = Callable[..., dict[str, str]]


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    """Put sockets, or the files of others, at consecutive numbers; the variables that say so."""
    # Beyond all that the process has open, however much other tests have left: what is there would be closed.
    first = max(int(each.name) for each in Path("/dev/fd").iterdir()) + 50
    monkeypatch.setattr(systemd_socket, "_FIRST", first)

    def over(*given: socket.socket) -> dict[str, str]:
        for i, each in enumerate(given):
            os.dup2(each.fileno(), first + i, inheritable=True)
        return {"LISTEN_FDS": str(len(given)), "LISTEN_PID": "77", "LISTEN_FDNAMES": "http", "HOME": "/"}

    yield over
    for number in range(first, first + 3):
        with suppress(OSError):
            os.close(number)


def test_all_kinds_that_listen_are_taken_once_and_kept_from_children(hand: Hand, tmp_path: object) -> None:
    with ExitStack() as stack:
        four = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        six = stack.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6))
        local = stack.enter_context(socket.socket(socket.AF_UNIX))
        local.bind(f"{tmp_path}/winburn.sock")
        local.listen()
        environ = hand(four, six, local)
        found = [stack.enter_context(each) for each in inherited(environ, 77)]
        assert [each.getsockname() for each in found] == [each.getsockname() for each in (four, six, local)]
        assert [described(each) for each in found] == [
            f"127.0.0.1:{four.getsockname()[1]}",
            f"[::1]:{six.getsockname()[1]}",
            f"{tmp_path}/winburn.sock",
        ]
        assert not any(os.get_inheritable(each.fileno()) for each in found)
        assert found[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert environ == {"HOME": "/"}
        for each in found:
            each.detach()
        with pytest.raises(SystemdSocketError, match="LISTEN_FDS is not set"):
            inherited(environ, 77)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "no socket was handed over"),
        ({"LISTEN_FDS": "0", "LISTEN_PID": "77"}, "no socket was handed over"),
        ({"LISTEN_FDS": "x", "LISTEN_PID": "77"}, "no socket was handed over"),
        ({"LISTEN_FDS": "1"}, "for another process"),
        ({"LISTEN_FDS": "1", "LISTEN_PID": "78"}, "for another process"),
        ({"LISTEN_FDS": "1", "LISTEN_PID": "77"}, r"file descriptor \d+ is no socket"),
    ],
)
def test_where_there_is_none_it_is_said(hand: Hand, environ: dict[str, str], words: str) -> None:
    hand()
    with pytest.raises(SystemdSocketError, match=words):
        inherited(environ, 77)


def test_a_socket_that_does_not_listen_is_refused(hand: Hand) -> None:
    with socket.socket() as idle, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        for each in (idle, datagrams):
            with pytest.raises(SystemdSocketError, match=r"does not listen: the \.socket unit needs ListenStream="):
                inherited(hand(each), 77)
