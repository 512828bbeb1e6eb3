"""What ``winburn serve`` runs: the loop, who is told of its snapshots, and who acts on what it finds."""

from __future__ import annotations

import logging
import platform
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from exporter.apply import Applier, acts
from exporter.apply import samples as applied
from exporter.collectors.engagement_kills import LATCH as KILL_OF_CONTENT
from exporter.contract import PromptCollector, Sample, sample
from exporter.live import Feed, LiveStream
from exporter.loop import Loop
from exporter.notify import Counts
from exporter.nudges import Nudges
from exporter.report_route import Asked, MakeReport, Reply
from exporter.snapshot import Snapshot
from exporter.sources import sql
from exporter.sources.changes import Changes
from exporter.spec import Spec, SqlSource
from exporter.state import Application, AuditEntry, State, StateError
from winburn.assemble import Assembly, assemble, open_state
from winburn.configuration import configuration
from winburn.lifecycle import settle
from winburn.push import pushers
from winburn.version import VERSION

_LOG = logging.getLogger("winburn")
_PATIENCE = 60.0
_EVENTS = 100
"""Entries of the audit trail that the live page has."""


@dataclass(frozen=True, slots=True)
class Watching:
    """Who may watch the live numbers: how many clients, pages of which origins besides our own."""

    live: bool
    clients: int
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Running:
    """The parts that serve needs; :meth:`close` when it ends. ``stream`` is None where nobody may watch."""

    loop: Loop
    feed: Feed
    stream: LiveStream | None
    applier: Applier | None
    config: Callable[[], str]
    report: MakeReport
    changes: tuple[Changes, ...]

    def close(self) -> None:
        """Begin nothing more."""
        for each in self.changes:
            each.close()
        if self.applier:
            self.applier.close()


def build(spec: Spec, watching: Watching, *, progress: Callable[[str, float], None]) -> Running:
    """Everything that a spec needs to be served; nothing runs yet but what applies.

    Raises StateError or SecretError where the state store or a secret cannot be read.
    """
    state = open_state(spec)
    for sentence in settle(state, spec.experiments, time.time()):
        _LOG.info("%s", sentence)
    applier = _applier(spec, state)
    assembly = assemble(spec, state, progress=progress, wish=applier.wish if applier else _nothing)
    feed = Feed(lambda: loop.current, monotonic=time.monotonic, clock=time.time, words=lambda: _words(state, assembly))
    stream = LiveStream(feed, monotonic=time.monotonic, limit=watching.clients, origins=watching.origins)
    pushes, nudges, read_at = Counts(), Nudges(), time.time()
    subscribers: list[Callable[[Snapshot], object]] = [
        pusher.publish for pusher in pushers(spec, assembly.killed_at, pushes)
    ]
    if watching.live:
        subscribers.append(stream.publish)
    applies = {e.name: e.apply for e in spec.experiments if e.apply}

    def health() -> list[Sample]:
        try:
            done = applied(state, applies) if applies else []
        except StateError:  # the collectors say so; whether sources are up is known all the same
            done = []
        watchers = stream.health() if watching.live else ()
        return [*assembly.health(), *_program(read_at), *pushes.samples(), *watchers, *done]

    def publish(snapshot: Snapshot) -> None:
        for subscriber in subscribers:
            subscriber(snapshot)

    loop = Loop(
        assembly.collectors,
        refresh=spec.refresh,
        lag=spec.lag,
        keep_seconds=spec.keep_seconds,
        publish=publish,
        health=health,
        nudges=nudges,
    )
    config, changes = configuration(spec, state), _listen(assembly, nudges)
    report = _reports(spec, state, assembly, lambda: loop.current)
    return Running(loop, feed, stream if watching.live else None, applier, config, report, changes)


def _reports(spec: Spec, state: State, assembly: Assembly, current: Callable[[], Snapshot | None]) -> MakeReport:
    """What makes reports; it is loaded when the first one is asked for."""
    desks: list[MakeReport] = []
    beginning = threading.Lock()

    def report(asked: Asked) -> Reply:
        with beginning:
            if not desks:
                from winburn.report.desk import Desk  # noqa: PLC0415 - memory that most processes never need

                desks.append(Desk(spec, state, assembly, current, monotonic=time.monotonic, clock=time.time))
        return desks[0](asked)

    return report


def _listen(assembly: Assembly, nudges: Nudges) -> tuple[Changes, ...]:
    """A thread for each database that can say that it has changed, where somebody wants to know at once."""
    wanted = {source for c in assembly.collectors if isinstance(c, PromptCollector) for source in c.sources}
    heard = []
    for name in sorted(wanted):
        source = assembly.sources[name]
        changes = Changes(source) if isinstance(source, sql.SqlSource) else None
        if changes is not None and changes.supported:
            threading.Thread(target=_hear, args=(name, changes, nudges), name=f"changes {name}", daemon=True).start()
            heard.append(changes)
    return tuple(heard)


def _hear(name: str, changes: Changes, nudges: Nudges) -> None:
    while not changes.closed:
        if changes.wait(_PATIENCE):
            nudges.tell(name, changes.changed_at)


def _nothing(_applications: Iterable[Application]) -> None:
    """Where no experiment may do anything to the outside."""


def _applier(spec: Spec, state: State) -> Applier | None:
    applies = {e.name: e.apply for e in spec.experiments if e.apply}
    variants = spec.engagement.apply if spec.engagement else None
    databases = {name: source for name, source in spec.sources.items() if isinstance(source, SqlSource)}
    return Applier(state, acts(applies, databases, variants)) if applies or variants else None


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


def _program(read_at: float) -> list[Sample]:
    return [
        sample("winburn_build_info", 1, version=VERSION, python_version=platform.python_version()),
        sample("winburn_config_last_reload_successful", 1),
        sample("winburn_config_last_reload_success_timestamp_seconds", read_at),
    ]
