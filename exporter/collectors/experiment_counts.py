"""Counts of an experiment's metric: cumulative sums per variant, and per variant and segment.

A key is the variant's name, or the variant and a segment such as ``country=de`` (:func:`key`); a value has the sums in
the order of the metric's kind (:attr:`exporter.spec.Kind.every`), nan for optional columns that are not given.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence

from exporter.sources.base import Count
from exporter.spec import KINDS, Metric

Sums = tuple[float, ...]
Counts = dict[str, Sums]

_BETWEEN = "\x1f"


def clean(name: str) -> str:
    """A name that came from outside, without the character that keys are put together with."""
    return name.replace(_BETWEEN, " ")


def key(variant: str, segment: str = "") -> str:
    """The key of all units of a variant, or of those in a segment."""
    return f"{variant}{_BETWEEN}{segment}" if segment else variant


def parts(of: str) -> tuple[str, str]:
    """Variant and segment of a key; the segment is empty for all units."""
    variant, _, segment = of.partition(_BETWEEN)
    return variant, segment


def from_rows(rows: Iterable[Count]) -> Counts:
    """What a source answered, by key."""
    return {key(clean(row.variant), clean(row.segment)): row.sums for row in rows}


def zero(metric: Metric) -> Sums:
    """No unit yet; optional columns are unknown."""
    kind = KINDS[metric.kind]
    return (*(0.0 for _ in kind.columns), *(math.nan for _ in kind.every[len(kind.columns) :]))


def plus(one: Sequence[float], other: Sequence[float]) -> Sums:
    """Sums over the units of both."""
    return tuple(a + b for a, b in zip(one, other, strict=True))


def minus(one: Sequence[float], other: Sequence[float]) -> Sums:
    """Sums over the units of ``one`` that are not of ``other``."""
    return tuple(a - b for a, b in zip(one, other, strict=True))


def as_json(counts: Mapping[str, Sequence[float]]) -> dict[str, list[float | None]]:
    """As a JSON value: nan becomes null."""
    return {of: [None if math.isnan(x) else x for x in sums] for of, sums in counts.items()}


def from_json(document: Mapping[str, Sequence[float | None]]) -> Counts:
    """What :func:`as_json` wrote."""
    return {of: tuple(math.nan if x is None else x for x in sums) for of, sums in document.items()}


def definition(metric: Metric) -> str:
    """A hash of what is counted; evidence of another definition is evidence of something else."""
    ways = [None if part is None else part.model_dump() for part in (metric.prometheus, metric.csv)]
    if metric.json_counts is not None:
        ways.append(metric.json_counts.model_dump())
    return hashlib.sha256(json.dumps([metric.kind, metric.source, metric.query, *ways]).encode()).hexdigest()
