"""Samples to exposition text.

Byte for byte what ``prometheus_client.generate_latest`` writes for the same families and samples in the same order, at
a tenth of its cost: everything of a line but its value is kept from one refresh to the next, and lines whose values
are the same are kept whole.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from math import inf
from operator import itemgetter
from typing import Any

from prometheus_client.utils import floatToGoString

from exporter.contract import FAMILIES, TENANT, ContractError, Family, Labels, Sample
from exporter.pieces import LINES, Piece, joined

_go: Callable[[float], str] = floatToGoString  # the library leaves it untyped

# A histogram's sample names, in the order in which they stand for one set of labels.
_HISTOGRAM_SUFFIXES = ("_bucket", "_count", "_sum")
_EXPONENT_FROM = 1e6  # from here on floatToGoString and repr spell a positive number differently


@dataclass(frozen=True, slots=True)
class Block:
    """One family's sample lines; they are the same in both formats."""

    family: Family
    pieces: tuple[Piece, ...]

    @property
    def lines(self) -> str:
        """The text of all pieces."""
        return b"".join(piece.text for piece in self.pieces).decode()


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
    by_family = _by_family(samples, families)
    return {
        name: _unique(sorted(by_family[name], key=_order(families[name])), on_duplicate) for name in sorted(by_family)
    }


def _by_family(samples: Iterable[Sample], families: Mapping[str, Family]) -> dict[str, list[Sample]]:
    by_name: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_name[sample[0]].append(sample)
    by_family: defaultdict[str, list[Sample]] = defaultdict(list)
    for name, group in by_name.items():
        by_family[family_of(name, families).name] += group
    return by_family


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


@dataclass(slots=True)
class _Shelf:
    """What is kept of one family: its series as they came, their order, and in that order prefixes and pieces."""

    came: list[Labels] = field(default_factory=list)
    order: Sequence[Callable[[list[Sample]], Sequence[Sample]]] = ()  # gives the samples of a piece each
    labels: list[Labels] = field(default_factory=list)
    prefixes: list[Piece] = field(default_factory=list)  # by lines: strings of their own take 60 bytes
    pieces: list[Piece] = field(default_factory=list)


class Renderer:
    """Arranges and renders samples, as the ``tenant``'s where there is one; keeps order, line prefixes and lines of
    the series that are there."""

    def __init__(self, tenant: str | None = None) -> None:
        self.tenant = tenant
        self._more: Labels = () if tenant is None else ((TENANT, tenant),)
        self._shelves: dict[str, _Shelf] = {}
        self._numbers: list[int] = []

    def arrange(
        self,
        samples: Iterable[Sample],
        on_duplicate: Callable[[Sample], None] = raise_duplicate,
        families: Mapping[str, Family] = FAMILIES,
    ) -> dict[str, list[Sample]]:
        """:func:`arrange`; families whose series come as they came before are put in the order of before."""
        by_family = _by_family(samples, families)
        return {name: self._arranged(families[name], by_family[name], on_duplicate) for name in sorted(by_family)}

    def _arranged(self, family: Family, group: list[Sample], on_duplicate: Callable[[Sample], None]) -> list[Sample]:
        if family.type == "histogram":
            return _unique(sorted(group, key=_order(family)), on_duplicate)
        shelf, came = self._shelves.setdefault(family.name, _Shelf()), [labels for _, labels, _ in group]
        if shelf.came != came:
            # The same objects for every family: a number takes as much as a label does.
            self._numbers.extend(range(len(self._numbers), len(came)))
            order = sorted(self._numbers[: len(came)], key=came.__getitem__)
            unique = all(came[a] != came[b] for a, b in pairwise(order))
            if not unique:
                shelf.came = []
                return _unique([group[i] for i in order], on_duplicate)
            shelf.came = came
            shelf.order = [_getter(order[begin : begin + LINES]) for begin in range(0, len(order), LINES)]
        # Not in one call, which would keep Python's lock while a scrape waits.
        return [*chain.from_iterable(get(group) for get in shelf.order)]

    def blocks(
        self,
        arranged: Mapping[str, Sequence[Sample]],
        families: Mapping[str, Family] = FAMILIES,
        *,
        pack: bool = False,
    ) -> tuple[Block, ...]:
        """One block a family, in the order given; ``pack`` them, and what is kept for the next refresh."""
        self._shelves = {name: self._shelves.get(name) or _Shelf() for name in arranged}
        return tuple(
            Block(families[name], self._pieces(self._shelves[name], group, families[name], pack=pack))
            for name, group in arranged.items()
        )

    @property
    def kept(self) -> int:
        """How many line prefixes are held."""
        return sum(len(shelf.labels) for shelf in self._shelves.values())

    def _pieces(self, shelf: _Shelf, group: Sequence[Sample], family: Family, *, pack: bool) -> tuple[Piece, ...]:
        values = array("d", [value for _, _, value in group])
        if family.type == "histogram":
            prefixes = [line_prefix(name, labels + self._more) for name, labels, _ in group]
            return tuple(_changed(_by_piece(prefixes, pack=pack), values, [], pack=pack))
        labels = [labels for _, labels, _ in group]
        if shelf.labels != labels:
            known = dict(zip(shelf.labels, chain.from_iterable(map(_lines, shelf.prefixes)), strict=True))
            prefixes = [known.get(one) or line_prefix(family.name, one + self._more) for one in labels]
            shelf.prefixes, shelf.labels, shelf.pieces = _by_piece(prefixes, pack=pack), labels, []
        shelf.pieces = list(_changed(shelf.prefixes, values, shelf.pieces, pack=pack))
        return tuple(shelf.pieces)


