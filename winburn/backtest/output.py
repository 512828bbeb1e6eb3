"""Files of a backtest: the page, and a PNG for each SLO."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from winburn.backtest.page import page
from winburn.backtest.picture import picture
from winburn.backtest.png import MISSING, available, png
from winburn.backtest.run import Backtest
from winburn.backtest.text import when


def write(folder: Path, results: Sequence[Backtest]) -> Iterator[str]:
    """Write backtest.html and NAME.png for each SLO with data; yields a line for each file. OSError where it cannot."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "backtest.html"
    target.write_text(page(results), encoding="utf-8", newline="\n")
    yield str(target)
    if not available():
        yield MISSING
        return
    for result in results:
        if result.course.past.first_measured is None:
            continue
        span = result.course.span
        target = folder / f"{_file_name(result.name)}.png"
        title = f"{result.name}: {result.slo.objective:f} % over {result.slo.period_label}, "
        target.write_bytes(png(f"{title}{when(span.start)} to {when(span.end)} UTC", picture(result)))
        yield str(target)


def _file_name(text: str) -> str:
    """A group's values may hold anything: what no file system minds, and a check sum where that is not all."""
    safe = re.sub(r"[^A-Za-z0-9_.=,-]", "_", text)[:120]
    return safe if safe == text else f"{safe}-{zlib.crc32(text.encode()):08x}"
