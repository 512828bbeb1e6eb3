"""Counts and definitions of experiments from any JSON API, so that nobody types them twice."""

from __future__ import annotations

import math
from typing import Any

from exporter.sources.base import Count, Definition, SourceError, Unreachable
from exporter.sources.count_rows import counts, needed_columns
from exporter.sources.http_api import BODY_BYTES, HttpApi
from exporter.sources.json_rows import definition_of, metric_rows
from exporter.sources.prometheus_api import QueryRefused, parsed
from exporter.sources.turns import Turns
from exporter.spec.experiment_models import JsonDefinition, Metric


class HttpSource:
    """A CountSource and a DefinitionSource.

    ``up`` is False where the API does not answer, refuses the credentials, is busy or does not answer in JSON; a
    missing page or an answer without the rows is an answer.

    An answer counts for ``every`` seconds, and at least for the instant of its question, so that the metrics of one
    experiment cost one question. An API answers for now, also when it is asked for an earlier instant. One may take
    ``timeout`` seconds.
    """

    def __init__(self, name: str, api: HttpApi, *, every: float = 0.0, timeout: float = math.inf) -> None:
        self.name = name
        self.up: bool | None = None
        self.turns = Turns(timeout)
        self._api = api
        self._every = every
        self._kept: dict[str, tuple[float, list[bytes]]] = {}

    def counts(self, metric: Metric, at: float) -> list[Count]:
        """See CountSource; where the counts are, the metric's JsonCounts says."""
        where = metric.json_counts
        if where is None:
            raise SourceError(f"source {self.name}: metric {metric.name} has no json")
        pages = self._pages(where.path, at)
        place = f"{where.path.partition('?')[0] or '/'}, metric {metric.name}"
        columns = ("variant", *needed_columns(metric, tuple(where.columns)))
        rows = metric_rows(f"source {self.name}, {place}", where, columns, pages)
        return counts(self.name, metric, ((f"{place}, {here}", row) for here, row in rows), columns)

    def definition(self, where: JsonDefinition, at: float) -> Definition:
        """See DefinitionSource."""
        place = f"source {self.name}, {where.path.partition('?')[0] or '/'}"
        return definition_of(place, where, self._pages(where.path, at))

    def close(self) -> None:
        """Close the connections that are kept; a later question opens one again."""
        self._api.close()

    def _pages(self, path: str, at: float) -> list[Any]:
        asked, bodies = self._kept.get(path, (None, []))
        if asked is None or not 0 <= at - asked <= self._every:
            bodies = self._ask(path)
            self._keep(path, at, bodies)
        return [parsed(body) for body in bodies]

    def _ask(self, path: str) -> list[bytes]:
        try:
            with self.turns.timed():
                bodies = self._api.get(path)
        except QueryRefused:
            self.up = True
            raise
        except SourceError as error:
            self.up = False
            raise Unreachable(str(error)) from None
        self.up = True
        return bodies

    def _keep(self, path: str, at: float, bodies: list[bytes]) -> None:
        """Bodies and not what they mean, which takes ten times the memory; the oldest go where it is too much."""
        self._kept.pop(path, None)
        self._kept = {key: kept for key, kept in self._kept.items() if 0 <= at - kept[0] <= self._every}
        self._kept[path] = (at, bodies)
        sizes = {key: sum(map(len, kept)) for key, (_, kept) in self._kept.items()}
        for key in list(self._kept):
            if sum(sizes.values()) <= BODY_BYTES:
                break
            del self._kept[key], sizes[key]
