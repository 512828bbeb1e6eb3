"""What others may send on the channel; the listening itself is in tests/e2e/test_changes_postgres.py."""

from __future__ import annotations

import pytest

pytest.importorskip("psycopg", reason="needs the extra postgresql")

from exporter.sources.changes_postgresql import _time_of


@pytest.mark.parametrize(
    ("payload", "at"),
    [
        ('{"at": 1.5}', 1.5),
        ("", None),
        ("[]", None),
        ('{"at": null}', None),
        ('{"at": NaN}', None),
        ('{"at": 1e999}', None),
        ('{"at": %s}' % ("9" * 400), None),
        ("[" * 7900, None),
    ],
    ids=["time", "nothing", "list", "null", "nan", "infinite", "too large", "too deep"],
)
def test_a_message_that_says_no_time_is_a_change_all_the_same(payload: str, at: float | None) -> None:
    assert _time_of(payload) == at
