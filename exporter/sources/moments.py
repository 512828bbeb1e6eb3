"""Times of a database: with a zone, without one, as text, as seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa


def unix(value: object, zone: ZoneInfo) -> float | None:
    """Unix seconds of a date, an ISO text or a number; a time without a zone is taken in ``zone``. None for anything
    else, and for texts that are no date."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | Decimal):
        seconds = float(value)
        return seconds if abs(seconds) < 1e11 else None  # milliseconds, infinities and NaN are no Unix seconds
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=zone)).timestamp()


def stored(at: float, column: Any, zone: ZoneInfo) -> float | datetime:
    """The Unix time as the column's type (of SQLAlchemy) holds it, to be compared with it."""
    if isinstance(column, sa.Numeric | sa.Float | sa.Integer):
        return at
    moment = datetime.fromtimestamp(at, UTC)
    if isinstance(column, sa.DateTime) and column.timezone:
        return moment
    return moment.astimezone(zone).replace(tzinfo=None)
