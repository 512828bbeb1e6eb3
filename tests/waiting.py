"""Waiting for what a thread or a process of the test will do, as long as a busy machine takes to it."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(holds: Callable[[], object], seconds: float = 120.0) -> None:
    """Return once it holds; fail where it never does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"it did not come to hold within {seconds:g} s"
        time.sleep(0.005)
