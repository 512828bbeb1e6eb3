"""What is logged of failures that last: their beginning, their changes and their end."""

import logging

import pytest

from exporter.notices import Notices


@pytest.fixture
def notices(caplog: pytest.LogCaptureFixture) -> Notices:
    caplog.set_level(logging.INFO, "notices")
    return Notices(logging.getLogger("notices"))


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [f"{record.levelname} {record.message}" for record in caplog.records]
    caplog.clear()
    return lines


def test_a_state_is_logged_when_it_begins_when_it_changes_and_once_when_it_is_over(
    notices: Notices, caplog: pytest.LogCaptureFixture
) -> None:
    for text in (None, "down", "down", "refused", None, None, "down"):
        notices.state("prod", text)
    assert logged(caplog) == [
        "WARNING prod: down",
        "WARNING prod: refused",
        "INFO prod: recovered",
        "WARNING prod: down",
    ]


def test_entities_with_the_same_sentence_share_a_line(notices: Notices, caplog: pytest.LogCaptureFixture) -> None:
    notices.failures("prod", {f"slo-{i}": "down" for i in range(7)} | {"other": "no such table"})
    assert logged(caplog) == [
        "WARNING prod (slo-0, slo-1, slo-2, slo-3, slo-4 and 2 more): down",
        "WARNING prod (other): no such table",
    ]


def test_one_entity_may_recover_while_another_goes_on_failing(
    notices: Notices, caplog: pytest.LogCaptureFixture
) -> None:
    notices.failures("prod", {"a": "down", "b": "down"})
    logged(caplog)
    notices.failures("prod", {"a": "down"})
    notices.failures("prod", {"a": "down"})
    assert logged(caplog) == ["INFO prod (b): recovered"]
