from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.exporter.sources.fake_prometheus import Fake


@pytest.fixture
def fake() -> Iterator[Fake]:
    """A fake Prometheus on loopback."""
    fake = Fake()
    yield fake
    fake.close()
