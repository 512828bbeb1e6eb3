"""What ``winburn serve`` runs: the loop, who is told of its snapshots, and who acts on what it finds."""

from __future__ import annotations

import logging
import platform
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from exporter.apply import Applier, acts
from exporter.apply import samples as applied
from exporter.collectors.engagement_kills import LATCH as KILL_OF_CONTENT
from exporter.contract import Sample, sample
from exporter.live import Feed, LiveStream
from exporter.loop import Loop
from exporter.nudges import Nudges
from exporter.report_route import Asked, MakeReport, Reply
from exporter.snapshot import Snapshot
from exporter.sources import sql
from exporter.sources.changes import Changes
from exporter.spec import Spec, SqlSource
from exporter.state import Application, AuditEntry, State, StateError, opened_or_rebuilt, set_aside
from winburn.assemble import Assembly, assemble, keys, state_url
from winburn.configuration import configuration
from winburn.keeping import Keeper
from winburn.lifecycle import settle
from winburn.memory import expect_series
from winburn.push import Push
from winburn.reload import Reloads
from winburn.shard import Shard
from winburn.version import VERSION

_LOG = logging.getLogger("winburn")
_PATIENCE = 60.0
_STORE_STAYS = "state: the store cannot change while winburn runs; that of before stays in use until a restart"
_EVENTS = 100
"""Entries of the audit trail that the live page has."""


@dataclass(frozen=True, slots=True)
class Watching:
    """Who may watch the live numbers: how many clients, pages of which origins besides our own."""

    live: bool
    clients: int
    origins: tuple[str, ...]


class Running:
    """The parts that serve needs; nothing runs yet but what applies. ``stream`` is None where nobody may watch;
    ``server`` is the health of what serves it. ``shard`` is which :func:`winburn.shard.part` of a whole the spec is,
    and those to come.

    Raises StateError or SecretError where the state store or a secret cannot be read.
    """

    def __init__(
        self,
        spec: Spec,
        watching: Watching,
        *,
        progress: Callable[[str, float], None],
        shard: Shard | None = None,
        server: Callable[[], Iterable[Sample]] = tuple,
    ) -> None:
        self._server = server
        self._desk: MakeReport | None = None
        self._desk_begins = threading.Lock()
        self.reloads = Reloads(time.time())
        self._state_url = state_url(spec)
        self.state = opened_or_rebuilt(self._state_url, time.time())
        self._settle(spec)
        self.keeper = Keeper(self.state)
        self.keeper.follow(spec, time.time())
        self.applier = _applier(spec, self.state, None)
        self._assembly = assemble(spec, self.state, progress=progress, wish=self._wish, shard=shard)
        self.feed = Feed(
            lambda: self.loop.current,
            monotonic=time.monotonic,
            clock=time.time,
            words=lambda: _words(self.state, self._assembly),
        )
        stream = LiveStream(self.feed, monotonic=time.monotonic, limit=watching.clients, origins=watching.origins)
        self.stream = stream if watching.live else None
        self._pushes, self._nudges = Push(self._assembly.killed_at), Nudges()
        self.changes: dict[str, tuple[object, Changes]] = {}
        self._follow(spec)
        self.loop = Loop(
            self._assembly.collectors,
            refresh=spec.refresh,
            lag=spec.lag,
            keep_seconds=spec.keep_seconds,
            publish=self._publish,
            health=self._health,
            nudges=self._nudges,
            tenant=spec.tenant,
        )
        self.keeper.begin()

    def change(self, spec: Spec) -> list[str]:
        """Go over to another spec; sentences about what of it needs a restart and stays as it was.

        Returns at once: what changed is evaluated from the next refresh on. StateError or SecretError, and then all
        stays as it is, where the state store or a secret cannot be read. For one thread at a time.
        """
        left = []
        if state_url(spec) != self._state_url:
            left.append(_STORE_STAYS)
        spec = spec.model_copy(update={"state": self._spec.state})
        sources = keys(spec)
        self._settle(spec)
        plan = self._assembly.change(spec, sources)
        # Whoever is told of kills must know of them before those who find them.
        self.applier = _applier(spec, self.state, self.applier)
        self._follow(spec)
        self.keeper.follow(spec, time.time())
        self.loop.change(plan)
        return left

    def config(self) -> str:
        """The spec in force, secrets masked."""
        return self._configuration()

    def report(self, asked: Asked) -> Reply:
        """A report on the spec in force; what makes it is loaded when the first one is asked for."""
        with self._desk_begins:
            if self._desk is None:
                from winburn.report.desk import Desk  # noqa: PLC0415 - memory that most processes never need

                self._desk = Desk(
                    self._spec,
                    self.state,
                    self._assembly,
                    lambda: self.loop.current,
                    monotonic=time.monotonic,
                    clock=time.time,
                )
            desk = self._desk
        return desk(asked)

    def close(self) -> None:
        """Begin nothing more."""
        self.keeper.close()
        for _, each in self.changes.values():
            each.close()
        if self.applier:
            self.applier.close()

    def _follow(self, spec: Spec) -> None:
        """All that asks for the spec and is no collector."""
        self._spec = spec
        self._desk = None  # the next report is of this spec
        self._configuration = configuration(spec, self.state)
        self._applies = {e.name: e.apply for e in spec.experiments if e.apply}
        self._pushes.follow(spec)
        self._listen()

    def _settle(self, spec: Spec) -> None:
        for sentence in settle(self.state, spec.experiments, time.time()):
            _LOG.info("%s", sentence)

    def _wish(self, applications: Iterable[Application]) -> None:
        if self.applier:
            self.applier.wish(applications)

    def _publish(self, snapshot: Snapshot) -> None:
        expect_series(snapshot.series)
        self._pushes.publish(snapshot)
        if self.stream:
            self.stream.publish(snapshot)

    def _health(self) -> list[Sample]:
        try:
            done = applied(self.state, self._applies) if self._applies else []
        except StateError:  # the collectors say so; whether sources are up is known all the same
            done = []
        watchers = self.stream.health() if self.stream else ()
        aside = set_aside(self._state_url)
        program = sample("winburn_build_info", 1, version=VERSION, python_version=platform.python_version())
        return [
            *self._assembly.health(),
            program,
            *self._shards(),
            *([] if aside is None else [sample("winburn_state_set_aside", aside)]),
            *self.reloads.samples(),
            *self._pushes.counts.samples(),
            *watchers,
            *done,
            *self._server(),
        ]

    def _shards(self) -> Iterator[Sample]:
        shard = self._assembly.shard
        if shard is not None and shard.count > 1:
            yield sample("winburn_shard_info", 1, shard=str(shard.index), shards=str(shard.count))
            for index in range(1, shard.count + 1):
                yield sample("winburn_shard_expected", 1, shard=str(index), shards=str(shard.count))

    def _listen(self) -> None:
        """A thread for each database that can say that it has changed, where somebody wants to know at once."""
        wanted = {name: self._assembly.sources[name] for name in sorted(self._assembly.prompt_sources())}
        for name, (source, changes) in list(self.changes.items()):
            if wanted.get(name) is not source:
                del self.changes[name]
                changes.close()
        for name, source in wanted.items():
            if name in self.changes or not isinstance(source, sql.SqlSource):
                continue
            changes = Changes(source)
            if changes.supported:
                self.changes[name] = source, changes
                threading.Thread(
                    target=_hear, args=(name, changes, self._nudges), name=f"changes {name}", daemon=True
                ).start()