def _getter(order: Sequence[int]) -> Callable[[list[Sample]], Sequence[Sample]]:
    """Gives the items at these places; of one place a list too, where itemgetter would give the item."""
    return itemgetter(*order) if len(order) > 1 else itemgetter(slice(order[0], order[0] + 1))


def _by_piece(prefixes: Sequence[str], *, pack: bool) -> list[Piece]:
    found = []
    for begin in range(0, len(prefixes), LINES):
        piece = Piece(b"", "\n".join(prefixes[begin : begin + LINES]).encode())
        found.append(piece.pack() if pack else piece)
    return found


def _lines(piece: Piece) -> list[str]:
    return bytes(piece.text).decode().split("\n")


def _changed(
    prefixes: Sequence[Piece], values: array[float], pieces: Sequence[Piece], *, pack: bool
) -> Iterator[Piece]:
    """The pieces of lines, those of ``pieces`` where no value is another; ``prefixes`` are by piece."""
    for number, begin in enumerate(range(0, len(values), LINES)):
        some = values[begin : begin + LINES]
        bits = some.tobytes()  # as numbers 0.0 and -0.0 were the same
        if number < len(pieces) and pieces[number].values == bits and pieces[number].is_packed == pack:
            yield pieces[number]
            continue
        lines = [
            # format_value() in place: at 100k series the calls alone cost a tenth of a second.
            f"{prefix}{value!r}\n" if -inf < value < _EXPONENT_FROM else prefix + format_value(value)
            for prefix, value in zip(_lines(prefixes[number]), some.tolist(), strict=True)
        ]
        piece = Piece(bits, "".join(lines).encode())
        yield piece.pack() if pack else piece


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
    text, openmetrics = parts(blocks)
    return Exposition(joined(text), joined(openmetrics))


def parts(blocks: Iterable[Block]) -> tuple[list[Piece | bytes], list[Piece | bytes]]:
    """Headers and pieces of both formats, in order."""
    text: list[Piece | bytes] = []
    openmetrics: list[Piece | bytes] = []
    for block in blocks:
        text += (_text_header(block.family).encode(), *block.pieces)
        openmetrics += (_openmetrics_header(block.family).encode(), *block.pieces)
    return text, openmetrics


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
