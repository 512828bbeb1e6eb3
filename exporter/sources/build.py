"""The spec's source -> the source itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.access import access_of
from exporter.sources.base import CounterSource, CountSource, DefinitionSource, SlotSource
from exporter.sources.engagement_rows import EngagementSource
from exporter.sources.file import FileSource
from exporter.sources.http_api import HttpApi
from exporter.sources.http_json import HttpSource
from exporter.sources.own_tables import OwnTablesSource
from exporter.sources.prometheus import PrometheusSource
from exporter.sources.sql import SqlSource
from exporter.sources.threads import ThreadsSource
from exporter.spec import source_models as models
from exporter.spec.engagement_models import OwnTables

if TYPE_CHECKING:  # each source keeps the protocols that collectors ask it by
    _COUNTERS: type[CounterSource] = PrometheusSource
    _SLOTS: type[SlotSource] = SqlSource
    _COUNTS: tuple[type[CountSource], ...] = (SqlSource, FileSource, HttpSource)
    _DEFINITIONS: type[DefinitionSource] = HttpSource


def open_source(
    name: str, model: models.Source, *, url: str | None, series_limit: int
) -> PrometheusSource | SqlSource | FileSource | HttpSource:
    """The source of a spec's model. Nothing is connected yet: what is missing now may be there at the first question.

    ``url`` is the model's ``url`` or what its ``url_file`` holds; a file source has none.
    """
    if isinstance(model, models.FileSource):
        return FileSource(name, model.path)
    if url is None:
        raise ValueError(f"source {name} has no url")
    if isinstance(model, models.SqlSource):
        return SqlSource(name, url, timeout=model.timeout, timezone=model.timezone)
    if isinstance(model, models.HttpSource):
        api = HttpApi(name, url, model, access_of(model))
        return HttpSource(name, api, every=model.every or 0.0, timeout=model.timeout)
    return PrometheusSource(
        name,
        url,
        series_limit=series_limit,
        access=access_of(model),
        timeout=model.timeout,
        concurrency=model.concurrency,
    )


def open_engagement(source: SqlSource, tables: str | OwnTables) -> EngagementSource:
    """The reader of content variants: ``threads``, or the spec's own queries."""
    return OwnTablesSource(source, tables) if isinstance(tables, OwnTables) else ThreadsSource(source)
