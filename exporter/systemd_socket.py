"""Sockets that systemd listens on and hands over (sd_listen_fds(3)): no privileges for low ports, no refused scrape
during a restart."""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping

_FIRST = 3
_WHAT_TO_DO = "start winburn by a .socket unit of systemd, or leave --web.systemd-socket away"


class SystemdSocketError(Exception):
    """No socket was handed over, or not one to serve HTTP on; the message is a sentence for the user."""


def inherited(environ: MutableMapping[str, str], pid: int) -> list[socket.socket]:
    """The listening sockets that systemd has handed to this process, each once: they are taken out of ``environ``.

    TCP of IPv4 and IPv6, or a Unix socket. SystemdSocketError where there is none.
    """
    count, meant_for = environ.pop("LISTEN_FDS", ""), environ.pop("LISTEN_PID", "")
    environ.pop("LISTEN_FDNAMES", None)
    if not count.isdigit() or int(count) < 1:
        raise SystemdSocketError(f"no socket was handed over (LISTEN_FDS is not set): {_WHAT_TO_DO}")
    if meant_for != str(pid):
        raise SystemdSocketError(f"the sockets are for another process (LISTEN_PID): {_WHAT_TO_DO}")
    return [_listening(number) for number in range(_FIRST, _FIRST + int(count))]


def _listening(number: int) -> socket.socket:
    try:
        os.set_inheritable(number, False)  # noqa: FBT003 - it takes no name
        found = socket.socket(fileno=number)
    except OSError as error:
        raise SystemdSocketError(f"file descriptor {number} is no socket ({error.strerror}): {_WHAT_TO_DO}") from None
    if found.type != socket.SOCK_STREAM or not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        found.close()
        raise SystemdSocketError(
            f"file descriptor {number} does not listen: the .socket unit needs ListenStream=, and Accept=no"
        )
    if found.family in {socket.AF_INET, socket.AF_INET6}:
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found


def described(listener: socket.socket) -> str:
    """Where it listens, for a log: ``[::]:10345`` or a path."""
    name = listener.getsockname()
    if isinstance(name, tuple):
        return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"
    return str(name)
