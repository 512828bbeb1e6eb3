from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from exporter.sources.moments import stored, unix

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
NOW = 1_767_225_600.0  # 2026-01-01 00:00:00 UTC


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (datetime(2026, 1, 1, 1), NOW),  # noqa: DTZ001 - a time without a zone is what is read here
        (datetime(2026, 1, 1, tzinfo=UTC), NOW),
        (datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), NOW),
        ("2026-01-01 01:00:00", NOW),
        ("2026-01-01T00:00:00Z", NOW),
        ("2026-01-01T01:00:00.5+01:00", NOW + 0.5),
        (NOW, NOW),
        (Decimal(5), 5.0),
        (NOW * 1000, None),
        (float("nan"), None),
        ("yesterday", None),
        (None, None),
        (True, None),
    ],
)
def test_times_in_any_form(value: object, seconds: float | None) -> None:
    assert unix(value, BERLIN) == seconds


def test_a_time_is_given_as_the_column_holds_it() -> None:
    assert stored(NOW, sa.REAL(), BERLIN) == NOW
    assert stored(NOW, sa.BigInteger(), BERLIN) == NOW
    assert stored(NOW, sa.DateTime(timezone=True), BERLIN) == datetime(2026, 1, 1, tzinfo=UTC)
    naive = stored(NOW, sa.DateTime(), BERLIN)
    assert naive == datetime(2026, 1, 1, 1)  # noqa: DTZ001 - as above
    assert unix(naive, BERLIN) == NOW
    assert stored(NOW, None, UTC_ZONE) == datetime(2026, 1, 1)  # noqa: DTZ001 - as above
