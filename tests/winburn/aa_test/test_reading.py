"""One reading of real files: facts of the control, units a day where the file keeps a history."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.sources.file import FileSource
from tests.winburn.aa_test.plans import PROPORTION, RATE, experiment
from winburn.aa_test.facts import Facts
from winburn.aa_test.reading import read

AT = 1_700_000_000.0
HEAD = "t,variant,n,successes,seconds,events\n"


def found(folder: Path, text: str, **keys: object) -> tuple[dict[tuple[str, str], Facts | str], dict[str, float]]:
    path = folder / "counts.csv"
    path.write_text(HEAD + text)
    timed = {"csv": {"time": "t", "columns": {"exposure": "seconds"}}}
    it = experiment({**PROPORTION, **timed}, {**RATE, **timed}, **keys)  # type: ignore[arg-type]
    return read({"shop": FileSource("shop", str(path))}, [it], 15.0, AT)


def test_rates_of_the_control_and_the_pace_of_a_day(tmp_path: Path) -> None:
    rows = [(AT - 90_000, 100, 9), (AT - 60, 1100, 110)]
    text = "".join(f"{t:.0f},{v},{n},{s},{n * 60},{n // 2}\n" for t, n, s in rows for v in "ab")
    facts, pace = found(tmp_path, text, status="draft")
    conversion, errors = facts["buttons", "conversion"], facts["buttons", "errors"]
    assert isinstance(conversion, Facts)
    assert isinstance(errors, Facts)
    assert conversion.mean == pytest.approx(0.1)
    assert conversion.origin == "of 1,100 units of a, read from shop"
    assert errors.mean == pytest.approx(0.5)  # per unit, not per second
    assert pace == {"buttons": 2000.0}


def test_without_history_there_is_no_pace(tmp_path: Path) -> None:
    _, pace = found(tmp_path, f"{AT - 90_000:.0f},a,100,9,5,1\n{AT - 90_000:.0f},b,100,9,5,1\n")
    assert pace == {}


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    facts, _ = found(tmp_path, f"{AT - 90_000:.0f},b,100,9,5,1\n")
    assert facts["buttons", "conversion"] == "shop has no units of a"
    facts, _ = found(tmp_path, f"{AT - 90_000:.0f},a,soon,9,5,1\n")
    assert "soon" in str(facts["buttons", "conversion"])
