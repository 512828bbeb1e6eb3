"""PEM texts as files."""

import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from exporter.web_config.pem import as_file


def held() -> list[str]:
    """What open descriptors of this process hold a PEM text; other threads may open and close others at any time."""
    found = []
    for each in Path("/proc/self/fd").glob("*"):
        with suppress(OSError):
            found.append(str(each.readlink()))
    return [name for name in found if "winburn-pem" in name]


@pytest.mark.parametrize("memory", [True, False])
def test_the_file_is_private_and_gone_afterwards(memory: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    if not memory:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    with as_file(b"key\n" * 1000) as path:
        assert Path(path).read_bytes() == b"key\n" * 1000
        mode = Path(path).stat().st_mode
        assert memory or stat.S_IMODE(mode) == 0o600
        assert len(held()) == memory or not Path("/proc/self/fd").is_dir()
    assert memory or not Path(path).exists()
    assert held() == []
