"""What is asked of apt-get, in which order, and what is said when it refuses. The real fetch: test_servers.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from winburn.debian import Archive, ArchiveError

# Notes its subcommand; a download answers 0 only with lists of our own.
APT_GET = """\
case "$*" in *Dir::State::Lists*) own=yes ;; *) own=no ;; esac
for word; do case $word in update|download) echo "$word own=$own" >> {calls} ;; esac; done
case "$*" in
*update*) {update} ;;
*) [ $own = yes ] && touch some_1_all.deb && exit 0; echo 'E: Unable to locate package some'; exit 100 ;;
esac
"""


def archive(tmp_path: Path, update: str, told: list[str] | None = None) -> Archive:
    tools, work = tmp_path / "bin", tmp_path / "work"
    tools.mkdir()
    work.mkdir()
    script = APT_GET.format(calls=tmp_path / "calls", update=update)
    for name, body in (("apt-get", script), ("dpkg", 'mkdir -p "$3" && basename "$2" >> "$3/unpacked"\n')):
        (tools / name).write_text(f"#!/bin/sh\n{body}")
        (tools / name).chmod(0o755)
    return Archive(work, {"PATH": f"{tools}:/usr/bin:/bin"}, (told if told is not None else []).append)


def test_lists_of_our_own_come_after_the_machines_and_are_kept_for_the_next_packages(tmp_path: Path) -> None:
    told: list[str] = []
    ours = archive(tmp_path, "exit 0", told)
    assert ours.unpack(["some"]) == ours.unpack(["more"]) == tmp_path / "work" / "root"
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls == ["download own=no", "update own=yes", "download own=yes", "download own=yes"]
    assert (tmp_path / "work/root/unpacked").read_text() == "some_1_all.deb\n" * 2
    assert not list((tmp_path / "work").glob("*.deb"))
    assert told == [
        "Fetching some from the package archive",
        "The machine's package lists are empty or out of date: fetching lists of our own",
        "Unpacking",
        "Fetching more from the package archive",
        "Unpacking",
    ]


def test_a_broken_source_that_we_do_not_need_is_no_failure(tmp_path: Path) -> None:
    archive(tmp_path, "echo 'E: Failed to fetch http://other/'; exit 100").unpack(["some"])
    assert (tmp_path / "work/root/unpacked").exists()


def test_the_failed_update_is_the_reason_when_the_download_fails_after_it(tmp_path: Path) -> None:
    ours = archive(tmp_path, "echo 'E: Failed to fetch http://me:secret@mirror/ Timeout'; rm -r lists; exit 100")
    apt = tmp_path / "bin/apt-get"
    apt.write_text(apt.read_text().replace("[ $own = yes ]", "false"))
    with pytest.raises(ArchiveError) as caught:
        ours.unpack(["some"])
    assert str(caught.value) == "apt-get: E: Failed to fetch http://***@mirror/ Timeout; is there a network?"


def test_a_wait_tells_how_much_has_arrived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("winburn.debian._TICK", 0.05)
    monkeypatch.setattr("winburn.debian._LIMIT", 60.0)
    told: list[str] = []
    heard = tmp_path / "heard"

    def tell(line: str) -> None:
        told.append(line)
        if line == "  3 MB so far":
            heard.touch()

    fetching = f"head -c 3000000 /dev/zero > lists/packages; until [ -e {heard} ]; do sleep 0.02; done; exit 0"
    ours = replace(archive(tmp_path, fetching), progress=tell)
    (tmp_path / "work/root").mkdir()
    (tmp_path / "work/root/unpacked-before").write_bytes(bytes(9_000_000))
    ours.unpack(["some"])
    assert "  3 MB so far" in told


def test_what_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("winburn.debian._TICK", 0.05)

    def tell(line: str) -> None:
        if line == "Unpacking":  # apt-get has had its time
            monkeypatch.setattr("winburn.debian._LIMIT", 0.2)

    ours = replace(archive(tmp_path, "exit 0"), progress=tell)
    (tmp_path / "bin/dpkg").write_text("#!/bin/sh\nexec sleep 300\n")
    with pytest.raises(ArchiveError, match="dpkg took more than 0 s"):
        ours.unpack(["some"])
