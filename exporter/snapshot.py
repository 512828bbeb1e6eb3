"""One refresh's immutable result, with the bytes that a scrape copies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

from isal import igzip
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from exporter.contract import HEALTH, TENANT, Sample
from exporter.pieces import Parts, Piece, Whole, gzipped, joined
from exporter.render import Exposition, Renderer, parts, raise_duplicate

PIECES_FROM = 20_000
"""Series from which on only what changed is compressed anew; below, one go is as quick and compresses better."""

_EOF = b"# EOF\n"
_generate_openmetrics: Callable[[CollectorRegistry], bytes] = generate_openmetrics  # the library leaves it untyped


@dataclass(frozen=True, slots=True)
class Bodies:
    """The responses of ``/metrics``: two formats, each plain and gzipped.

    Where there are many series only the gzipped ones are finished: whoever scrapes takes those, and the others are ten
    times as long. :attr:`plain` and :attr:`plain_openmetrics` put them together when somebody asks.
    """

    plain: Whole
    text_gzip: bytes
    plain_openmetrics: Whole
    openmetrics_gzip: bytes

    @property
    def text(self) -> bytes:
        """The plain text 0.0.4."""
        return self.plain.text

    @property
    def openmetrics(self) -> bytes:
        """The plain OpenMetrics."""
        return self.plain_openmetrics.text


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)  # compared by identity: the bodies are megabytes
class Snapshot:
    """What is served until the next refresh.

    ``full`` has everything; ``health`` has the families of ``contract.HEALTH`` and the process's own, and is what may
    still be said once the monotonic clock has passed ``expires``: a loop that hangs must not freeze the gauges.
    ``at`` is the Unix time that was evaluated, ``series`` counts the samples, which are sorted by family and labels.
    ``waiting`` names the collectors that have not finished for the first time, ``joining`` those of them that came when
    the others were there already.
    """

    full: Bodies
    health: Bodies
    samples: tuple[Sample, ...]
    at: float
    expires: float
    waiting: tuple[str, ...] = ()
    joining: tuple[str, ...] = ()

    @property
    def series(self) -> int:
        """How many series of ours there are; the process's own are not counted."""
        return len(self.samples)

    @property
    def ready(self) -> bool:
        """Whether every collector has finished once, well or badly; those that joined later may still be at it."""
        return not self.waiting

    def expired(self, monotonic: float) -> bool:
        """Whether only health may be served at this reading of the monotonic clock."""
        return monotonic >= self.expires


def build(
    samples: Iterable[Sample],
    *,
    own: Exposition,
    at: float,
    expires: float,
    waiting: tuple[str, ...] = (),
    joining: tuple[str, ...] = (),
    renderer: Renderer | None = None,
    on_duplicate: Callable[[Sample], None] = raise_duplicate,
) -> Snapshot:
    """Render and compress one refresh.

    ``own`` are the process's own series (:func:`process_exposition`); ``renderer`` is kept between refreshes for its
    line prefixes. A series that is there twice is served once, the first, if ``on_duplicate`` returns at all.
    """
    renderer = renderer or Renderer()
    arranged = renderer.arrange(samples, on_duplicate)
    series = tuple(chain.from_iterable(arranged.values()))
    in_pieces = len(series) >= PIECES_FROM
    blocks = renderer.blocks(arranged, pack=in_pieces)
    return Snapshot(
        full=_bodies(*parts(blocks), own, in_pieces=in_pieces),
        health=_bodies(*parts(block for block in blocks if block.family.name in HEALTH), own, in_pieces=False),
        samples=series,
        at=at,
        expires=expires,
        waiting=waiting,
        joining=joining,
    )


def process_registry() -> CollectorRegistry:
    """A private registry with process_*, python_gc_* and python_info, apart from prometheus_client's global one."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def event_latency(registry: CollectorRegistry, tenant: str | None = None) -> Histogram:
    """winburn_event_latency_seconds: from the change in a source to the snapshot that has it; the ``tenant``'s where
    there is one."""
    histogram = Histogram(
        "winburn_event_latency_seconds",
        "Time from a change in a source to the snapshot that has it.",
        registry=registry,
        buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
        labelnames=() if tenant is None else (TENANT,),
    )
    return histogram if tenant is None else histogram.labels(tenant)


def process_exposition(registry: CollectorRegistry) -> Exposition:
    """The registry's series now (it reads /proc, so never in a request)."""
    return Exposition(generate_latest(registry), _generate_openmetrics(registry).removesuffix(_EOF))


def _bodies(text: Parts, openmetrics: Parts, own: Exposition, *, in_pieces: bool) -> Bodies:
    if in_pieces:
        texts, others = [*text, Piece(b"", own.text)], [*openmetrics, Piece(b"", own.openmetrics + _EOF)]
        return Bodies(Whole(texts), gzipped(texts), Whole(others), gzipped(others))
    plain, other = joined(text, own.text), joined(openmetrics, own.openmetrics, _EOF)
    _look_into(text, plain)
    return Bodies(Whole((plain,)), _gzip(plain), Whole((other,)), _gzip(other))


def _look_into(of: Parts, body: bytes) -> None:
    """Have the pieces, which are kept for the next refresh, be part of the body and not take its memory once more."""
    view, begin = memoryview(body), 0
    for part in of:
        end = begin + (part.size if isinstance(part, Piece) else len(part))
        if isinstance(part, Piece):
            part.look_into(view[begin:end])
        begin = end


def _gzip(body: bytes) -> bytes:
    # mtime is fixed so that the same samples give the same bytes.
    return igzip.compress(body, compresslevel=1, mtime=0)
