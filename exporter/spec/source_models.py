"""The spec's shape: where data come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict

from exporter.spec.base import Model
from exporter.spec.json_paths import Expression
from exporter.spec.types import Count, Duration, Text, Zone, header_name


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


class Pages(Model):
    """How an API leads from one page of an answer to the next."""

    next: Expression
    """JMESPath in a page: the address of the next one, or what ``parameter`` must be; nothing on the last page."""
    parameter: Text | None = None
    """Query parameter for a cursor or offset; without it ``next`` is an address."""
    limit: Annotated[Count, Field(ge=1, le=1000)] = 20
    """Pages of one answer; more are an error, because half the counts would be a wrong answer."""


class HttpSource(Model):
    """An API that answers GET with JSON."""

    type: Literal["http"]
    url: Text | None = None
    """Address that the paths of metrics and definitions are appended to, like https://flags.example/api."""
    url_file: Text | None = None
    """File that holds the address, where it carries a password."""
    headers: dict[Text, str] = {}
    """Sent with every request, like LD-API-Version."""
    token_file: Text | None = None
    """File that holds a token; read again for every question."""
    token_header: Annotated[Text, AfterValidator(header_name)] = "Authorization"  # noqa: S105 - the name of a header
    """Header that carries the token."""
    token_prefix: str = "Bearer"  # noqa: S105 - the name of a scheme
    """Word before the token; "" for the token alone."""
    timeout: Duration = 10.0
    """How long an answer may take, with all of its pages and repetitions."""
    every: Duration | None = None
    """How long an answer is used again before the API is asked anew; not given: it is asked at each refresh."""
    pages: Pages | None = None
    """Where answers come in pages."""


Source = PrometheusSource | SqlSource | FileSource | HttpSource
