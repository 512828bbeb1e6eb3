"""Reports over HTTP: one at a time, from what the exporter has in memory and in its state store, kept until the next
snapshot, and costly ones for longer. The sources are not asked: many readers must not cost them anything."""

from __future__ import annotations

import io
import logging
import threading
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from weakref import ReferenceType, ref

from exporter.report_route import Asked, Reply
from exporter.snapshot import Snapshot
from exporter.spec import Spec
from exporter.spec.tree import shown
from exporter.state import State, StateError
from winburn.assemble import Assembly
from winburn.lifecycle import proposal
from winburn.report.as_html import POLICY
from winburn.report.as_pdf import PdfMissing
from winburn.report.formats import FORMATS, TYPES, rendered, tables
from winburn.report.gather import Chosen, gather
from winburn.report.period import period
from winburn.report.standing import of_assembly
from winburn.report.values import Period

_LOG = logging.getLogger("winburn.report")
_ONCE, _SEVERAL = ("format", "period", "from", "to", "since-release", "timezone"), ("slo", "experiment")
_PLAIN = "text/plain; charset=utf-8"
_KEPT, _RECENT = 8, 300.0
_SHARE = 5.0
"""A report is kept for so many times what it took to make: reports take no more than a fifth of a processor."""

PATIENCE = 20.0
"""Seconds after which whoever asks is told to come again; the report is made all the same."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A report, the snapshot that it is of (weak: it must not keep its megabytes), and how long it may be given out
    for later ones."""

    reply: Reply
    of: ReferenceType[Snapshot]
    until: float


class Desk:
    """Makes reports from a running assembly; :meth:`__call__` may be called from any thread.

    ``current`` gives the snapshot that is served, ``monotonic`` the clock by which it expires, ``clock`` the time of
    day.
    """

    def __init__(
        self,
        spec: Spec,
        state: State,
        assembly: Assembly,
        current: Callable[[], Snapshot | None],
        *,
        monotonic: Callable[[], float],
        clock: Callable[[], float],
        patience: float = PATIENCE,
    ) -> None:
        self._spec, self._state, self._assembly = spec, state, assembly
        self._current, self._monotonic, self._clock = current, monotonic, clock
        self._patience = patience
        self._turn = threading.Lock()
        self._made: dict[Asked, _Made] = {}

    def __call__(self, asked: Asked) -> Reply:
        """The report; 400 for parameters that make no sense, 503 while there is nothing to report or one is made."""
        snapshot = self._current()
        if snapshot is None or snapshot.expired(self._monotonic()):
            return _sentence(503, "not yet: nothing has been evaluated, or too long ago", {"Retry-After": "15"})
        try:
            wish = _understood(self._spec, asked, self._clock())
        except ValueError as error:
            return _sentence(400, str(error))
        return self._answer(snapshot, tuple(asked), wish)

    def _answer(self, snapshot: Snapshot, asked: Asked, wish: tuple[str, Period, Chosen]) -> Reply:
        busy = _sentence(503, "another report is being made: ask again in a moment", {"Retry-After": "5"})
        kept = self._made.get(asked)
        if kept is not None and (kept.of() is snapshot or self._monotonic() < kept.until):
            return kept.reply
        if not self._turn.acquire(blocking=False):
            return busy
        made: list[Reply] = []
        done = threading.Event()

        def work() -> None:
            try:
                begun = self._monotonic()
                made.append(self._make(snapshot, wish))
                self._keep(snapshot, asked, made[0], begun)
            finally:
                self._turn.release()
                done.set()

        # A thread of its own: who has lost patience leaves, and finds the report when he comes again.
        threading.Thread(target=work, name="report", daemon=True).start()
        done.wait(self._patience)
        return made[0] if made else busy

    def _keep(self, snapshot: Snapshot, asked: Asked, reply: Reply, begun: float) -> None:
        if reply.status != 200:
            return
        now = self._monotonic()
        fresh = {one: made for one, made in self._made.items() if made.of() is snapshot or now < made.until}
        while len(fresh) >= _KEPT:
            del fresh[next(iter(fresh))]
        self._made = {**fresh, asked: _Made(reply, ref(snapshot), now + _SHARE * (now - begun))}

    def _make(self, snapshot: Snapshot, wish: tuple[str, Period, Chosen]) -> Reply:
        layout, when, chosen = wish
        down = [
            f"source {dict(labels)['source']} does not answer"
            for name, labels, value in snapshot.samples
            if name == "winburn_source_up" and not value
        ]
        try:
            standing = of_assembly(self._assembly, snapshot.samples, down)
            over = when.end < snapshot.at - _RECENT
            document = gather(self._spec, self._state, when, standing, chosen=chosen, as_of_now=over)
            body = _zipped(tables(document), when.end) if layout == "csv" else rendered(document, layout)
        except StateError as error:
            return _sentence(503, str(error))
        except PdfMissing as error:
            return _sentence(501, str(error))
        except Exception:  # noqa: BLE001 - whoever asks gets a sentence, the log the rest
            _LOG.exception("a report could not be made")
            return _sentence(500, "something is wrong inside winburn; its log says what")
        return Reply(200, TYPES[layout], body, _headers(layout))


