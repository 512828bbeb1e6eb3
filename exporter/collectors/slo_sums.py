"""Counting where a selector has too many series to read each of them: the server adds up their rates.

Less exact than counters (:mod:`exporter.counters`): the server extrapolates, and knows nothing of what a series counted
before it was first read. What it costs does not grow here with the series.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from exporter.collectors.slo_group import Floats
from exporter.collectors.slo_kinds import Counts, Reads
from exporter.sources.base import Matrix
from exporter.spec import Slo

ROOM = 0.8
"""Share of the allowed series below which they are read one by one again ..."""

CALM_SECONDS = 3600.0
"""... once it has been so for so long: a deployment that swings around the limit shall not swing the SLO too."""

_SERIES = ("series", "part_series")


def in_sums(slo: Slo, reads: Reads) -> Reads | None:
    """What to ask for in place of ``reads``; None where that is sums already, or counts nothing that grows.

    Roles are those of ``reads`` as events per second, and ``series`` and ``part_series``: how many series there are.
    """
    if reads.count is not None:
        return None
    by = f" by ({', '.join(slo.group_by)})" if slo.group_by else ""
    (_, total), (part, of_part) = reads.roles.items()
    native = slo.sli.latency is not None and slo.sli.latency.native
    if native and slo.sli.latency is not None:
        histogram = slo.sli.latency.histogram
        added = f"sum{by} (rate({histogram}[$range]))"
        total = of_part = histogram
        rates = {
            "total": f"histogram_count({added})",
            part: f"histogram_fraction(-Inf, {slo.sli.latency.threshold!r}, {added}) * histogram_count({added})",
        }
    else:
        rates = {"total": f"sum{by} (rate({total}[$range]))", part: f"sum{by} (rate({of_part}[$range]))"}
    counts = {role: f"count{by} ({of})" for role, of in zip(_SERIES, (total, of_part), strict=True)}
    return Reads({**rates, **counts}, _bad if part == "bad" else _good)


def series(matrices: Mapping[str, Matrix]) -> float:
    """How many series the largest selector had at the last instant."""
    return max(float(np.nansum(matrices[role].values[:, -1])) for role in _SERIES)


def _bad(values: Mapping[str, Floats], lengths: Floats) -> Counts:
    return _counts(values, lengths, _events(values["bad"], lengths))


def _good(values: Mapping[str, Floats], lengths: Floats) -> Counts:
    """A vanished good series is an outage, as with counters."""
    return _counts(values, lengths, _events(values["total"], lengths) - _events(values["good"], lengths))


def _counts(values: Mapping[str, Floats], lengths: Floats, bad: Floats) -> Counts:
    there = np.nansum(values["series"], axis=0) > 0
    return _events(values["total"], lengths), bad, np.where(there, lengths, 0.0)


def _events(rates: Floats, lengths: Floats) -> Floats:
    found: Floats = np.nansum(rates, axis=0) * lengths
    return found
