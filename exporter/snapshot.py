"""One refresh's immutable result, with the bytes that a scrape copies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
from exporter.pieces import Piece, gzipped
from exporter.render import Exposition, Renderer, joined, parts, raise_duplicate

PIECES_FROM = 20_000
"""Series from which on only what changed is compressed anew; below, one go is as quick and compresses better."""

_EOF = b"# EOF\n"
Parts = Sequence[Piece | bytes]
_generate_openmetrics: Callable[[CollectorRegistry], bytes] = generate_openmetrics  # the library leaves it untyped


@dataclass(frozen=True, slots=True)
class Bodies:
    """The responses of ``/metrics``: two formats, each plain and gzipped.

    All are finished but the plain OpenMetrics, which next to nobody asks for and which is as long as the text: it is
    put together from its parts, most of which are parts of the text, when somebody does.
    """

    text: bytes
    text_gzip: bytes
    openmetrics_parts: Parts
    openmetrics_gzip: bytes

    @property
    def openmetrics(self) -> bytes:
        """The plain OpenMetrics."""
        return joined(self.openmetrics_parts)


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
    blocks = renderer.blocks(arranged)
    series = tuple(chain.from_iterable(arranged.values()))
    text, openmetrics = parts(blocks)
    full = _bodies(text, openmetrics, own, in_pieces=len(series) >= PIECES_FROM)
    _look_into(text, full.text)
    return Snapshot(
        full=full,
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
    plain = joined(text, own.text)
    if not in_pieces:
        with_end = joined(openmetrics, own.openmetrics, _EOF)
        return Bodies(plain, _gzip(plain), (with_end,), _gzip(with_end))
    texts, others = [*text, Piece(b"", own.text)], [*openmetrics, Piece(b"", own.openmetrics + _EOF)]
    return Bodies(plain, gzipped(texts), others, gzipped(others))


def _look_into(of: Parts, body: bytes) -> None:
    """Have the pieces, which are kept for the next refresh, be part of the body and not take its memory once more."""
    view, begin = memoryview(body), 0
    for part in of:
        if isinstance(part, Piece):
            end = begin + len(part.text)
            part.text = view[begin:end]
            begin = end
        else:
            begin += len(part)


def _gzip(body: bytes) -> bytes:
    # mtime is fixed so that the same samples give the same bytes.
    return igzip.compress(body, compresslevel=1, mtime=0)
