from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.exporter.sources.fake_prometheus import Fake


@pytest.fixture
def fake() -> Iterator[Fake]:
    """A server on loopback that behaves as it is told."""
    fake = Fake()
    yield fake
    fake.close()
