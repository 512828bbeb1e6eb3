"""What is still said of an entity whose source fails, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exporter.contract import Report, Sample


@dataclass(frozen=True, slots=True)
class Kept:
    """An entity's last samples, those that last, and the monotonic second of the evaluation they come from."""

    samples: tuple[Sample, ...]
    lasting: tuple[Sample, ...]
    good_at: float


def merge(kept: Mapping[str, Kept], reports: Iterable[Report], good_at: float) -> dict[str, Kept]:
    """The entities after a run that began at the monotonic second ``good_at``.

    A report with an error (or one that waits) and no samples leaves the last samples where they are, to age; its
    lasting samples are new. Any other report replaces both, as old as it says that they are, and an entity that is not
    reported is gone: undefined is absent at once.
    """
    return {report.entity: _after(kept.get(report.entity), report, good_at) for report in reports}


def _after(before: Kept | None, report: Report, good_at: float) -> Kept:
    if not (report.error or report.waits) or report.samples or before is None:
        return Kept(report.samples, report.lasting, good_at - report.behind)
    return Kept(before.samples, report.lasting, before.good_at)


def visible(kept: Mapping[str, Kept], now: float, keep_seconds: float) -> list[Sample]:
    """The samples to serve at the monotonic second ``now``: those younger than ``keep_seconds``, and all that last."""
    return [
        sample
        for entity in kept.values()
        for group in (entity.samples if now - entity.good_at < keep_seconds else (), entity.lasting)
        for sample in group
    ]
