"""The spec's shape: where data come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict

from exporter.spec.base import Model
from exporter.spec.json_paths import Expression
from exporter.spec.types import Count, Duration, Text, Zone, header_name, header_value


class BasicAuth(Model):
    """User and password for HTTP; the password only from a file, as a spec is read by many."""

    username: Text | None = None
    """The user."""
    username_file: Text | None = None
    """File that holds the user; read again for every question."""
    password_file: Text
    """File that holds the password; read again for every question."""


class Tls(Model):
    """How a server over https is believed, and how it believes us. Files are read again when they change."""

    ca_file: Text | None = None
    """PEM file of the authorities that may have signed the server's certificate; not given: the usual ones."""
    cert_file: Text | None = None
    """PEM file of our own certificate, for servers that ask for one."""
    key_file: Text | None = None
    """PEM file of the key of cert_file, without a passphrase."""
    server_name: Text | None = None
    """Name that the server's certificate must hold where it is not the host of the address."""
    insecure_skip_verify: Annotated[bool, Strict()] = False
    """Believe any certificate: whoever stands between can then read and change everything, the password too."""
    min_version: Literal["TLS12", "TLS13"] = "TLS12"
    """Oldest version of TLS that is spoken."""


HeaderValue = Annotated[str, AfterValidator(header_value)]
Headers = dict[Annotated[Text, AfterValidator(header_name)], HeaderValue]


class PrometheusSource(Model):
    """A server with the Prometheus HTTP API."""

    type: Literal["prometheus"]
    url: Text | None = None
    """Address of the server, like http://localhost:9090."""
    url_file: Text | None = None
    """File that holds the address, where it carries a password."""
    headers: Headers = {}
    """Sent with every request, like X-Scope-OrgID for a tenant."""
    params: dict[Text, Text] = {}
    """Query parameters of every request, like partial_response for Thanos."""
    token_file: Text | None = None
    """File that holds a bearer token; read again for every connection."""
    basic_auth: BasicAuth | None = None
    """User and password."""
    tls: Tls | None = None
    """Certificates, where the address begins with https."""
    timeout: Duration = 10.0
    """How long an answer may take, with all of its repetitions."""
    concurrency: Annotated[Count, Field(ge=1, le=64)] = 4
    """Questions that are open at once."""
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
    headers: Headers = {}
    """Sent with every request, like LD-API-Version."""
    params: dict[Text, Text] = {}
    """Query parameters of every request."""
    token_file: Text | None = None
    """File that holds a token; read again for every question."""
    token_header: Annotated[Text, AfterValidator(header_name)] = "Authorization"  # noqa: S105 - the name of a header
    """Header that carries the token."""
    token_prefix: str = "Bearer"  # noqa: S105 - the name of a scheme
    """Word before the token; "" for the token alone."""
    basic_auth: BasicAuth | None = None
    """User and password."""
    tls: Tls | None = None
    """Certificates, where the address begins with https."""
    timeout: Duration = 10.0
    """How long an answer may take, with all of its pages and repetitions."""
    every: Duration | None = None
    """How long an answer is used again before the API is asked anew; not given: it is asked at each refresh."""
    pages: Pages | None = None
    """Where answers come in pages."""


Source = PrometheusSource | SqlSource | FileSource | HttpSource


class Alertmanagers(Model):
    """How to get in to the Alertmanagers, all of which take the same."""

    headers: Headers = {}
    """Sent with every request, like X-Scope-OrgID for a tenant."""
    token_file: Text | None = None
    """File that holds a bearer token; read again for every question."""
    basic_auth: BasicAuth | None = None
    """User and password."""
    tls: Tls | None = None
    """Certificates, where the addresses begin with https."""
