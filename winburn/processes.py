"""Start child servers on loopback that end with us, even where we are killed.

On Linux a child asks the kernel for SIGTERM at its parent's death (PR_SET_PDEATHSIG, prctl(2)). A small launcher does
this between fork and exec: this file, run by path. Elsewhere children end through `stop` or `Group` only.
"""

from __future__ import annotations

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:  # the launcher runs without our packages
    from winburn.servers import Servers

LOOPBACK = "127.0.0.1"
_PR_SET_PDEATHSIG = 1
_TAIL_BYTES = 4000
_ANSWER_SECONDS = 2.0

# The kernel counts the end of the THREAD that forked as the parent's death. All children come from this one thread,
# which lives as long as the process: a caller's short-lived thread would take its servers with it.
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


class ServerError(RuntimeError):
    """A server ended, or did not answer in time. The text carries the tail of its log."""


@dataclass(frozen=True, slots=True)
class Process:
    """A running child: its handle, and the file that receives its stdout and stderr."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def tail(self) -> str:
        """The last lines of the log, at most 4000 bytes."""
        text = self.log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace") if self.log.exists() else ""
        return text.strip() or "(nothing)"


class Group(ExitStack):
    """A context that stops what was added to it, the newest first, whatever happens inside."""

    def add(self, process: Process) -> Process:
        """Stop this process at the end of the context; returns it."""
        self.callback(stop, process)
        return process


def start(
    command: Sequence[str | Path], log: Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Process:
    """Start a command in a process group of its own; its output is appended to `log`, its stdin is empty.

    `env` None hands on our environment. A command that cannot be run shows in the log, with exit status 127.
    """
    launcher = [sys.executable, "-I", "-S", __file__, "--parent", str(os.getpid()), "--"]
    words = [str(word) for word in command]
    with log.open("ab") as output:
        popen = _SPAWNER.submit(
            subprocess.Popen[bytes],
            launcher + words,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        ).result()
    return Process(Path(words[0]).name, popen, log)


def stop(process: Process, grace: float = 10.0) -> int:
    """SIGTERM, and after `grace` seconds SIGKILL to its whole group; returns the exit status (negative: the signal)."""
    process.popen.terminate()
    try:
        return process.popen.wait(grace)
    except subprocess.TimeoutExpired:
        os.killpg(process.popen.pid, signal.SIGKILL)
        return process.popen.wait()


def free_ports(count: int) -> list[int]:
    """Distinct TCP ports of 127.0.0.1 that are free, and that the system gives nobody else for a minute.

    A connection has just ended at each (TIME_WAIT, RFC 9293 section 3.3.2): whoever asks for any port does not get it,
    while a server that sets SO_REUSEADDR, as all of ours do, can listen there.
    """
    with ExitStack() as held:
        listeners = [held.enter_context(socket.create_server((LOOPBACK, 0))) for _ in range(count)]
        for listener in listeners:
            held.enter_context(socket.create_connection(listener.getsockname()))
            listener.accept()[0].close()  # the side that closes first is the one that keeps the port
        return [int(listener.getsockname()[1]) for listener in listeners]


def free_port() -> int:
    """One of `free_ports`."""
    return free_ports(1)[0]


def wait_http(url: str, deadline: float, process: Process) -> None:
    """Poll an http URL until it answers 200, for at most `deadline` seconds.

    Raises ServerError as soon as the process has ended, or when the time is over. No proxy is asked.
    """
    end = time.monotonic() + deadline
    while True:
        answer = _status(url)
        if (status := process.popen.poll()) is not None:
            raise ServerError(f"{process.name} ended with status {status}. End of {process.log}:\n{process.tail()}")
        if answer == 200:
            return
        if time.monotonic() >= end:
            raise ServerError(
                f"{process.name} did not answer at {url} within {deadline:g} s (last: {answer or 'no connection'}). "
                f"End of {process.log}:\n{process.tail()}"
            )
        time.sleep(0.05)


def start_prometheus(
    servers: Servers,
    folder: Path,
    config_text: str,
    port: int,
    log: Path,
    retention: str = "15d",
    extra_args: Sequence[str] = (),
) -> Process:
    """Start Prometheus on 127.0.0.1 with its data in `folder`/data; ready when /-/ready answers 200.

    The configuration is written to `folder`/prometheus.yml: relative paths in it start there.
    """
    program, folder = servers.need("prometheus"), folder.absolute()
    config = _written(folder / "prometheus.yml", config_text)
    command = [
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--storage.tsdb.retention.time={retention}",
        f"--web.listen-address={LOOPBACK}:{port}",
        "--web.enable-lifecycle",
        *extra_args,
    ]
    return start([program, *command], log, cwd=servers.assets(program) or folder)


def start_alertmanager(
    servers: Servers,
    folder: Path,
    config_text: str,
    port: int,
    log: Path,
    cluster: Sequence[str] = ("--cluster.listen-address=",),
) -> Process:
    """Start an Alertmanager on 127.0.0.1, data in `folder`/data; ready when /-/ready answers 200.

    It stands alone, unless `cluster` holds other options (`--cluster.peer` ...). The configuration is written to
    `folder`/alertmanager.yml: relative paths in it start there.
    """
    program, folder = servers.need("alertmanager"), folder.absolute()
    config = _written(folder / "alertmanager.yml", config_text)
    command = [
        f"--config.file={config}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={LOOPBACK}:{port}",
        *cluster,
    ]
    return start([program, *command], log, cwd=servers.assets(program) or folder)


def launch(parent: int, command: Sequence[str]) -> None:
    """Become `command`, tied to the life of `parent`, our parent process; does not return.

    Exits with status 127 and a line on stderr where the command cannot be run.
    """
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0):
        sys.exit("cannot tie the server to its parent: prctl failed")
    if os.getppid() != parent:  # it ended before prctl: no signal will come
        sys.exit("the parent process is gone")
    # Python ignores these two, and exec hands that on to programs that count on them.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(command[0], list(command))  # noqa: S606 - a launcher without a shell is the point
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.exit(127)


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _status(url: str) -> int | None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or LOOPBACK, parts.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


if __name__ == "__main__":
    launch(int(sys.argv[2]), sys.argv[4:])
