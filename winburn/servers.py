"""Find Prometheus and Alertmanager on this machine, or fetch them without root.

`find` looks on PATH, then in the cache folder. `fetch` fills the cache from the machine's own Debian or Ubuntu
archive: `apt-get download` checks the archive's signatures, `dpkg -x` only unpacks. Nothing is installed and no
service is started.

Run as a command, `python -m winburn.servers` fetches what is missing and prints where everything is.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TextIO

from winburn.debian import Archive, ArchiveError, Progress

PACKAGES = ("prometheus", "prometheus-alertmanager")
NAMES = {
    "prometheus": ("prometheus",),
    "promtool": ("promtool",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
    "amtool": ("amtool",),
}
# keep_firing_for came with 2.42: older ones refuse our rules.
OLDEST_PROMETHEUS = (2, 42)

_BY_HAND = (
    "install Prometheus 2.42 or newer (with promtool) and Alertmanager (with amtool) and put them on PATH "
    "(Debian and Ubuntu: packages prometheus and prometheus-alertmanager; elsewhere: https://prometheus.io/download/)"
)
_REDUCED = "Without them the demo runs reduced."

# Debian's builds open these folders by absolute path, and Alertmanager ends without its templates. The copies in
# our cache get a path of the same length that means "the folder you are started in".
_ASSETS = {
    "prometheus": b"/usr/share/prometheus/web",
    "prometheus-alertmanager": b"/usr/share/prometheus/alertmanager",
}


_PAGE_SCRIPTS = (
    "fonts-glyphicons-halflings",
    "libjs-bootstrap4",
    "libjs-d3",
    "libjs-eonasdan-bootstrap-datetimepicker",
    "libjs-jquery",
    "libjs-jquery-hotkeys",
    "libjs-moment",
    "libjs-moment-timezone",
    "libjs-mustache",
    "libjs-popper.js",
    "libjs-rickshaw",
)


class ServersUnavailable(RuntimeError):  # noqa: N818 - a state of the machine more than an error of anybody's
    """The servers cannot be had here. The text is one or two sentences for a person and names the way out."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where each program is; None where it was not found."""

    prometheus: Path | None = None
    promtool: Path | None = None
    alertmanager: Path | None = None
    amtool: Path | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the programs that were not found, in the order of the fields."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) is None)

    def need(self, name: str) -> Path:
        """The path of one program; raises ServersUnavailable where it was not found."""
        path = getattr(self, name)
        if not isinstance(path, Path):
            raise ServersUnavailable(f"{name} is not on this machine: {_BY_HAND}, or run `python -m winburn.servers`.")
        return path

    def assets(self, program: Path) -> Path | None:
        """The folder of pages and templates beside a server of a Debian package: where it must be started, if ours."""
        assets = _ASSETS.get(program.name)
        folder = program.parents[2] / assets.decode().lstrip("/") if assets and len(program.parents) > 2 else None
        return folder if folder and folder.is_dir() else None


def cache_folder(env: Mapping[str, str]) -> Path:
    """$WINBURN_CACHE, else $XDG_CACHE_HOME/winburn, else ~/.cache/winburn; absolute, not created.

    A relative XDG_CACHE_HOME is passed over, as the XDG base directory specification demands.
    """
    if own := env.get("WINBURN_CACHE"):
        return Path(own).absolute()
    if (shared := env.get("XDG_CACHE_HOME", "")) and Path(shared).is_absolute():
        return Path(shared) / "winburn"
    if home := env.get("HOME"):
        return Path(home).absolute() / ".cache" / "winburn"
    raise ServersUnavailable("There is no home folder for the cache: set WINBURN_CACHE to a folder you can write to.")


def find(env: Mapping[str, str], cache: Path) -> Servers:
    """Each program from env's PATH, else from the cache folder, else None. Starts nothing."""
    search = (env.get("PATH", ""), str(_unpacked(cache) / "usr" / "bin"))
    return Servers(**{field: _which(names, search) for field, names in NAMES.items()})


def fetch(cache: Path, env: Mapping[str, str], progress: Progress) -> Servers:
    """Find the programs and fetch those that are missing into the cache folder; all of them, tried with `--version`.

    Safe beside another fetch into the same folder: the second one waits for the first and uses its work.
    Raises ServersUnavailable where they cannot be had or do not run.
    """
    servers = find(env, cache)
    if servers.missing:
        with _locked(cache, progress):
            servers = find(env, cache)
            if servers.missing:
                _fetch_into(cache, env, progress)
                servers = find(env, cache)
    check(servers)
    return servers


