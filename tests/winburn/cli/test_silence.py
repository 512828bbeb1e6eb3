"""What the command prints; what it does to a real Alertmanager is in tests/e2e/test_acknowledge.py."""

from __future__ import annotations

import pytest

from exporter.sources.alertmanager import AlertmanagerApi, Silence
from winburn.cli.silence import _list


class Alertmanager(AlertmanagerApi):
    """Has one silence, as somebody wrote it on Alertmanager's page."""

    def __init__(self) -> None:
        super().__init__("http://am:9093")

    def silences(self) -> list[Silence]:
        return [Silence("1", "active", (), 0.0, "ann\x1b[2J", "rolling\nback \x07now")]


def test_what_others_wrote_stays_on_its_line_and_does_nothing_to_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _list([Alertmanager()], as_json=False)
    said = capsys.readouterr().out
    assert said == "1 until 1970-01-01 00:00:00 UTC by ann?[2J: {} rolling back ?now [am:9093]\n"
