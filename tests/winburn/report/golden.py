"""Files that a change must not change unnoticed: WINBURN_GOLDEN=1 writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "report"


def same_as_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("WINBURN_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    assert text == path.read_text(encoding="utf-8"), (
        f"{name} has changed: if this is meant, run again with WINBURN_GOLDEN=1 and read the diff"
    )
