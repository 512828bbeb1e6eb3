"""One SLO backtested: the past once, and what would have happened as it is written and for each what-if."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.sources.base import CounterSource, SlotSource
from exporter.spec import Slo
from winburn.backtest.course import Course, course, reach
from winburn.backtest.firings import Firing, firings
from winburn.backtest.increments import Increments
from winburn.backtest.past import Past, Progress, Span, read
from winburn.backtest.summary import Summary, summary
from winburn.backtest.theory import Reaction, reactions


@dataclass(frozen=True, slots=True)
class Backtest:
    """What would have happened to one SLO, or to its group ``group`` (``zone=eu``). ``what_ifs`` holds what is changed,
    and the summary with that change."""

    group: str
    course: Course
    firings: tuple[Firing, ...]
    summary: Summary
    what_ifs: tuple[tuple[str, Summary], ...]
    reactions: tuple[tuple[Reaction, ...], ...]
    keep: float

    @property
    def name(self) -> str:
        """The SLO's name, and its group where it has them."""
        return f"{self.slo.name} {self.group}".rstrip()

    @property
    def slo(self) -> Slo:
        """As it is written."""
        return self.course.slo


def backtest(
    source: CounterSource | SlotSource,
    slo: Slo,
    span: Span,
    *,
    keep: float,
    what_ifs: Sequence[tuple[str, Slo]] = (),
    now: float,
    limit: int = 50,
    progress: Progress = lambda _share: None,
) -> list[Backtest]:
    """Replay the SLO over the span; one answer for each of its groups, exactly one where it is not grouped.

    ``keep`` is the rules' keep_firing_for, ``now`` the present, from which a server's retention counts, ``limit`` the
    spec's cap of groups. NotYet where the SLO's kind cannot be replayed, SourceError where the source has no answer.
    """
    far = max(reach(one, span.start) for one in (slo, *(changed for _, changed in what_ifs)))
    retention = source.retention_start(now) if hasattr(source, "retention_start") else None
    pasts = read(lambda: Increments(source, slo, limit), slo, span, far, retention, progress)
    return [_judged(name, slo, pasts[name], span, keep, what_ifs) for name in sorted(pasts)]


def _judged(group: str, slo: Slo, past: Past, span: Span, keep: float, what_ifs: Sequence[tuple[str, Slo]]) -> Backtest:
    written = course(slo, past, span)
    found = firings(written, keep)
    others = []
    for name, changed in what_ifs:
        other = course(changed, past, span)
        others.append((name, summary(other, firings(other, keep))))
    table = tuple(tuple(row) for row in reactions(slo, keep))
    return Backtest(group, written, tuple(found), summary(written, found), tuple(others), table, keep)
