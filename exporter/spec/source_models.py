"""The spec's shape: where data come from."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Strict

from exporter.spec.base import Model
from exporter.spec.types import Duration, Text


class PrometheusSource(Model):
    """A server with the Prometheus HTTP API."""

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
    rules: Annotated[bool, Strict()] = False
    """The server that evaluates the generated rules has this source's raw series: burn alerts then go on without the
    exporter."""


class SqlSource(Model):
    """A database that SQLAlchemy can reach; opened read-only where the database can enforce it."""

    NOT_YET: ClassVar[dict[str, str]] = {"timezone": "times without a zone"}
    type: Literal["sql"]
    url: Text | None = None
    """SQLAlchemy URL, like sqlite:///shop.db or postgresql+psycopg://host/db."""
    url_file: Text | None = None
    """File that holds the URL, where it carries a password."""
    timeout: Duration = 10.0
    """How long an answer may take."""


class FileSource(Model):
    """A CSV file with a header line, read again whenever it has changed."""

    type: Literal["file"]
    path: Text
    """Path of the file, seen from the folder of this YAML file."""


Source = PrometheusSource | SqlSource | FileSource
SOURCE_TYPES_NOT_YET = {"http": "JSON over HTTP"}
