"""Samples and selectors: the only ways to name a series."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from exporter.contract.engagement import ENGAGEMENT_FAMILIES
from exporter.contract.experiment import EXPERIMENT_FAMILIES
from exporter.contract.family import ContractError, Family
from exporter.contract.health import HEALTH_FAMILIES
from exporter.contract.slo import SLO_FAMILIES

FAMILIES: dict[str, Family] = {
    f.name: f for f in (*SLO_FAMILIES, *EXPERIMENT_FAMILIES, *ENGAGEMENT_FAMILIES, *HEALTH_FAMILIES)
}
HEALTH: frozenset[str] = frozenset(f.name for f in HEALTH_FAMILIES)

E_VALUE_CAP = 1e300
"""e-values above this are exported as this: float64 ends at 1.8e308, and sums of capped values must stay finite."""


_QUOTE = json.JSONEncoder(ensure_ascii=False).encode
_SLACK = 1000
_MOST = 2**17

Labels = tuple[tuple[str, str], ...]

_of_shape: dict[object, dict[Labels, Labels]] = {}
_seen: dict[str, dict[Labels, Labels]] = {
    f.name: _of_shape.setdefault((f.labels, f.optional_labels, f.open), {}) for f in FAMILIES.values()
}
"""By family, label pairs as they came and as they are: the same series come at each refresh, and share their labels
between snapshots and with the other families that have the same labels."""


class Regex(str):
    """A label value for :func:`select` that is matched by ``=~`` instead of ``=``."""

    __slots__ = ()


class Sample(NamedTuple):
    """One series with its value: family name, label pairs in the family's order, finite value."""

    name: str
    labels: Labels
    value: float


def family(name: str) -> Family:
    """The family called ``name``; ContractError where the catalogue has none."""
    try:
        return FAMILIES[name]
    except KeyError:
        raise ContractError(f"{name} is not in the catalogue (exporter/contract)") from None


def sample(name: str, value: float, /, **labels: str) -> Sample:
    """One sample of the family ``name``.

    Raises ContractError where the family or a label is unknown, where a label is missing, and where the value is not
    finite: an undefined answer is an absent series (see :func:`optional`).
    """
    if not math.isfinite(value):
        raise ContractError(f"{name} {labels}: {value} is not a value; leave the series out")
    return Sample(name, _pairs(name, tuple(labels.items())), float(value))


def _pairs(name: str, labels: Labels) -> Labels:
    seen = _seen.get(name, {})
    if (found := seen.get(labels)) is None:
        if len(seen) >= _MOST:
            seen.clear()
        pairs = _shared(family(name).pairs(dict(labels)))
        found = seen[pairs if labels == pairs else labels] = seen.setdefault(pairs, pairs)
    return found


def _shared(labels: Labels) -> Labels:
    return tuple(map(_one_pair, labels))


@lru_cache(maxsize=2**15)  # a few thousand pairs make a hundred thousand series
def _one_pair(pair: tuple[str, str]) -> tuple[str, str]:
    return pair


def forget_labels(series: int) -> None:
    """Begin the kept labels anew once most are of series that are gone, where there are so many ``series`` now."""
    if sum(map(len, _of_shape.values())) > 2 * series + _SLACK:
        for seen in _of_shape.values():
            seen.clear()
        _one_pair.cache_clear()


def label_pairs(names: Iterable[str], /, **labels: str) -> Labels:
    """The label pairs that a sample of each of these families has, for :func:`known`.

    ContractError where the families do not agree, or one cannot have the labels.
    """
    found = {family(name).pairs(labels) for name in names}  # not cached: six families would keep six copies
    if len(found) != 1:
        raise ContractError(f"{', '.join(names)} order the labels {sorted(labels)} in different ways")
    return _shared(found.pop())


def known(name: str, pairs: Labels, value: float) -> Sample:
    """:func:`sample` for label pairs that were checked before: a third of its cost, at 50 series an SLO."""
    if not math.isfinite(value):
        raise ContractError(f"{name} {dict(pairs)}: {value} is not a value; leave the series out")
    return Sample(name, pairs, float(value))


def optional(name: str, value: float | None, /, **labels: str) -> tuple[Sample, ...]:
    """No sample where ``value`` is undefined (None, NaN or infinite), else one: undefined is absent."""
    if value is None or not math.isfinite(value):
        return ()
    return (sample(name, value, **labels),)


def select(name: str, /, **matchers: str) -> str:
    """The PromQL selector of a family, ``slo_burn_rate{slo="a",window="1h"}``, matchers in the family's order.

    Values are matched with ``=``, a :class:`Regex` with ``=~``. ContractError for labels that the family cannot have.
    """
    known = family(name)
    for label in matchers:
        if not known.may_have(label):
            raise ContractError(f"{name} has no label {label}; it has {', '.join(known.all_labels)}")
    order = sorted(matchers, key=lambda label: (known.position(label), label))
    inner = ",".join(
        f"{label}{'=~' if isinstance(matchers[label], Regex) else '='}{_QUOTE(matchers[label])}" for label in order
    )
    return f"{name}{{{inner}}}" if inner else name
