"""The page stands alone, is well formed, and shows what the tables say; the PNG is one."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tests.winburn.backtest.scripted import BAD, HOUR, START, TOTAL, Scripted, counters, run, slo
from tests.winburn.backtest.test_text import outage
from winburn.backtest import output
from winburn.backtest.page import page
from winburn.backtest.picture import picture
from winburn.backtest.png import MISSING, available, png
from winburn.drawing.scales import COLUMNS, time_ticks

VOID = {"meta", "line", "rect", "polyline"}


class Tags(HTMLParser):
    """Checks that every tag is closed in order, and keeps what refers to something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.references += [v or "" for k, v in attrs if k in {"src", "href", "xlink:href", "srcset", "data", "action"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _parsed(text: str) -> Tags:
    tags = Tags()
    tags.feed(text)
    tags.close()
    assert tags.open == []
    return tags


def test_the_page_is_well_formed_and_refers_to_nothing() -> None:
    text = page([outage(), outage()])
    tags = _parsed(text)
    assert tags.references == []
    assert not re.search(r"https?:|//|@import|url\(|<script|<link|<img", text)
    assert tags.seen.count("svg") == 4
    assert "default-src 'none'" in text


def test_the_page_says_what_the_table_says() -> None:
    text = page([outage()])
    for part in ("2023-12-15 22:16", "34m30s", "69.4 %", "gate off", "fast 1h/5m &gt; 14.4"):
        assert part in text
    assert text == page([outage()])


def test_texts_are_escaped() -> None:
    text = page([outage()])
    assert "fast 1h/5m > 14.4" not in text


def test_no_data_and_no_slo_have_a_page_too() -> None:
    empty = run(Scripted({TOTAL: {}, BAD: {}}), slo(), START, START + HOUR)
    assert "No data" in page([empty])
    _parsed(page([empty]))
    _parsed(page([]))


def test_an_slo_without_tiers_has_a_picture() -> None:
    result = run(Scripted(counters(*_two_hours())), slo(alerting={"page": [], "ticket": []}), START, START + HOUR)
    _parsed(page([result]))


def test_lines_are_thinned_and_keep_their_peaks() -> None:
    result = outage()
    drawn = picture(result)
    (run_of_budget,) = drawn.budget
    assert len(run_of_budget) <= 2 * COLUMNS + 2
    fast = drawn.tiers[0]
    assert max(v for run in fast.runs for _, v in run) == max(f.peak for f in result.firings if f.tier == "fast")
    assert fast.fired == ((result.firings[0].since, result.firings[0].until),)
    assert drawn.burn_range[1] > max(fast.factor, 500)


def test_a_gap_breaks_a_line() -> None:
    total, bad = _two_hours()
    total[20:100] = bad[20:100] = 0
    result = run(Scripted(counters(total, bad)), slo(), START + 600, START + 7200)
    assert len(picture(result).tiers[0].runs) == 2


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (1, ["00:15", "00:30", "00:45"]),
        (24, ["03:00", "06:00", "21:00"]),
        (24 * 30, ["Nov 19", "Nov 23", "Dec 13"]),
        (24 * 365, ["Nov 27", "Jan 12", "Oct 14"]),
    ],
)
def test_times_have_round_ticks(hours: int, expected: list[str]) -> None:
    """From 2023-11-15 00:00 UTC on."""
    ticks = time_ticks(1_700_006_400.0 + 60, 1_700_006_400.0 + hours * 3600 - 60)
    texts = [text for _, text in ticks]
    assert [texts[0], texts[1], texts[-1]] == expected
    assert len(ticks) <= 9


def test_the_png_is_the_same_for_the_same_data() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is an optional extra")
    first = png("web", picture(outage()))
    assert first.startswith(b"\x89PNG")
    assert first == png("web", picture(outage()))


def test_files_are_written_and_a_missing_library_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = run(Scripted({TOTAL: {}, BAD: {}}), slo(), START, START + HOUR)
    folder = tmp_path / "new" / "report"
    lines = list(output.write(folder, [outage(), empty]))
    expected = [str(folder / "backtest.html"), str(folder / "web.png") if available() else MISSING]
    assert lines == expected
    monkeypatch.setattr(output, "available", lambda: False)
    assert list(output.write(tmp_path / "html-only", [outage()]))[1:] == [MISSING]
    assert [path.name for path in (tmp_path / "html-only").iterdir()] == ["backtest.html"]


def _two_hours() -> tuple[np.ndarray, np.ndarray]:
    return np.full(120, 100.0), np.full(120, 1.0)
