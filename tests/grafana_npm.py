"""Grafana's own npm packages for the tests: installed once into our cache folder, as tests/grafana has them locked.

Nothing of winburn needs them or node. Where node, npm or a network are missing the tests that need them skip and say
so; where CI=true they fail.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from winburn.servers import cache_folder

FOLDER = Path(__file__).parent / "grafana"
MANIFEST = ("package.json", "package-lock.json", ".npmrc")
# Some packages that @grafana/data requires are ES modules: these versions were the first that let require() have them.
OLDEST_NODE = ((20, 19), (22, 12))
_BY_HAND = "install node 20.19, 22.12 or newer with npm (https://nodejs.org/, or the packages nodejs and npm)"


class NpmUnavailable(RuntimeError):  # noqa: N818 - a state of the machine, as winburn.servers.ServersUnavailable
    """The packages cannot be had here. The text is for a person and names the way out."""


def installed_or_skip() -> Path:
    """The folder that has ``node_modules``. Where it cannot be had: skip, but an error where CI=true."""
    try:
        return installed()
    except NpmUnavailable as problem:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(problem))


@cache
def installed() -> Path:
    """The folder that has ``node_modules``, filled by ``npm ci`` where it is not there yet (a minute, 190 MB).

    Its name has the hash of the manifest, so that another lock gets another folder. Safe beside another run.
    """
    _check_node()
    home = cache_folder(os.environ)
    manifest = b"".join((FOLDER / name).read_bytes() for name in MANIFEST)
    place = home / f"npm-{hashlib.sha256(manifest).hexdigest()[:16]}"
    if not place.is_dir():
        home.mkdir(parents=True, exist_ok=True)
        with (home / "npm.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not place.is_dir():
                _install(home, place)
    return place


def run(script: str, given: Any, *, timeout: float = 600) -> Any:
    """What a script of tests/grafana writes to stdout as JSON, given ``given`` as JSON on stdin."""
    done = subprocess.run(
        ["node", FOLDER / script],
        env={**os.environ, "NODE_PATH": str(installed() / "node_modules")},
        input=json.dumps(given, allow_nan=False),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def _check_node() -> None:
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            raise NpmUnavailable(f"There is no {tool} here: {_BY_HAND}.")
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    if not new_enough(said):
        raise NpmUnavailable(f"node is {said.strip() or 'broken'}, too old: {_BY_HAND}.")


def new_enough(said: str) -> bool:
    """Whether what `node --version` says is a version that can load the packages."""
    version = re.match(r"v(\d+)\.(\d+)", said)
    found = (int(version[1]), int(version[2])) if version else (0, 0)
    even, odd = OLDEST_NODE
    return even <= found < (even[0] + 1, 0) or found >= odd


def _install(home: Path, place: Path) -> None:
    sys.stderr.write("Fetching Grafana's npm packages for the tests (once, about a minute)\n")
    with tempfile.TemporaryDirectory(prefix="npm-fetch-", dir=home) as work:
        for name in MANIFEST:
            shutil.copy(FOLDER / name, work)
        try:
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            done = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=600, check=False)
        except subprocess.TimeoutExpired:
            raise NpmUnavailable("npm ci took more than 600 s; is there a network?") from None
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "npm error" in line] or ["npm error no reason given"]
            reason = re.sub(r"\w+://\S+", "<address>", lines[0])  # an address may hold credentials
            raise NpmUnavailable(f"npm ci failed ({reason}); is there a network?")
        for name in MANIFEST:
            Path(work, name).unlink()
        Path(work).rename(place)
        Path(work).mkdir()  # which the context removes
