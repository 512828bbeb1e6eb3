"""From a spec to what runs: open the sources and the state store, and give each its collectors; and from one spec to
the next, keep what has not changed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from exporter.collectors.engagement import EngagementCollector
from exporter.collectors.experiment import ExperimentCollector
from exporter.collectors.slo_composite import Components, HasTracks
from exporter.collectors.slo_feed import Progress
from exporter.contract import Collector, Sample, sample
from exporter.roster import Part, Plan
from exporter.sources.base import CounterSource, CountSource, SlotSource
from exporter.sources.build import open_source
from exporter.spec import Experiment, FileSource, Spec, read_secret, source_url
from exporter.state import Application, State
from winburn.pieces import Piece, Wish, pieces
from winburn.shard import Shard

AnySource = CounterSource | SlotSource | CountSource


def nothing(_applications: Iterable[Application]) -> None:
    """Where nothing may be done to the outside."""


def open_state(spec: Spec) -> State:
    """The spec's state store; StateError or SecretError where it cannot be opened."""
    return State(state_url(spec))


def state_url(spec: Spec) -> str:
    """Where the spec's state store is; SecretError where its ``url_file`` cannot be read."""
    return spec.state.url if spec.state.url is not None else read_secret(spec.state.url_file or "")


Key = tuple[object, ...]


def keys(spec: Spec) -> dict[str, Key]:
    """Source -> all that it is opened by, secrets included; SecretError where one cannot be read."""
    return {name: _key(spec, name) for name in sorted(spec.sources)}


def _key(spec: Spec, name: str) -> Key:
    model = spec.sources[name]
    return model, None if isinstance(model, FileSource) else source_url(model), spec.limits.series


@dataclass(slots=True)
class _Opened:
    """A source, with all that it was opened by, and the collectors that still read from it."""

    key: Key
    source: Any
    readers: set[str] = field(default_factory=set)


