"""Snapshots of literal samples."""

from __future__ import annotations

import time
from collections.abc import Iterable

from exporter.contract import Sample
from exporter.snapshot import Snapshot, build, process_exposition, process_registry

_OWN = process_exposition(process_registry())


def snapshot(samples: Iterable[Sample], at: float = 1000.0, expires: float | None = None) -> Snapshot:
    return build(samples, own=_OWN, at=at, expires=time.monotonic() + 60 if expires is None else expires)
