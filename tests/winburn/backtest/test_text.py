"""What a terminal shows."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.winburn.backtest.scripted import BAD, DAY, HOUR, START, TOTAL, Scripted, counters, run, slo
from winburn.backtest.document import document
from winburn.backtest.run import Backtest
from winburn.backtest.summary import what_ifs
from winburn.backtest.text import columns, duration, number, percent, table, when

BEGAN = START + 31 * DAY


def outage() -> Backtest:
    total = np.full(32 * 1440, 1000.0)
    bad = np.zeros_like(total)
    bad[31 * 1440 : 31 * 1440 + 30] = 1000
    changes = what_ifs(slo(), [], [], [None])
    return run(Scripted(counters(total, bad)), slo(), BEGAN - HOUR, BEGAN + 3 * HOUR, what_ifs=changes)


def test_the_table_of_an_outage() -> None:
    lines = table(outage()).splitlines()
    assert lines[0] == "web (web): 99.9 % over 30d, 2023-12-15 21:15 to 2023-12-16 01:15 UTC, every 1m"
    assert "  would have sent: 1 page (59m30s in all), 1 ticket" in lines
    firing = next(line for line in lines if line.lstrip().startswith("fast "))
    found = " ".join(firing.split())
    assert found == "fast page 2023-12-15 22:16 2023-12-15 22:50:30 34m30s 500 1m 2.31 % 69.4 % 30.6 %"
    assert any(line.split()[:2] == ["gate", "off"] for line in lines)
    reaction = "10 % 8m38s / 4m47s 21m36s / 28m42s 43m12s / 1h57m 43m12s / 5h57m 8m38s"
    assert reaction in [" ".join(line.split()) for line in lines]


def test_the_same_data_give_the_same_bytes() -> None:
    assert table(outage()) == table(outage())
    assert json.dumps(document(outage())) == json.dumps(document(outage()))


def test_json_has_the_same_numbers() -> None:
    found = json.loads(json.dumps(document(outage()), allow_nan=False))
    assert found["summary"]["pages"] == 1
    assert found["firings"][0]["detection_seconds"] == 60
    assert found["reactions"][0]["tiers"]["fast"]["detection_seconds"] == pytest.approx(51.84)
    assert found["what_if"][0]["change"] == "gate off"


def test_no_data_says_so() -> None:
    empty = run(Scripted({TOTAL: {}, BAD: {}}), slo(), START, START + HOUR)
    assert "no data" in table(empty)
    assert json.loads(json.dumps(document(empty), allow_nan=False))["summary"]["remaining"] is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.5, "0.5s"), (51.84, "52s"), (259.2, "4m19s"), (12960, "3h36m"), (2 * DAY, "2d")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_numbers_shares_and_times() -> None:
    assert [number(v) for v in (14.4, 1.0, 111.093, 12345.6, 0.0476)] == ["14.4", "1", "111", "12,346", "0.0476"]
    assert [percent(v) for v in (None, 0.02, 0.5, -20.0)] == ["-", "2.00 %", "50.0 %", "-2,000 %"]
    assert [when(v) for v in (None, 0.0, 30.0)] == ["-", "1970-01-01 00:00", "1970-01-01 00:00:30"]
    assert columns(("a", "b"), [("long", "x")]) == ["a     b", "long  x"]
