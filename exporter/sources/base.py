"""What a source can be asked, and how it fails."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from exporter.spec.experiment_models import JsonDefinition, Metric, Status
from exporter.spec.slo_models import CsvSlots

if TYPE_CHECKING:  # it tells these errors apart
    from exporter.sources.turns import Turns

Reading = Mapping[str, float]
"""Series key (:func:`series_key`) -> raw counter value at one instant; a series without a sample is not in it."""

LABEL_LENGTH = 200
"""Characters of a label's value that a source may give: as many as the spec's own values may have."""

BETWEEN, INSIDE, _ESCAPE = "\x1f", "\x1e", "\x1d"
"""Between the pairs of a series key, between name and value, and before what stands for either in a text."""


class SourceError(Exception):
    """The source did not answer, or not with what was asked for.

    The message is one sentence for the log, with the source's name and without secrets.
    """


class TooManySeries(SourceError):  # noqa: N818 - says what is the matter; the base says that it is an error
    """A selector has more series than may be read one by one; sums of them can be asked for."""


class Unreachable(SourceError):  # noqa: N818 - a state of the source; the base says that it is an error
    """There is no source at the address, or it does not answer in time."""


class TooLong(SourceError):  # noqa: N818 - as above
    """The source is there, and gave up this one question because its time was over."""


class Later(SourceError):  # noqa: N818 - as above
    """Nothing failed: the turn of this slow question comes in a later run."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Raw counters over time: ``values[i, j]`` of series ``keys[i]`` at Unix time ``times[j]``, NaN where absent."""

    times: NDArray[np.float64]
    keys: tuple[str, ...]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Slots:
    """Events per time slot: row j is of the slot that begins at ``starts[j]``, and of the group ``groups[j]``
    (:func:`group_name`; "" without grouping). Slots without events may be missing."""

    starts: NDArray[np.float64]
    total: NDArray[np.float64]
    bad: NDArray[np.float64]
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """A variant's cumulative sums over units, in the order of the metric's :attr:`exporter.spec.Kind.every`.

    nan stands for an optional column that is not given. ``segment`` is ``country=de`` for the units of one value of a
    dimension, and empty for all units.
    """

    variant: str
    sums: tuple[float, ...]
    segment: str = ""


@dataclass(frozen=True, slots=True)
class Amount:
    """Money spent on a variant so far, of one category; ``currency`` is empty where the source does not say it."""

    variant: str
    category: str
    amount: float
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """What another system says of an experiment: its status, and variant -> planned share, which sum to 1; None where
    it was not asked for that."""

    status: Status | None
    shares: Mapping[str, float] | None


class CounterSource(Protocol):
    """A source of raw counters, such as Prometheus."""

    name: str
    up: bool | None
    """Whether the last question was answered; None before the first."""
    series_limit: int
    """A selector with more series than these is answered with TooManySeries."""

    def counters(self, selectors: Sequence[str], at: float) -> list[Reading | SourceError]:
        """The raw values of every series of each selector at ``at``; an error stands where that selector's answer
        would, so that one bad selector costs no other. SourceError is raised where the source did not answer at all.
        """
        ...

    def history(self, selectors: Sequence[str], start: float, end: float, step: float) -> list[Matrix | SourceError]:
        """The same at ``start``, ``start + step`` ... up to ``end``: exactly what :meth:`counters` would have given at
        those instants."""
        ...

    def retention_start(self, at: float) -> float | None:
        """The time before which the server has thrown its data away; None where it does not say."""
        ...


class SlotSource(Protocol):
    """A source that counts events by time slot itself, such as a database with an events table."""

    name: str
    up: bool | None
    turns: Turns

    def slots(
        self, query: str | CsvSlots, start: float, end: float, step: float, group_by: Sequence[str] = ()
    ) -> Slots:
        """Events with ``start <= time < end`` in slots of ``step`` seconds, by the columns ``group_by``.

        SourceError where there is no answer."""
        ...


class CountSource(Protocol):
    """A source of cumulative counts per variant."""

    name: str
    up: bool | None
    turns: Turns

    def counts(self, metric: Metric, at: float) -> list[Count]:
        """Counts per variant, at most one row each, and per segment where the metric has ``segments``.

        SourceError where there is no answer, or a count cannot be one (NULL, negative, more successes than units)."""
        ...


class AmountSource(Protocol):
    """A source of money spent."""

    name: str
    up: bool | None
    turns: Turns

    def amounts(self, query: str, at: float) -> list[Amount]:
        """What was spent by variant and category. SourceError where there is no answer, or an amount is none."""
        ...


class DefinitionSource(Protocol):
    """A source that knows experiments themselves, such as the API of a feature-flag system."""

    name: str
    up: bool | None
    turns: Turns

    def definition(self, where: JsonDefinition, at: float) -> Definition:
        """What the system says now. SourceError where there is no answer, no such experiment, a status that has no
        translation, or weights that are no shares. Whether its variants are those of the spec, the caller checks."""
        ...


def series_key(labels: Mapping[str, str]) -> str:
    """A string that is equal for equal label sets; :func:`label_of` reads it. TypeError where a value is no text.

    A value may hold any character, what separates the labels here among them: it would else give the series another
    label than its server did, and by that another group. Such a value is read escaped.
    """
    text = "".join(labels.values())  # the quickest check that all are text
    if BETWEEN in text or INSIDE in text or _ESCAPE in text:
        labels = {name: _escaped(value) for name, value in labels.items()}
    return BETWEEN.join([f"{name}{INSIDE}{labels[name]}" for name in sorted(labels)])


def _escaped(text: str) -> str:
    return text.replace(_ESCAPE, f"{_ESCAPE}0").replace(INSIDE, f"{_ESCAPE}1").replace(BETWEEN, f"{_ESCAPE}2")


def label_of(key: str, name: str) -> str:
    """The value of a label in a series key, "" where the series does not have it (as PromQL says)."""
    for pair in key.split(BETWEEN):
        label, _, value = pair.partition(INSIDE)
        if label == name:
            return value
    return ""


def group_name(labels: Mapping[str, str]) -> str:
    """The value of slo_group: ``zone=eu``, keys sorted, comma between, each value :func:`shortened`; "" for no labels.

    It stands in every series of the group, and is kept in the state store.
    """
    return ",".join(f"{name}={shortened(labels[name])}" for name in sorted(labels))


def shortened(text: str, most: int = LABEL_LENGTH) -> str:
    """A label's value of at most ``most`` characters: a longer one is cut, and ends in a hash that keeps it apart."""
    if len(text) <= most:
        return text
    return f"{text[: most - 9]}~{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:8]}"
