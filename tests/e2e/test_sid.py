"""Where Prometheus 3 comes from; test_faulty_cases runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.sid import fetch_sid, sid_source
from winburn.servers import ServersUnavailable

STANZAS = """\
Types: deb
URIs: http://other.example/tools
Suites: trixie
Components: stable

# the mirror
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: trixie trixie-updates
Components: main contrib
Signed-By: /keys/debian.gpg
"""


def etc(folder: Path, name: str, text: str, system: str = "debian") -> Path:
    (folder / "apt/sources.list.d").mkdir(parents=True)
    (folder / "os-release").write_text(f'ID={system}\nVERSION_CODENAME=trixie\nID_LIKE="debian"\n')
    (folder / "apt" / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("sources.list.d/a.sources", STANZAS, "deb [signed-by=/keys/debian.gpg] http://mirror.example/debian sid main"),
        (
            "sources.list",
            "# deb http://a.example trixie main\ndeb http://o.example trixie new\ndeb http://m.example trixie main\n",
            "deb http://m.example sid main",
        ),
        (
            "sources.list.d/a.list",
            "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian trixie main\n",
            "deb [signed-by=/k.gpg] http://mirror.example/debian sid main",
        ),
    ],
    ids=["stanzas", "lines", "options"],
)
def test_the_mirror_and_keys_are_those_of_this_machine(tmp_path: Path, name: str, text: str, line: str) -> None:
    assert sid_source(etc(tmp_path, name, text)) == line


@pytest.mark.parametrize(
    ("text", "system", "reason"),
    [("", "debian", "not in its apt sources"), ("deb http://m.example trixie main\n", "ubuntu", "not a Debian")],
)
def test_without_a_mirror_there_is_a_reason(tmp_path: Path, text: str, system: str, reason: str) -> None:
    with pytest.raises(ServersUnavailable, match=reason):
        fetch_sid(tmp_path / "cache", {}, print, etc(tmp_path, "sources.list", text, system))


def test_without_apt_there_is_a_reason(tmp_path: Path) -> None:
    folder = etc(tmp_path, "sources.list", "deb http://mirror.example/debian trixie main\n")
    with pytest.raises(ServersUnavailable, match="there is no apt-get here"):
        fetch_sid(tmp_path / "cache", {"PATH": str(tmp_path)}, print, folder)
    assert not list((tmp_path / "cache").iterdir())
