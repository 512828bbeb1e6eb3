"""Prometheus 3 and Alertmanager 0.3x of Debian's unstable suite, unpacked beside this machine's, not installed."""

from __future__ import annotations

import platform
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from winburn.debian import Archive, ArchiveError, Progress
from winburn.servers import Servers, ServersUnavailable, make_startable

ETC = Path("/etc")
_LINE = r"^deb[ \t]+(?:\[(.*?)\][ \t]+)?(\S+)[ \t]+(\S+)[ \t](?:.*[ \t])?main\b"
_FIELD = r"^([\w-]+):[ \t]*(.*)$"


def fetch_sid(cache: Path, env: Mapping[str, str], progress: Progress, etc: Path = ETC) -> Servers:
    """Prometheus and promtool of sid from the cache folder, fetched where missing.

    Raises ServersUnavailable where this is not Debian, or the archive does not have or give them.
    """
    root = _fetched(cache, "sid", ("prometheus", "promtool"), env, progress, etc)
    programs = root / "usr" / "bin"
    return Servers(prometheus=programs / "prometheus", promtool=programs / "promtool")


def fetch_sid_alertmanager(cache: Path, env: Mapping[str, str], progress: Progress, etc: Path = ETC) -> Servers:
    """Alertmanager and amtool of sid, likewise."""
    root = _fetched(cache, "sid-alertmanager", ("prometheus-alertmanager",), env, progress, etc)
    programs = root / "usr" / "bin"
    return Servers(alertmanager=programs / "prometheus-alertmanager", amtool=programs / "amtool")


def fetch_sid_compose(cache: Path, env: Mapping[str, str], progress: Progress, etc: Path = ETC) -> Path:
    """Docker's compose of sid, likewise: the plugin, which needs no Docker to read a file."""
    root = _fetched(cache, "sid-compose", ("docker-compose",), env, progress, etc)
    return root / "usr/libexec/docker/cli-plugins/docker-compose"


def fetch_sid_victoria_metrics(cache: Path, env: Mapping[str, str], progress: Progress, etc: Path = ETC) -> Path:
    """The program of VictoriaMetrics' single node of sid, likewise."""
    root = _fetched(cache, "sid-victoria-metrics", ("victoria-metrics",), env, progress, etc)
    return root / "usr" / "bin" / "victoria-metrics"


def _fetched(
    cache: Path, name: str, packages: tuple[str, ...], env: Mapping[str, str], progress: Progress, etc: Path
) -> Path:
    root = cache / name / (platform.machine() or "unknown")
    if not root.exists():
        cache.mkdir(parents=True, exist_ok=True)
        source = sid_source(etc)
        with tempfile.TemporaryDirectory(prefix="sid-", dir=cache) as work:
            try:
                unpacked = Archive(Path(work), _only(source, Path(work), env), progress).unpack(packages)
            except ArchiveError as error:
                raise ServersUnavailable(f"{packages[0]} of Debian sid could not be fetched ({error})") from error
            make_startable(unpacked)
            root.parent.mkdir(exist_ok=True)
            try:
                unpacked.rename(root)
            except OSError:
                if not root.exists():  # else another run was quicker
                    raise
    return root


def _only(source: str, work: Path, env: Mapping[str, str]) -> dict[str, str]:
    """An environment in which apt knows this source alone; `Archive` then fetches its lists into `work`."""
    sources, config = work / "sid.list", work / "sid.conf"
    sources.write_text(f"{source}\n")
    config.write_text(f'Dir::Etc::SourceList "{sources}";\nDir::Etc::SourceParts "/dev/null";\n')
    return {**env, "APT_CONFIG": str(config)}


def sid_source(etc: Path) -> str:
    """The sid line for the mirror and the keys with which this machine reads its own release."""
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', _text(etc / "os-release"), re.MULTILINE))
    if release.get("ID") != "debian":
        raise ServersUnavailable("Prometheus 3 comes from Debian's archive, and this machine is not a Debian")
    for uri, suites, keys in _sources(etc):
        if release.get("VERSION_CODENAME") in suites:
            return f"deb {f'[signed-by={keys}] ' if keys else ''}{uri} sid main"
    raise ServersUnavailable("the mirror of this machine's Debian release is not in its apt sources")


def _sources(etc: Path) -> Iterator[tuple[str, list[str], str]]:
    """Address, suites and keyring of each source of binary packages with a part named main, in both of apt's formats.

    Without that name another vendor's packages for this release would pass for the release itself.
    """
    for file in [etc / "apt/sources.list", *sorted((etc / "apt/sources.list.d").glob("*"))]:
        text = re.sub(r"^#.*\n?", "", _text(file), flags=re.MULTILINE)
        if file.suffix == ".list":
            for options, uri, suite in re.findall(_LINE, text, re.MULTILINE):
                yield uri, [suite], "".join(re.findall(r"signed-by=(\S+)", options))
        elif file.suffix == ".sources":
            for stanza in re.split(r"\n\s*\n", text):
                fields = {k.lower(): v.split() for k, v in re.findall(_FIELD, stanza, re.MULTILINE)}
                if "deb" in fields.get("types", []) and "main" in fields.get("components", []) and fields.get("uris"):
                    yield fields["uris"][0], fields.get("suites", []), " ".join(fields.get("signed-by", []))


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
