"""Six situations in which tools for Prometheus show a wrong error budget: their traffic, minute by minute.

Each is a job of its own with samples each minute over a period of 30 days, on the minute, where a range of Prometheus 2
has one sample more than a range of Prometheus 3. Minute m is the time (m - 1, m] after the period's begin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

END = 1_750_000_000 // 86400 * 86400
MINUTES = 30 * 1440
FIRST = -60
"""The minute of the first sample: an hour before the period."""
BEGIN = END - MINUTES * 60
BUDGET = 0.001
POD_LIVES = (MINUTES - 40, MINUTES - 15)
ERROR_BORN = MINUTES - 20
VANISHED = MINUTES - 300
YOUNG = MINUTES - 360

Count = Callable[[int], int]
Samples = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Case:
    """A job: its series by labels, and what truly happened in each minute."""

    job: str
    series: Mapping[str, Samples]
    total: Count
    bad: Count

    def ratio(self) -> float:
        """Errors over requests of the whole period, counted one by one."""
        minutes = range(1, MINUTES + 1)
        return sum(map(self.bad, minutes)) / sum(map(self.total, minutes))


def counter(increments: Count, first: int = FIRST, last: int = MINUTES, start: int = 0) -> Samples:
    """Samples at the minutes first to last of a counter that begins at ``start``."""
    values = {first: start}
    for minute in range(first + 1, last + 1):
        values[minute] = values[minute - 1] + increments(minute)
    return values


def hour(minute: int) -> int:
    return (minute - 1) // 60 % 24


def steady(job: str, total: Count, bad: Count, first: int = FIRST, last: int = MINUTES) -> Case:
    """One process with a series of successes and one of errors, both there all the time."""
    good = counter(lambda m: total(m) - bad(m), first, last)
    series = {'instance="a",code="200"': good, 'instance="a",code="500"': counter(bad, first, last)}
    return Case(job, series, lambda m: total(m) * (first < m <= last), lambda m: bad(m) * (first < m <= last))


def night_and_day(minute: int) -> int:
    return 2 if hour(minute) < 12 else 1000


def none(_: int) -> int:
    return 0


def short_lived_errors() -> Case:
    """The error series starts anew each noon, with its first error, and is gone after an hour."""
    seen = {m: (m - 1) % 60 + 1 for m in range(1, MINUTES + 1) if hour(m) == 12}
    series = {'instance="a",code="200"': counter(lambda m: 1000 - (m in seen)), 'instance="a",code="500"': seen}
    return Case("gaps", series, lambda _: 1000, lambda m: int(m in seen))


def births(job: str, *, known: bool) -> Case:
    """Three pods answer one error each, and die; ``known``: after they were scraped for 20 minutes without an error."""
    series = {'instance="a",code="200"': counter(lambda _: 10)}
    first, last = POD_LIVES
    for pod in ("p1", "p2", "p3"):
        if known:
            series[f'instance="{pod}",code="200"'] = counter(lambda _: 10, first, last)
        series[f'instance="{pod}",code="500"'] = counter(none, ERROR_BORN, last, start=1)
    in_pods = 30 if known else 0
    errors = {ERROR_BORN: 3}
    return Case(
        job, series, lambda m: 10 + errors.get(m, 0) + in_pods * (first < m <= last), lambda m: errors.get(m, 0)
    )


NIGHT = steady("night", night_and_day, lambda m: int(hour(m) == 3))
DAY = steady("day", night_and_day, lambda m: 10 * (hour(m) == 15))
PAUSE = steady(
    "pause",
    lambda m: 1000 * (not MINUTES - 720 < m <= MINUTES - 710),
    lambda m: m % 2 * (not MINUTES - 720 < m <= MINUTES - 710),
)
GAPS = short_lived_errors()
BIRTHS = births("births", known=True)
NEW_PODS = births("new-pods", known=False)
VANISHES = steady("vanishes", lambda _: 1000, none, last=VANISHED)
YOUNG_SERVICE = steady("young", lambda _: 1000, lambda _: 3, first=YOUNG)
CASES = (NIGHT, DAY, PAUSE, GAPS, BIRTHS, NEW_PODS, VANISHES, YOUNG_SERVICE)


def write(path: Path) -> Path:
    """The samples of all cases as OpenMetrics text."""
    path.write_text("\n".join(["# TYPE http_requests counter", *_lines(), "# EOF", ""]))
    return path


def _lines() -> Iterator[str]:
    for case in CASES:
        for labels, samples in case.series.items():
            name = f'http_requests_total{{job="{case.job}",{labels}}}'
            for minute, value in samples.items():
                yield f"{name} {value} {BEGIN + minute * 60}"
