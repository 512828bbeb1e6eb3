"""PEM texts as files."""

import os
import stat
from pathlib import Path

import pytest

from exporter.web_config.pem import as_file


def open_files() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


@pytest.mark.parametrize("memory", [True, False])
def test_the_file_is_private_and_gone_afterwards(memory: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    if not memory:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    open_before = open_files()
    with as_file(b"key\n" * 1000) as path:
        assert Path(path).read_bytes() == b"key\n" * 1000
        mode = Path(path).stat().st_mode
        assert memory or stat.S_IMODE(mode) == 0o600
    assert not Path(path).exists()
    assert open_files() == open_before
