"""The spec's shape: where data come from."""

from __future__ import annotations

from typing import ClassVar, Literal

from exporter.spec.base import Model
from exporter.spec.types import Duration, Text, Zone


class PrometheusSource(Model):
    """A server with the Prometheus HTTP API."""

    NOT_YET: ClassVar[dict[str, str]] = {"rules": "the native branch of burn alerts"}
    type: Literal["prometheus"]
    url: Text | None = None
    """Address of the server, like http://localhost:9090."""
    url_file: Text | None = None
    """File that holds the address, where it carries a password."""
    headers: dict[Text, str] = {}
    """Sent with every request, like X-Scope-OrgID for a tenant."""
    token_file: Text | None = None
    """File that holds a bearer token; read again for every connection."""
    timeout: Duration = 10.0
    """How long an answer may take."""


class SqlSource(Model):
    """A database that SQLAlchemy can reach; opened read-only where the database can enforce it."""

    type: Literal["sql"]
    url: Text | None = None
    """SQLAlchemy URL, like sqlite:///shop.db or postgresql+psycopg://host/db."""
    url_file: Text | None = None
    """File that holds the URL, where it carries a password."""
    timeout: Duration = 10.0
    """How long an answer may take."""
    timezone: Zone = "UTC"
    """Zone of the times of content variants that are stored without one."""


class FileSource(Model):
    """A CSV file with a header line, read again whenever it has changed."""

    type: Literal["file"]
    path: Text
    """Path of the file, seen from the folder of this YAML file."""


Source = PrometheusSource | SqlSource | FileSource
SOURCE_TYPES_NOT_YET = {"http": "JSON over HTTP"}
