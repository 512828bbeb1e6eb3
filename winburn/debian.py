"""Unpack packages of Debian and Ubuntu without root: `apt-get download` checks signatures, `dpkg -x` only unpacks."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Progress = Callable[[str], None]

_TICK = 2.0
_LIMIT = 600.0

# Update hooks are written for root and fail for others; index kinds that no download needs cost megabytes;
# the sandbox user could not write to a folder of root's. Without Error-Mode a failed update looks like a good one.
_APT_CONFIG = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Retries "1";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::CNF::DefaultEnabled "false";
"""


class ArchiveError(RuntimeError):
    """The packages could not be had. The text is the reason, as a part of a sentence, without credentials."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The machine's package archive, used through an empty work folder of ours.

    `env` gives PATH and the proxies. `progress` gets a line for each step and every two seconds of waiting.
    """

    work: Path
    env: Mapping[str, str]
    progress: Progress

    def unpack(self, packages: Sequence[str]) -> Path:
        """Download the packages and unpack them into `work`/root; returns that folder. Raises ArchiveError.

        The machine's own package lists are tried first; where they are empty or too old, fresh ones are fetched into
        the work folder, from the sources and with the keys of this machine.
        """
        for tool in ("apt-get", "dpkg"):
            if not shutil.which(tool, path=self.env.get("PATH", "")):
                raise ArchiveError(f"there is no {tool} here")
        more = f" and {len(packages) - 2} more" if len(packages) > 2 else ""
        self.progress(f"Fetching {', '.join(packages[:2])}{more} from the package archive")
        if (self.work / "lists").exists():
            self._apt(*self._own_lists(), "download", *packages)
            return self._unpack_downloads()
        try:
            self._apt("download", *packages)
        except ArchiveError:
            self._download_with_own_lists(packages)
        return self._unpack_downloads()

    def _download_with_own_lists(self, packages: Sequence[str]) -> None:
        self.progress("The machine's package lists are empty or out of date: fetching lists of our own")
        for folder in ("state", "lists/partial", "cache/archives/partial"):
            (self.work / folder).mkdir(parents=True)
        failed_update: ArchiveError | None = None
        try:
            self._apt(*self._own_lists(), "update")
        except ArchiveError as error:  # one broken source of many need not matter to us
            failed_update = error
        try:
            self._apt(*self._own_lists(), "download", *packages)
        except ArchiveError as error:
            raise failed_update or error from None

    def _own_lists(self) -> list[str]:
        places = {"State": "state", "State::Lists": "lists", "Cache": "cache"}
        return [f"-oDir::{key}={self.work / folder}" for key, folder in places.items()]

    def _unpack_downloads(self) -> Path:
        self.progress("Unpacking")
        for package in sorted(self.work.glob("*.deb")):
            self._run("dpkg", "-x", str(package), str(self.work / "root"))
            package.unlink()
        return self.work / "root"

    def _apt(self, *arguments: str) -> None:
        config = self.work / "apt.conf"
        config.write_text(_APT_CONFIG)
        self._run("apt-get", "-q", "-y", "-c", str(config), *arguments)

    def _run(self, name: str, *arguments: str) -> None:
        tool = shutil.which(name, path=self.env.get("PATH", "")) or name
        log = self.work / "log"
        with (
            log.open("wb") as output,
            subprocess.Popen(  # noqa: S603 - our own arguments, no shell
                [tool, *arguments],
                cwd=self.work,
                env={**self.env, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as child,
        ):
            try:
                status = self._watch(name, child)
            finally:
                child.kill()
        if status:
            raise ArchiveError(f"{name}: {_last_error(log.read_text(errors='replace'))}; is there a network?")

    def _watch(self, name: str, child: subprocess.Popen[bytes]) -> int:
        end = time.monotonic() + _LIMIT
        while time.monotonic() < end:
            try:
                return child.wait(_TICK)
            except subprocess.TimeoutExpired:
                self.progress(f"  {_bytes_in(self.work) / 1e6:.0f} MB so far")
        raise ArchiveError(f"{name} took more than {_LIMIT:.0f} s")


def _bytes_in(folder: Path) -> int:
    total = 0
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "root"]  # what is unpacked has been counted when it arrived
        for name in names:
            with contextlib.suppress(OSError):  # apt-get renames its files while we look
                total += (Path(parent) / name).lstat().st_size
    return total


def _last_error(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("E: Failed", "E: Unable"))]
    told = told or [line for line in lines if line.startswith(("E:", "dpkg"))] or lines or ["no reason given"]
    return re.sub(r"://[^/@\s]+@", "://***@", told[-1])[:300]
