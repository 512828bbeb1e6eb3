"""Real children: they answer, they end when told to, and they end when their parent is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.waiting import until
from winburn.processes import (
    LOOPBACK,
    Group,
    Process,
    ServerError,
    free_port,
    free_ports,
    start,
    start_alertmanager,
    start_prometheus,
    stop,
    wait_http,
)
from winburn.servers import Servers, ServersUnavailable

ROOT = Path(__file__).resolve().parents[2]
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is a call of Linux")


def runs(pid: int) -> bool:
    """A zombie, which waits for a parent to collect it, does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def command_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def python(code: str) -> list[str | Path]:
    return [sys.executable, "-c", code]


@linux_only
def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from winburn.processes import start\n"
        "print(start(['sleep', '300'], Path(sys.argv[1])).popen.pid, flush=True); time.sleep(300)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "log")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        try:
            assert parent.stdout
            child = int(parent.stdout.readline())
            until(lambda: command_of(child).startswith(b"sleep"))
        finally:
            parent.kill()
    until(lambda: not runs(child))


@linux_only
def test_the_launcher_starts_nothing_when_the_parent_is_already_gone(tmp_path: Path) -> None:
    launcher = [sys.executable, str(ROOT / "winburn" / "processes.py"), "--parent", "1"]
    done = subprocess.run([*launcher, "--", "touch", tmp_path / "made"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "the parent process is gone\n")
    assert not (tmp_path / "made").exists()


@linux_only
def test_a_child_outlives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    with Group() as group:
        children: list[Process] = []

        def ask() -> None:
            children.append(group.add(start(["sleep", "300"], tmp_path / "log")))
            until(lambda: command_of(children[0].popen.pid).startswith(b"sleep"))

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        with pytest.raises(subprocess.TimeoutExpired):
            children[0].popen.wait(0.3)


@linux_only
def test_a_child_has_a_process_group_of_its_own_and_default_signals(tmp_path: Path) -> None:
    with Group() as group:
        # No Python, which ignores SIGPIPE by itself.
        child = group.add(start(["sh", "-c", "cat /proc/self/status; exec sleep 300"], tmp_path / "log"))
        until(lambda: "SigIgn" in child.tail())
        assert os.getpgid(child.popen.pid) == child.popen.pid
        ignored = int(child.tail().split("SigIgn:")[1].split()[0], 16)
        assert ignored & 1 << (signal.SIGPIPE - 1) == 0


def test_stop_says_how_the_child_ended(tmp_path: Path) -> None:
    child = start(["sleep", "300"], tmp_path / "log")
    assert stop(child) == -signal.SIGTERM
    assert stop(child) == -signal.SIGTERM  # once more is harmless


def test_a_child_that_ignores_sigterm_is_killed_with_its_own_children(tmp_path: Path) -> None:
    stubborn = start(["sh", "-c", "trap '' TERM; sleep 300 & echo $!; wait; wait"], tmp_path / "log")
    until(lambda: stubborn.tail().isdigit())
    assert stop(stubborn, grace=0.2) == -signal.SIGKILL
    until(lambda: not runs(int(stubborn.tail())))


def test_a_group_stops_the_newest_first_and_all_even_after_an_error(tmp_path: Path) -> None:
    code = (
        "import signal, sys\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\n"  # until it is waited for
        "print('up', flush=True)\n"
        "signal.sigwait({signal.SIGTERM})\n"
        "print('bye', sys.argv[1], flush=True)"
    )
    log = tmp_path / "log"

    def fail() -> None:
        with Group() as group:
            for count, name in enumerate(("one", "two"), 1):
                group.add(start([*python(code), name], log))
                until(lambda count=count: log.read_text().count("up") == count)
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail()
    assert log.read_text().split() == ["up", "up", "bye", "two", "bye", "one"]


def test_a_command_that_does_not_exist_ends_with_127_and_says_so(tmp_path: Path) -> None:
    child = start(["/nowhere/server"], tmp_path / "log")
    assert child.popen.wait(60) == 127
    assert child.tail() == "/nowhere/server: No such file or directory"


def test_free_ports_are_distinct() -> None:
    assert len(set(free_ports(20))) == 20


def test_a_free_port_is_kept_for_a_server_and_nobody_else_gets_it() -> None:
    port = free_port()
    with socket.socket() as anybody, pytest.raises(OSError, match="in use"):
        anybody.bind((LOOPBACK, port))  # as the system tries it for those who ask for any port
    socket.create_server((LOOPBACK, port)).close()


def test_wait_http_returns_once_the_server_answers_without_asking_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setattr("winburn.processes._ANSWER_SECONDS", 60.0)
    port = free_port()
    with Group() as group:
        command = [sys.executable, "-m", "http.server", str(port), "--bind", LOOPBACK]
        server = group.add(start(command, tmp_path / "log", cwd=tmp_path))
        wait_http(f"http://{LOOPBACK}:{port}/", 60, server)
        with pytest.raises(ServerError, match=r"did not answer .* within 0.1 s .last: 404"):
            wait_http(f"http://{LOOPBACK}:{port}/nothing", 0.1, server)


def test_wait_http_tells_the_end_of_the_log_of_a_server_that_died(tmp_path: Path) -> None:
    server = start(python("import sys; sys.exit('bad configuration in line 3')"), tmp_path / "log")
    with pytest.raises(ServerError, match=r"ended with status 1.*\n.*bad configuration in line 3"):
        wait_http(f"http://{LOOPBACK}:{free_port()}/", 60, server)


def test_wait_http_names_no_connection_when_nothing_listens(tmp_path: Path) -> None:
    with Group() as group:
        silent = group.add(start(["sleep", "300"], tmp_path / "log"))
        with pytest.raises(ServerError, match=r"no connection.*\n\(nothing\)"):
            wait_http(f"http://{LOOPBACK}:{free_port()}/", 0.1, silent)


def test_a_server_that_was_not_found_is_named(tmp_path: Path) -> None:
    with pytest.raises(ServersUnavailable, match="prometheus is not on this machine: install"):
        start_prometheus(Servers(), tmp_path, "", 1, tmp_path / "log")
    with pytest.raises(ServersUnavailable, match="alertmanager is not on this machine: install"):
        start_alertmanager(Servers(), tmp_path, "", 1, tmp_path / "log")
