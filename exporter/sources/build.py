"""The spec's source -> the source itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from exporter.sources.base import CounterSource, CountSource, DefinitionSource, SlotSource, SourceError
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
        api = HttpApi(name, url, model, lambda: _token(name, model.token_file))
        return HttpSource(name, api, every=model.every or 0.0)
    return PrometheusSource(
        name,
        url,
        series_limit=series_limit,
        headers=model.headers,
        token=lambda: _token(name, model.token_file),
        timeout=model.timeout,
    )


def _token(name: str, path: str | None) -> str | None:
    """Read at each use: tokens are rotated by replacing the file."""
    if path is None:
        return None
    try:
        token = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"source {name}: token_file {path} cannot be read: {_why(error)}") from None
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise SourceError(f"source {name}: token_file {path} must hold one token of printable characters")
    return token


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "it is not UTF-8 text"


def open_engagement(source: SqlSource, tables: str | OwnTables) -> EngagementSource:
    """The reader of content variants: ``threads``, or the spec's own queries."""
    return OwnTablesSource(source, tables) if isinstance(tables, OwnTables) else ThreadsSource(source)
