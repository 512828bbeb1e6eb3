"""Raw counters from a server with the Prometheus HTTP API."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from exporter.access import ANYBODY, Access
from exporter.promql import parse_duration
from exporter.sources.base import Matrix, Reading, SourceError, TooManySeries
from exporter.sources.batches import BATCH, Batches
from exporter.sources.prometheus_answers import Series, fill, reading
from exporter.sources.prometheus_api import NoSuchApi, PrometheusApi, QueryRefused, TooMuch

POINTS = 5000
"""Instants in one range query; the server refuses more than 11,000."""

SAMPLES = 200_000
"""Samples in one range query, estimated from the series at both ends; parsed JSON takes about 170 bytes for each."""

_ALIVE_SECONDS = 2.0
_EXACT_TIMES = {"nocache": "1", "latency_offset": "1ms"}
"""VictoriaMetrics would else move the times of a range to suit its cache, and answer for 30 s ago where it is asked of
anything later: https://docs.victoriametrics.com/#prometheus-querying-api-enhancements. Others do not know these."""

Times = NDArray[np.float64]
Rows = dict[str, NDArray[np.float64]]
Progress = Callable[[int, int], None]
Answer = TypeVar("Answer")


class PrometheusSource:
    """A CounterSource. ``series_limit`` caps the series of each selector (``limits.series`` of the spec)."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        series_limit: int,
        access: Access = ANYBODY,
        timeout: float = 10.0,
        concurrency: int = 4,
    ) -> None:
        self.name = name
        self.up: bool | None = None
        self.series_limit = series_limit
        self._api = PrometheusApi(name, url, access=access, timeout=timeout)
        self._batches = Batches(name, self._check_alive, timeout, concurrency)
        self._exact_times = {name: text for name, text in _EXACT_TIMES.items() if name not in access.params}
        self._retention: tuple[float | None] | None = None

    def counters(self, selectors: Sequence[str], at: float) -> list[Reading | SourceError]:
        """See CounterSource. A sample that is NaN or infinite is absent; identical selectors are asked once."""
        return self._whole(lambda: self._counters(selectors, at)) if selectors else []

    def history(
        self, selectors: Sequence[str], start: float, end: float, step: float, progress: Progress | None = None
    ) -> list[Matrix | SourceError]:
        """See CounterSource. Start and step are taken to the millisecond; the cap holds for all series of the range.

        ``progress`` is called after each request with how many are done, and of how many.
        """
        # Counted in whole milliseconds, as the server does: a sum of fractional steps would drift away from its times.
        first, pace = round(start * 1000), round(step * 1000)
        if pace <= 0:
            raise ValueError(f"the step must be at least a millisecond, not {step} s")
        times = np.arange(first, round(end * 1000) + 1, pace, dtype=np.int64) / 1000
        if not selectors or not len(times):
            return [Matrix(times, (), np.empty((0, len(times)))) for _ in selectors]
        return self._whole(lambda: self._history(selectors, times, pace / 1000, progress))

    def retention_start(self, at: float) -> float | None:
        """See CounterSource: from the server's status page. None for a server without one, or limited by size only."""
        if self._retention is None:
            try:
                self._retention = (_retention_seconds(self._api.ask("/api/v1/status/runtimeinfo")),)
            except NoSuchApi:  # Mimir and others: well, and without this page
                self._retention = (None,)
            except SourceError:
                self.up = False
                return None
            self.up = True
        (seconds,) = self._retention
        return None if seconds is None else at - seconds

    def close(self) -> None:
        """Close the connections that are kept; a later question opens one again."""
        self._api.close()

    def _whole(self, work: Callable[[], Answer]) -> Answer:
        try:
            if self.up is False:
                # A server that hangs costs a moment then, not the whole timeout again, of which others would wait too.
                self._check_alive()
            answer = work()
        except SourceError:
            self.up = False
            raise
        self.up = True
        return answer

    def _check_alive(self) -> None:
        with contextlib.suppress(QueryRefused):  # by a proxy that lets few queries pass: it answers
            seconds = min(_ALIVE_SECONDS, self._api.timeout)
            self._api.ask("/api/v1/query", {"query": "1"}, timeout=seconds, repeat=False)

    def _counters(self, selectors: Sequence[str], at: float) -> list[Reading | SourceError]:
        def ask(query: str, *, seconds: float) -> Any:
            form = {"query": query, "time": _seconds(at), **self._exact_times}
            return self._api.ask("/api/v1/query", form, timeout=seconds, as_vector=True)

        def read(series: list[Series]) -> Reading:
            self._check_limit(len(series))
            return reading(series)

        answers = self._batches.ask(selectors, "vector", ask, read)
        return [TooManySeries(str(each)) if isinstance(each, TooMuch) else each for each in answers]

    def _history(
        self, selectors: Sequence[str], times: Times, step: float, progress: Progress | None
    ) -> list[Matrix | SourceError]:
        answers: dict[str, Rows | SourceError] = {}
        series: dict[str, int] = {}
        going = list(dict.fromkeys(selectors))
        for at in (times[0], times[-1]):  # who fails is asked no more: it may have cost a timeout
            for selector, found in zip(going, self._counters(going, at), strict=True):
                answers[selector] = found if isinstance(found, SourceError) else {}
                if not isinstance(found, SourceError):
                    series[selector] = max(len(found), series.get(selector, 0))
            going = [selector for selector in going if not isinstance(answers[selector], SourceError)]
        series = {selector: series[selector] for selector in going}
        requests = list(_requests(series, len(times)))
        for done, (group, chunk) in enumerate(requests, start=1):
            self._range(group, times, chunk, step, answers)
            if progress:
                progress(done, len(requests))
        return [_matrix(times, answers[selector]) for selector in selectors]

    def _range(
        self, group: Sequence[str], times: Times, chunk: slice, step: float, answers: dict[str, Rows | SourceError]
    ) -> None:
        """Ask one request's part of the history and merge it into ``answers``; who failed before is not asked again."""
        form = {
            "start": _seconds(times[chunk][0]),
            "end": _seconds(times[chunk][-1]),
            "step": _seconds(step),
            **self._exact_times,
        }
        well = {selector: rows for selector in group if not isinstance(rows := answers[selector], SourceError)}
        parts = self._batches.ask(
            list(well),
            "matrix",
            lambda query, *, seconds: self._api.ask("/api/v1/query_range", {"query": query, **form}, timeout=seconds),
            lambda series: _filled(series, times[chunk]),
        )
        for (selector, rows), part in zip(well.items(), parts, strict=True):
            if isinstance(part, TooMuch):
                for half in _halves(chunk):
                    self._range([selector], times, half, step, answers)
                if not _halves(chunk):
                    answers[selector] = TooManySeries(str(part))
            elif isinstance(part, SourceError):
                answers[selector] = part
            else:
                answers[selector] = self._merged(rows, part, len(times), chunk)

    def _merged(self, rows: Rows, part: Rows, size: int, chunk: slice) -> Rows | SourceError:
        for key, values in part.items():
            if key not in rows:
                rows[key] = np.full(size, np.nan)
            rows[key][chunk] = values
        try:
            self._check_limit(len(rows))
        except SourceError as error:
            return error
        return rows

    def _check_limit(self, count: int) -> None:
        if count > self.series_limit:
            allowed = self.series_limit
            raise TooManySeries(
                f"source {self.name}: a selector gives {count} series, more than limits.series allows ({allowed}): "
                "narrow the selector, sum the series in a recording rule, or raise limits.series"
            )