class Assembly:
    """What a spec becomes. It outlives the spec: :meth:`change` takes the next one.

    Collectors are made on their own threads, so that what is read here of them may be of the spec before for a while.
    """

    def __init__(
        self, state: State, *, origin: float | None, live: bool, progress: Progress, wish: Wish, shard: Shard | None
    ) -> None:
        self.state, self.origin, self.live, self.progress, self.wish = state, origin, live, progress, wish
        self.shard = shard
        self.components = Components()
        self._opened: dict[str, _Opened] = {}
        self._retired: list[_Opened] = []
        self._lock = threading.Lock()
        self._pieces: dict[str, Piece] = {}
        self._current: dict[str, Collector] = {}

    @property
    def sources(self) -> dict[str, Any]:
        """The spec's sources by name."""
        return {name: opened.source for name, opened in self._opened.items()}

    @property
    def collectors(self) -> tuple[Collector, ...]:
        """Those that were made, in the spec's order."""
        return tuple(self._current[name] for name in self._pieces if name in self._current)

    def prompt_sources(self) -> frozenset[str]:
        """The sources of which collectors want to know at once that they have changed."""
        prompt = ("experiment", "engagement")
        return frozenset(s for name in prompt if name in self._pieces for s in self._pieces[name].sources)

    def begin(self, spec: Spec) -> None:
        """Open the sources and make every collector, here and now. Errors as of :func:`assemble`."""
        self._open(keys(spec))
        for piece in self._plan(spec):
            self._make(piece)

    def change(self, spec: Spec, sources: Mapping[str, Key]) -> Plan:
        """Take the next spec, with the :func:`keys` of its sources; the plan by which the loop goes over to it."""
        self._open(sources)
        before = dict(self._pieces)
        pieces = self._plan(spec)
        owners = {thing: piece.name for piece in before.values() for thing in piece.owns}
        parts = []
        for piece in pieces:
            known = before.get(piece.name)
            if known is not None and known.key == piece.key:
                parts.append(Part(piece.name, None))
            else:
                others = {owners[thing] for thing in piece.owns if thing in owners} - {piece.name}
                parts.append(Part(piece.name, partial(self._make, piece), frozenset(others)))
        gone = [name for name in before if name not in self._pieces]
        self.components.keep([name for name in self._current if name not in gone])
        for name in gone:
            self._current.pop(name, None)
            self._stop_reading(name)
        self._stop_reading(None)
        return Plan(tuple(parts), spec.refresh, spec.lag, spec.keep_seconds, spec.tenant)

    def _plan(self, spec: Spec) -> list[Piece]:
        found = pieces(spec, self)
        self._pieces = {piece.name: piece for piece in found}
        return found

    def _make(self, piece: Piece) -> Collector:
        """Put a collector in the place of the one of its name; on the thread of that one."""
        made = piece.build(self._current.get(piece.name))
        self._current[piece.name] = made
        if piece.name.startswith("slo:") and piece.name != f"slo:{Components.name}":
            self.components.add(cast(HasTracks, made))
        self._stop_reading(piece.name)
        return made

    def _open(self, keys: Mapping[str, Key]) -> None:
        """The sources of a spec: those that have not changed stay open."""
        opened = {}
        for name, key in keys.items():
            known = self._opened.get(name)
            opened[name] = known if known and known.key == key else _Opened(key, _opened(name, key))
        for name, old in self._opened.items():
            if opened.get(name) is not old:
                old.readers = {piece.name for piece in self._pieces.values() if name in piece.sources}
                with self._lock:
                    self._retired.append(old)
        self._opened = opened

    def _stop_reading(self, collector: str | None) -> None:
        """Close the sources of specs before that nobody reads any more, now that this collector does not."""
        with self._lock:  # collectors are made on threads of their own
            for old in self._retired:
                old.readers.discard(collector or "")
            done = [old for old in self._retired if not old.readers]
            self._retired = [old for old in self._retired if old.readers]
        for old in done:
            old.source.close()

    @contextlib.contextmanager
    def aside(self, name: str) -> Iterator[Any]:
        """A source, opened once more for a while."""
        source = _opened(name, self._opened[name].key)
        try:
            yield source
        finally:
            source.close()

    @contextlib.contextmanager
    def all_aside(self, names: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Sources by name, opened once more for a while."""
        with contextlib.ExitStack() as stack:
            yield {name: stack.enter_context(self.aside(name)) for name in names}

    def _experiments(self) -> ExperimentCollector | None:
        return cast(ExperimentCollector | None, self._current.get("experiment"))

    def defined(self, experiment: Experiment) -> Experiment | None:
        """An experiment as it is in force; None while that is not known."""
        experiments = self._experiments()
        return experiments.defined(experiment) if experiments else None

    def killed_at(self, experiment: str, variant: str) -> float | None:
        """When a variant was killed; None where it was not."""
        experiments = self._experiments()
        return experiments.killed_at(experiment, variant) if experiments else None

    def next_steps(self) -> Mapping[str, str]:
        """Experiment -> what to do next, in words."""
        experiments = self._experiments()
        return experiments.next_steps() if experiments else {}

    def suggestions(self) -> list[dict[str, Any]]:
        """What to do next of content variants."""
        found = self._current.get("engagement")
        return found.words() if isinstance(found, EngagementCollector) else []

    def health(self) -> Iterable[Sample]:
        """winburn_source_up of every source that was asked, and what collectors have left out."""
        sources = self.sources
        up = [sample("winburn_source_up", s.up, source=name) for name, s in sources.items() if s.up is not None]
        return [*up, *(one for c in self.collectors if isinstance(c, EngagementCollector) for one in c.health())]


def assemble(
    spec: Spec,
    state: State,
    *,
    origin: float | None = None,
    live: bool = True,
    progress: Progress = lambda _name, _share: None,
    wish: Wish = nothing,
    shard: Shard | None = None,
) -> Assembly:
    """Sources and collectors of a spec; what they need is opened at the first question, not here.

    ``origin`` is the phase of the instants at which they will be asked, by default that of the loop's grid. ``live`` is
    whether they are asked of now: what knows no past is left out otherwise. ``wish`` is called with what experiments
    want done to the outside. ``shard`` is which :func:`winburn.shard.part` of a whole the spec is. Raises SecretError
    where a ``url_file`` cannot be read, StateError where the store cannot.
    """
    assembly = Assembly(state, origin=origin, live=live, progress=progress, wish=wish, shard=shard)
    assembly.begin(spec)
    return assembly


def _opened(name: str, key: Key) -> Any:
    model, url, series_limit = key
    return open_source(name, cast(Any, model), url=cast(str | None, url), series_limit=cast(int, series_limit))
