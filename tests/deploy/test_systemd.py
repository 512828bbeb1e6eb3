"""The systemd unit: verified, closed, and winburn lives within what it allows."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.tools import DEPLOY, program, run, understood
from tests.winburn.cli.spec_text import written
from winburn.processes import LOOPBACK, Group, ServerError, free_port, start, wait_http

FOLDER = DEPLOY / "systemd"
MOST_EXPOSED = 1.5
"""Of 10, by `systemd-analyze security`; what is left is the network."""


def unit(name: str) -> configparser.RawConfigParser:
    read = configparser.RawConfigParser(strict=False)
    read.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    read.read_string((FOLDER / name).read_text(encoding="utf-8"))
    return read


def arguments(default: str) -> list[str]:
    """What systemd makes of ExecStart with ARGS of the default file."""
    (args,) = re.findall(default, (FOLDER / "default").read_text(encoding="utf-8"), re.MULTILINE)
    return shlex.split(unit("winburn.service")["Service"]["ExecStart"].replace("$ARGS", args))[1:]


def test_systemd_verifies_it(tmp_path: Path) -> None:
    analyze = program("systemd-analyze")
    command = unit("winburn.service")["Service"]["ExecStart"].split()[0]
    text = (FOLDER / "winburn.service").read_text(encoding="utf-8")
    (tmp_path / "winburn.service").write_text(text.replace(command, str(program("true"))))
    shutil.copy(FOLDER / "winburn.socket", tmp_path)
    units = [tmp_path / "winburn.service", tmp_path / "winburn.socket"]
    done = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False)
    # What it only warns of, such as a key it does not know, is no failure to it; other units may be this machine's.
    assert [line for line in done.stderr.splitlines() if "winburn" in line] == []
    assert done.returncode == 0


def test_systemd_finds_it_closed() -> None:
    said = run(program("systemd-analyze"), "security", "--offline=true", FOLDER / "winburn.service")
    (level,) = re.findall(r"Overall exposure level for winburn\.service: ([\d.]+)", said)
    assert float(level) <= MOST_EXPOSED


def test_winburn_knows_the_options() -> None:
    options = understood(arguments(r'^ARGS="(.*)"$'))
    (address,) = options["addresses"]
    assert str(options["config"]) == "/etc/winburn/winburn.yml"
    assert unit("winburn.socket")["Socket"]["ListenStream"] == str(address.port)
    assert understood(arguments(r'^# With winburn\.socket: ARGS="(.*)"$'))["systemd_socket"] is True


def test_user_and_folders_are_made(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("users are made by root")
    (tmp_path / "etc").mkdir()
    for kind in ("sysusers", "tmpfiles"):
        folder = tmp_path / "usr" / "lib" / f"{kind}.d"
        folder.mkdir(parents=True)
        shutil.copy(FOLDER / f"winburn.{kind}", folder / "winburn.conf")
    run(program("systemd-sysusers"), f"--root={tmp_path}")
    run(program("systemd-tmpfiles"), f"--root={tmp_path}", "--create")
    service = unit("winburn.service")["Service"]
    (line,) = (tmp_path / "etc" / "passwd").read_text().splitlines()
    assert line.split(":")[0] == service["User"]
    state = (tmp_path / "var" / "lib" / service["StateDirectory"]).stat()
    assert (state.st_uid, state.st_mode & 0o777) == (int(line.split(":")[2]), int(service["StateDirectoryMode"], 8))


# PR_SET_MDWE and PR_MDWE_REFUSE_EXEC_GAIN of linux/prctl.h: what MemoryDenyWriteExecute=yes asks for.
CLOSED = """
import ctypes, os, sys
if ctypes.CDLL(None, use_errno=True).prctl(65, 1, 0, 0, 0):
    sys.exit("no PR_SET_MDWE")
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_it_serves_without_memory_that_is_written_and_executed(tmp_path: Path) -> None:
    assert unit("winburn.service")["Service"]["MemoryDenyWriteExecute"] == "yes"
    spec = written(tmp_path)
    port = free_port()
    address = f"--web.listen-address={LOOPBACK}:{port}"
    serve = [sys.executable, "-m", "winburn", "serve", f"--config.file={spec}", address]
    with Group() as group:
        process = group.add(start([sys.executable, "-c", CLOSED, *serve], tmp_path / "log", DEPLOY.parent))
        try:
            wait_http(f"http://{LOOPBACK}:{port}/-/ready", 300, process)
        except ServerError:
            if "no PR_SET_MDWE" in process.tail():
                pytest.skip("this kernel has no PR_SET_MDWE (Linux 6.3)")
            raise
    assert "Traceback" not in process.log.read_text()
