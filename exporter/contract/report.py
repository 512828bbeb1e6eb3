"""What a collector says of one entity (an SLO, an experiment) in one refresh."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from exporter.contract.sample import Sample


@dataclass(frozen=True, slots=True)
class Report:
    """One entity's result.

    ``samples`` age: where ``error`` is set and there are none, the loop goes on serving the last ones until max_age.
    ``lasting`` samples are true whatever the source does (families that ``stay``) and are never kept from before.
    ``error`` is one sentence for the log, without secrets; it may stand beside samples (say, the numbers are right but
    could not be saved). ``waits`` says that nothing failed and that the entity's turn comes in a later run: its last
    samples stay as they do with an error. ``behind`` is how many seconds older than the evaluated instant the samples
    are; they age from then.
    """

    entity: str
    samples: tuple[Sample, ...] = ()
    lasting: tuple[Sample, ...] = ()
    error: str | None = None
    waits: bool = False
    behind: float = 0.0


class Collector(Protocol):
    """Computes the samples of many entities that share a source."""

    @property
    def name(self) -> str:
        """Value of the label ``collector``, for instance ``slo:prod``."""
        ...

    def collect(self, at: float) -> Iterable[Report]:
        """Evaluate every entity at the Unix time ``at`` (the very end of every window).

        Raises only where nothing could be evaluated at all; the loop isolates that too.
        """
        ...


@runtime_checkable
class WaitingCollector(Collector, Protocol):
    """A collector that reads what others have evaluated at the same instant."""

    @property
    def waits_for(self) -> frozenset[str]:
        """The names of those that are to be done first, if they are in time."""
        ...


@runtime_checkable
class PromptCollector(Collector, Protocol):
    """A collector that can evaluate, between two refreshes, what reads from sources that have changed."""

    @property
    def sources(self) -> frozenset[str]:
        """The sources whose changes matter at once."""
        ...

    def collect_changed(self, at: float, sources: frozenset[str]) -> Iterable[Report]:
        """As :meth:`Collector.collect`, of the entities that read from these sources."""
        ...
