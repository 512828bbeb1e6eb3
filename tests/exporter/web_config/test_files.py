"""Files of a web config, and whether they changed."""

import os
from pathlib import Path

import pytest

from exporter.web_config.files import read_file, stamp


def test_what_is_read_has_the_stamp_that_the_path_has(tmp_path: Path) -> None:
    path = tmp_path / "a.pem"
    path.write_bytes(b"text")
    file = read_file(path)
    assert (file.data, file.problem) == (b"text", "")
    assert file.stamp == stamp(path)


def test_a_change_of_content_or_a_replacement_changes_the_stamp(tmp_path: Path) -> None:
    path = tmp_path / "a.pem"
    path.write_bytes(b"text")
    before = stamp(path)
    path.write_bytes(b"texts")
    assert stamp(path) != before
    # As Kubernetes does it: a link to another folder, whose file may be as old and as long.
    (tmp_path / "b.pem").write_bytes(b"other")
    os.utime(tmp_path / "b.pem", ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    before = stamp(path)
    (tmp_path / "b.pem").replace(path)
    assert stamp(path) != before


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: None, "cannot be read: no such file or directory"),  # noqa: ARG005 - nothing is made
        (lambda path: path.mkdir(), "cannot be read: is a directory"),
        (lambda path: path.write_bytes(b"x" * 1_000_001), "larger than 1 MB: this is another file"),
    ],
)
def test_what_cannot_be_had_is_a_sentence(tmp_path: Path, make: object, problem: str) -> None:
    make(tmp_path / "a")  # type: ignore[operator]
    assert read_file(tmp_path / "a").problem == problem


def test_a_path_that_is_none_is_a_sentence_too(tmp_path: Path) -> None:
    assert read_file(tmp_path / "a\0b").problem == "not a path: it contains a NUL character"
    assert stamp(tmp_path / "gone") is None
