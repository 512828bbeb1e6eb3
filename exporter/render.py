"""Samples to exposition text.

Byte for byte what ``prometheus_client.generate_latest`` writes for the same families and samples in the same order, at
a tenth of its cost: everything of a line but its value is kept from one refresh to the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from operator import itemgetter
from typing import Any

from prometheus_client.utils import floatToGoString

from exporter.contract import FAMILIES, TENANT, ContractError, Family, Sample

Labels = tuple[tuple[str, str], ...]

_go: Callable[[float], str] = floatToGoString  # the library leaves it untyped

# A histogram's sample names, in the order in which they stand for one set of labels.
_HISTOGRAM_SUFFIXES = ("_bucket", "_count", "_sum")
_EXPONENT_FROM = 1e6  # from here on floatToGoString and repr spell a positive number differently
_CACHE_SLACK = 1000  # series that may have vanished before the kept prefixes are looked through


@dataclass(frozen=True, slots=True)
class Block:
    """One family's sample lines; they are the same in both formats."""

    family: Family
    lines: str


@dataclass(frozen=True, slots=True)
class Exposition:
    """The same samples in text 0.0.4 and in OpenMetrics 1.0, the latter without its closing ``# EOF``."""

    text: bytes = b""
    openmetrics: bytes = b""


class DuplicateSeriesError(ContractError):
    """The same series twice in one refresh: two collectors, or two entities, claim one name."""


def raise_duplicate(sample: Sample) -> None:
    """Refuse a duplicate: the strict answer, for tests and for ``once``."""
    raise DuplicateSeriesError(f"{sample.name} {dict(sample.labels)} is there twice")


def arrange(
    samples: Iterable[Sample],
    on_duplicate: Callable[[Sample], None] = raise_duplicate,
    families: Mapping[str, Family] = FAMILIES,
) -> dict[str, list[Sample]]:
    """Samples by family: families by name, samples by labels, of a series that is there twice the first.

    ``on_duplicate`` is called with each later one. ContractError where a sample belongs to no family.
    """
    by_name: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_name[sample[0]].append(sample)
    by_family: defaultdict[str, list[Sample]] = defaultdict(list)
    for name, group in by_name.items():
        by_family[family_of(name, families).name] += group
    return {
        name: _unique(sorted(by_family[name], key=_order(families[name])), on_duplicate) for name in sorted(by_family)
    }


def family_of(name: str, families: Mapping[str, Family] = FAMILIES) -> Family:
    """The family that a sample's name belongs to: ``x_bucket`` to the histogram ``x``."""
    if (family := families.get(name)) is not None:
        return family
    for suffix in _HISTOGRAM_SUFFIXES:
        family = families.get(name.removesuffix(suffix))
        if family is not None and family.type == "histogram":
            return family
    raise ContractError(f"{name} is not in the catalogue (exporter/contract)")


def cut(samples: Sequence[Sample], cap: int) -> tuple[Sequence[Sample], dict[str, int]]:
    """At most ``cap`` samples a family, the first by order; beside them how many were left out, by family."""
    if len(samples) <= cap:
        return samples, {}
    arranged = arrange(samples, on_duplicate=lambda _: None)
    dropped = {name: len(group) - cap for name, group in arranged.items() if len(group) > cap}
    if not dropped:
        return samples, {}
    return [sample for group in arranged.values() for sample in group[:cap]], dropped


class Renderer:
    """Renders arranged samples, as the ``tenant``'s where there is one; keeps the line prefixes of the series that are
    there, and of few that are not."""

    def __init__(self, tenant: str | None = None) -> None:
        self.tenant = tenant
        self._more: Labels = () if tenant is None else ((TENANT, tenant),)
        self._prefixes: dict[str, dict[Labels, str]] = {}

    def blocks(
        self, arranged: Mapping[str, Sequence[Sample]], families: Mapping[str, Family] = FAMILIES
    ) -> tuple[Block, ...]:
        """One block a family, in the order given."""
        blocks = tuple(Block(families[name], self._lines(group)) for name, group in arranged.items())
        self._forget(arranged)
        return blocks

    @property
    def kept(self) -> int:
        """How many line prefixes are held."""
        return sum(map(len, self._prefixes.values()))

    def _lines(self, samples: Sequence[Sample]) -> str:
        prefixes: dict[Labels, str] = {}
        current = None
        parts: list[str] = []
        append = parts.append
        for name, labels, value in samples:
            if name != current:
                current = name
                prefixes = self._prefixes.setdefault(name, {})
            prefix = prefixes.get(labels)
            if prefix is None:
                prefix = prefixes[labels] = line_prefix(name, labels + self._more)
            # format_value() in place: at 100k series the calls alone cost a tenth of a second.
            plain = value.__class__ is float and -inf < value < _EXPONENT_FROM
            append(f"{prefix}{value!r}\n" if plain else prefix + format_value(value))
        return "".join(parts)

    def _forget(self, arranged: Mapping[str, Sequence[Sample]]) -> None:
        """Drop the prefixes of vanished series once they are as many as the present ones."""
        if self.kept <= 2 * sum(map(len, arranged.values())) + _CACHE_SLACK:
            return
        present: defaultdict[str, dict[Labels, str]] = defaultdict(dict)
        for group in arranged.values():
            for name, labels, _ in group:
                present[name][labels] = self._prefixes[name][labels]
        self._prefixes = dict(present)


def format_value(value: float) -> str:
    """A value and its line's end, in prometheus_client's spelling (``1e+06``, ``+Inf``)."""
    value = float(value)
    return f"{value!r}\n" if -inf < value < _EXPONENT_FROM else f"{_go(value)}\n"


def line_prefix(name: str, labels: Labels) -> str:
    """A sample line up to its value; labels by name, as prometheus_client writes them."""
    if not labels:
        return f"{name} "
    inner = ",".join(f'{label}="{_escape(value)}"' for label, value in sorted(labels))
    return f"{name}{{{inner}}} "


def exposition(blocks: Iterable[Block]) -> Exposition:
    """Both formats of the blocks."""
    blocks = tuple(blocks)
    return Exposition(
        "".join(part for block in blocks for part in (_text_header(block.family), block.lines)).encode(),
        "".join(part for block in blocks for part in (_openmetrics_header(block.family), block.lines)).encode(),
    )


def _text_header(family: Family) -> str:
    doc = family.help.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {family.name} {doc}\n# TYPE {family.name} {family.type}\n"


def _openmetrics_header(family: Family) -> str:
    # OpenMetrics names a counter's family without the suffix that its samples carry.
    name = family.name.removesuffix("_total") if family.type == "counter" else family.name
    return f"# HELP {name} {_escape(family.help)}\n# TYPE {name} {family.type}\n"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _order(family: Family) -> Callable[[Sample], Any]:
    return _histogram_order if family.type == "histogram" else itemgetter(1)


def _histogram_order(sample: Sample) -> tuple[Labels, int, float]:
    bound = next((float(value) for label, value in sample.labels if label == "le"), 0.0)
    part = next((i for i, suffix in enumerate(_HISTOGRAM_SUFFIXES) if sample.name.endswith(suffix)), 0)
    return tuple(pair for pair in sample.labels if pair[0] != "le"), part, bound


def _unique(samples: list[Sample], on_duplicate: Callable[[Sample], None]) -> list[Sample]:
    repeated = [i for i, (a, b) in enumerate(pairwise(samples), 1) if a[1] == b[1] and a[0] == b[0]]
    for i in repeated:
        on_duplicate(samples[i])
    gone = frozenset(repeated)
    return [sample for i, sample in enumerate(samples) if i not in gone] if gone else samples
