"""Where the real data sets lie beside the checkout, if they do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("WINBURN_SHARED", Path(__file__).resolve().parent.parent.parent / "shared"))


def shared(path: str) -> Path:
    """A file of the shared data; the test is skipped where it is missing."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"{found} is not there: this test needs the shared data sets (WINBURN_SHARED names their folder)")
    return found
