"""Samples by family, and the keys and blank rows that every section of the document is made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from exporter.contract import Sample

Labels = Mapping[str, str]
Row = dict[str, Any]
Section = dict[str, Row]


class Families:
    """Labels and value of every sample, by family name; a family that is not there is empty."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        found: defaultdict[str, list[Sample]] = defaultdict(list)
        for sample in samples:
            found[sample[0]].append(sample)
        self._found = dict(found)

    def __getitem__(self, name: str) -> Iterator[tuple[Labels, float]]:
        # One by one: objects of 100,000 labels at once are 25 MB, and most families are asked for by nobody.
        return ((dict(labels), value) for _, labels, value in self._found.get(name, ()))

    def spread(self, fields: Mapping[str, str]) -> Iterator[tuple[Labels, str, float]]:
        """(labels, field, value) of every sample of the families, each of which gives one field of a row."""
        for name, field in fields.items():
            for labels, value in self[name]:
                yield labels, field, value


def key(*parts: str) -> str:
    """One string for an identity of several parts: joined by slashes, those inside a part escaped as in a URL."""
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def in_order(section: Section) -> Section:
    """The rows sorted by key, so that equal samples give equal bytes."""
    return dict(sorted(section.items()))