def _requests(series: Mapping[str, int], size: int) -> Iterator[tuple[list[str], slice]]:
    """Which selectors to ask together for which part of ``size`` instants, within POINTS, SAMPLES and BATCH."""
    points = min(POINTS, size)
    group: list[str] = []
    room = 0
    for selector, count in series.items():
        weight = max(count, 1) * points
        if group and (weight > room or len(group) == BATCH):
            yield from _chunks(group, points, size)
            group, room = [], SAMPLES
        if not group:
            room = SAMPLES
        if weight > SAMPLES:
            yield from _chunks([selector], max(SAMPLES // count, 1), size)
        else:
            group.append(selector)
            room -= weight
    if group:
        yield from _chunks(group, points, size)


def _chunks(group: list[str], points: int, size: int) -> Iterator[tuple[list[str], slice]]:
    return ((group, slice(begin, min(begin + points, size))) for begin in range(0, size, points))


def _halves(chunk: slice) -> list[slice]:
    """The chunk in two; none where it is one instant."""
    middle = (chunk.start + chunk.stop) // 2
    return [slice(chunk.start, middle), slice(middle, chunk.stop)] if chunk.stop - chunk.start > 1 else []


def _filled(series: list[Series], times: Times) -> Rows:
    rows: Rows = {}
    fill(rows, series, times)
    return rows


def _matrix(times: Times, rows: Rows | SourceError) -> Matrix | SourceError:
    if isinstance(rows, SourceError):
        return rows
    keys = tuple(key for key in sorted(rows) if not np.isnan(rows[key]).all())
    return Matrix(times, keys, np.array([rows[key] for key in keys]).reshape(len(keys), len(times)))


def _retention_seconds(data: Any) -> float | None:
    """Seconds of ``15d``, ``15d or 10GiB``; None of ``10GiB`` and of anything else."""
    text = data.get("storageRetention") if isinstance(data, dict) else None
    for part in text.split(" or ") if isinstance(text, str) else ():
        try:
            return parse_duration(part.strip()) or None
        except ValueError:
            continue
    return None


def _seconds(time: float) -> str:
    return f"{time:.3f}"