def check(servers: Servers) -> None:
    """Raise ServersUnavailable where a program is missing, does not run here, or is a Prometheus before 2.42."""
    for name in NAMES:
        path = servers.need(name)
        try:
            done = subprocess.run(  # noqa: S603 - our own finding, no shell
                [path, "--version"], capture_output=True, text=True, errors="replace", timeout=60, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ServersUnavailable(f"{path} does not run on this machine ({_reason(error)}): {_BY_HAND}.") from error
        found = re.search(r"version (\d+)\.(\d+)", done.stdout + done.stderr)
        if name == "prometheus" and found and (int(found[1]), int(found[2])) < OLDEST_PROMETHEUS:
            raise ServersUnavailable(f"{path} is Prometheus {found[1]}.{found[2]}, too old for our rules: {_BY_HAND}.")


def main(argv: Sequence[str], env: Mapping[str, str], out: TextIO, err: TextIO) -> int:
    """Fetch the servers; progress to `err`, a line `name path` for each program to `out`.

    Returns 0, or 1 with --require where they cannot be had.
    """
    parser = argparse.ArgumentParser(prog="python -m winburn.servers", description=main.__doc__)
    parser.add_argument("--require", action="store_true", help="exit 1 where the servers cannot be had")
    options = parser.parse_args(argv)
    servers, status = Servers(), 0
    try:
        cache = cache_folder(env)
        servers = find(env, cache)
        servers = fetch(cache, env, lambda line: print(line, file=err, flush=True))
    except ServersUnavailable as problem:
        err.write(f"{problem}\n")
        status = 1 if options.require else 0
    for name in NAMES:
        if path := getattr(servers, name):
            out.write(f"{name} {path}\n")
    return status


def _unpacked(cache: Path) -> Path:
    # A home folder may be shared between machines of several architectures.
    return cache / "servers" / (platform.machine() or "unknown")


def _which(names: Sequence[str], search: Sequence[str]) -> Path | None:
    for path in search:
        for name in names:
            if path and (found := shutil.which(name, path=path)):
                return Path(found).absolute()
    return None


@contextlib.contextmanager
def _locked(cache: Path, progress: Progress) -> Iterator[None]:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = (cache / "servers.lock").open("w")
    except OSError as error:
        raise ServersUnavailable(
            f"The cache folder {cache} cannot be written to ({error.strerror}): set WINBURN_CACHE to a folder that can."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Another run is fetching the servers: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_into(cache: Path, env: Mapping[str, str], progress: Progress) -> None:
    for left in cache.glob("fetch-*"):  # of a run that was killed: we hold the lock, so nobody works there
        shutil.rmtree(left, ignore_errors=True)
    try:
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=cache) as work:
            _put_in_place(_download(Archive(Path(work), env, progress)), _unpacked(cache))
    except ArchiveError as error:
        raise ServersUnavailable(
            f"The servers could not be fetched ({error}). Try again with a network, or {_BY_HAND}. {_REDUCED}"
        ) from error
    except OSError as error:
        raise ServersUnavailable(
            f"The servers could not be unpacked into {cache} ({_reason(error)}): make room there, "
            f"or set WINBURN_CACHE to another folder. {_REDUCED}"
        ) from error


def _download(archive: Archive) -> Path:
    root = archive.unpack(PACKAGES)
    if not (root / "usr/bin/promtool").exists():  # a package of its own since Debian 13
        archive.unpack(["promtool"])
    _add_page_scripts(archive, root)
    make_startable(root)
    return root


def make_startable(root: Path) -> None:
    """Let the servers of unpacked packages find their pages and templates in the folder that they are started in."""
    for program, folder in _ASSETS.items():
        if (path := root / "usr/bin" / program).exists():
            _make_relative(path, folder)


def _add_page_scripts(archive: Archive, root: Path) -> None:
    """Add the libraries of Prometheus' own pages, where its package has these pages; without them all else works."""
    if not (root / _ASSETS["prometheus"].decode().lstrip("/") / "templates").is_dir():
        return
    try:
        archive.unpack(_PAGE_SCRIPTS)
    except ArchiveError as error:
        archive.progress(f"Prometheus' own pages will lack their scripts ({error})")
    shutil.rmtree(root / "usr/share/javascript/moment-timezone/data", ignore_errors=True)  # 200 MB that no page reads


def _put_in_place(root: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target.rename(root.with_name("replaced"))
    root.rename(target)


def _make_relative(program: Path, folder: bytes) -> None:
    program.write_bytes(program.read_bytes().replace(folder, b"./" * (len(folder) // 2) + b"." * (len(folder) % 2)))


def _reason(error: BaseException) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, sys.stdout, sys.stderr))