def _understood(spec: Spec, asked: Asked, now: float) -> tuple[str, Period, Chosen]:
    """Format, period and names; ValueError with a sentence that says what would be right."""
    known = (*_ONCE, *_SEVERAL)
    for name in dict.fromkeys(name for name, _ in asked):
        if name not in known:
            raise ValueError(f"there is no parameter {shown(name)}{proposal(name, known)}")
        if name in _ONCE and sum(one == name for one, _ in asked) > 1:
            raise ValueError(f"{name} is given twice; once is right")
    given = dict(asked)
    layout = given.get("format", "json")
    if layout not in FORMATS:
        raise ValueError(f"there is no format {shown(layout)}{proposal(layout, FORMATS)}")
    times = ("from", "to", "since-release")
    start, end, release = (_time(name, given[name], now) if name in given else None for name in times)
    zone = given.get("timezone", "UTC")
    when = period(given.get("period"), start, end, now=now, timezone=zone, release=release)
    slos = _names("slo", asked, [slo.name for slo in spec.slos])
    experiments = _names("experiment", asked, [experiment.name for experiment in spec.experiments])
    return layout, when, Chosen(slos, experiments) if slos or experiments else Chosen()


def _time(name: str, text: str, now: float) -> float:
    wanted = f"{name}: {text!r} is not a time; write Unix seconds or 2026-11-22T10:00:00Z"
    try:
        at = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text.replace(" ", "+"))  # an unescaped + of a zone
        except ValueError:
            raise ValueError(wanted) from None
        if moment.tzinfo is None:
            raise ValueError(f"{name}: {text!r} has no zone; write 2026-11-22T10:00:00Z or +01:00") from None
        at = moment.timestamp()
    if not 0 < at <= now:
        raise ValueError(f"{name}: {text!r} lies in the future, or is no time; Unix times are in seconds")
    return at


def _names(option: str, asked: Asked, known: Sequence[str]) -> frozenset[str]:
    wanted = [value for name, value in asked if name == option]
    for value in wanted:
        if value not in known:
            raise ValueError(f"there is no {option} {shown(value)}{proposal(value, known)}")
    return frozenset(wanted)


def _headers(layout: str) -> Mapping[str, str]:
    if layout == "html":
        # That of other pages forbids its style.
        return {"Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'"}
    suffix = {"csv": "zip"}.get(layout, layout)
    kind = "attachment" if layout in ("csv", "pdf") else "inline"
    return {"Content-Disposition": f'{kind}; filename="winburn-report.{suffix}"'}


def _zipped(files: Mapping[str, str], at: float) -> bytes:
    """An archive, the same bytes for the same files."""
    out = io.BytesIO()
    moment = datetime.fromtimestamp(at, UTC)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, (moment.year, moment.month, moment.day, moment.hour, moment.minute, 0))
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _sentence(status: int, text: str, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, _PLAIN, f"{text}\n".encode(), headers or {})