def _hear(name: str, changes: Changes, nudges: Nudges) -> None:
    while not changes.closed:
        if changes.wait(_PATIENCE):
            nudges.tell(name, changes.changed_at)


def _applier(spec: Spec, state: State, running: Applier | None) -> Applier | None:
    """Who does what the spec wants done to the outside: the one that runs already, if there is one."""
    applies = {e.name: e.apply for e in spec.experiments if e.apply}
    variants = spec.engagement.apply if spec.engagement else None
    databases = {name: source for name, source in spec.sources.items() if isinstance(source, SqlSource)}
    act = acts(applies, databases, variants)
    if running is not None:
        running.follow(act)
        return running
    return Applier(state, act) if applies or variants else None


def _words(state: State, assembly: Assembly) -> Mapping[str, Any]:
    """What the live page says in words: who changed what, and what to do next."""
    words: dict[str, Any] = {"next_steps": assembly.next_steps(), "suggestions": assembly.suggestions()}
    try:
        entries = state.audit(limit=_EVENTS, newest=True)
    except StateError:
        return words
    names = ("at", "kind", "entity", "member", "action", "who", "why")
    words["events"] = [{name: getattr(entry, name) for name in names} | _told(entry) for entry in entries]
    return words


def _told(entry: AuditEntry) -> dict[str, str]:
    """What of an entry is said otherwise than it is stored."""
    if entry.kind == "apply":
        return {"why": f"{entry.action}, {entry.facts.get('result', 'unknown')}: {entry.why}"}
    return {"action": "kill"} if entry.action == KILL_OF_CONTENT else {}
