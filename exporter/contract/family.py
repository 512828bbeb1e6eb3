"""What is known of a metric family before any of its samples exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


class ContractError(Exception):
    """A series, label or value that the catalogue does not allow: a mistake in the code, never in a spec."""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family.

    ``labels`` are on every sample, ``optional_labels`` on some; an ``open`` family also carries labels that the spec
    names (``team="payments"``). ``stays`` marks families that stay true while the source fails, and therefore do not
    age out with the entity's other series.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    optional_labels: tuple[str, ...] = ()
    type: Literal["gauge", "counter", "histogram"] = "gauge"
    open: bool = False
    stays: bool = False
    all_labels: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "all_labels", (*self.labels, *self.optional_labels))

    def may_have(self, label: str) -> bool:
        """Whether a sample of this family can carry the label."""
        return self.open or label in self.all_labels

    def position(self, label: str) -> int:
        """Where the label stands in the family's order; labels of the spec stand last."""
        return self.all_labels.index(label) if label in self.all_labels else len(self.all_labels)

    def pairs(self, labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """The labels as pairs in the family's order; ContractError where one is missing or unknown."""
        try:
            pairs = tuple((label, labels[label]) for label in self.labels)
        except KeyError as missing:
            raise ContractError(f"{self.name} needs the label {missing.args[0]}; given {sorted(labels)}") from None
        if len(pairs) == len(labels):
            return pairs
        pairs += tuple((label, labels[label]) for label in self.optional_labels if label in labels)
        if len(pairs) == len(labels):
            return pairs
        more = sorted(set(labels) - set(self.all_labels))
        if not self.open:
            raise ContractError(f"{self.name} has no label {', '.join(more)}; it has {', '.join(self.all_labels)}")
        return pairs + tuple((label, labels[label]) for label in more)
