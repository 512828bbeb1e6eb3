"""Broken specs and the exact words that their authors read: broken/NAME.yml and broken/NAME.txt.

After a change of the words: ``WINBURN_WRITE_GOLDEN=1 pytest tests/exporter/spec/test_broken.py``, and read the diff.
"""

import os
from pathlib import Path

import pytest

from exporter.spec import SpecErrors, load

BROKEN = Path(__file__).parent / "broken"
NAMES = sorted(path.stem for path in BROKEN.glob("*.yml"))


def messages(name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(BROKEN)
    with pytest.raises(SpecErrors) as caught:
        load(Path(f"{name}.yml"))
    return f"{caught.value}\n"


@pytest.mark.parametrize("name", NAMES)
def test_the_author_reads_exactly_this(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = messages(name, monkeypatch)
    golden = BROKEN / f"{name}.txt"
    if os.environ.get("WINBURN_WRITE_GOLDEN"):
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


def test_every_golden_has_its_spec() -> None:
    assert sorted(path.stem for path in BROKEN.glob("*.txt")) == NAMES
    assert len(NAMES) >= 40


@pytest.mark.parametrize("name", NAMES)
def test_every_message_names_the_file_and_a_line(name: str) -> None:
    for line in (BROKEN / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        assert line.startswith(f"{name}.yml:"), line
        assert line.split(":")[1].isdigit(), line


def test_no_secret_is_shown() -> None:
    shown = (BROKEN / "source_secret_not_shown.txt").read_text(encoding="utf-8")
    shown += (BROKEN / "source_address.txt").read_text(encoding="utf-8")
    for secret in ("12345", "67890", "hunter2"):
        assert secret not in shown
