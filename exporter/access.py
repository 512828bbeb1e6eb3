"""Getting in to a server over HTTP: who we are, whom we believe, and files of both that may change at any time."""

from __future__ import annotations

import contextlib
import os
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, quote_plus, unquote

import certifi
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

from exporter.one_answer import Auth, Session, split_url, user_of
from exporter.spec.mask import is_secret_header, is_secret_parameter
from exporter.spec.secrets import SecretError, read_secret
from exporter.spec.source_models import BasicAuth, Tls

_KEPT = 64  # connections of one server: as many as questions may be open at once
_SHORTEST_SECRET = 4


class HasAccess(Protocol):
    """A part of the spec that says how to get in."""

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def token_file(self) -> str | None: ...

    @property
    def basic_auth(self) -> BasicAuth | None: ...

    @property
    def tls(self) -> Tls | None: ...


@dataclass(frozen=True, slots=True)
class Access:
    """How to get in. ``token`` and ``basic`` (user and password) are called for each question, so that what is rotated
    is used at once; both raise SecretError where they cannot be read."""

    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    token: Callable[[], str | None] = lambda: None
    token_header: str = "Authorization"  # noqa: S105 - the name of a header
    token_prefix: str = "Bearer"  # noqa: S105 - the name of a scheme
    basic: Callable[[], tuple[str, str] | None] = lambda: None
    tls: Tls | None = None


ANYBODY = Access()
"""Nothing but what the address holds."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One question's credentials, and what no message may hold."""

    auth: Auth
    secrets: tuple[str, ...] = ()

    def clean(self, text: object, longest: int = 300) -> str:
        """One short line of what the server says, without the secrets that it may repeat."""
        line = " ".join(str(text).split())
        for secret in self.secrets:
            line = line.replace(secret, "***")
        return line if len(line) <= longest else line[: longest - 3] + "..."


def access_of(model: HasAccess) -> Access:
    """What a part of the spec says."""
    return Access(
        headers=model.headers,
        params=getattr(model, "params", {}),
        token=lambda: _token(model.token_file),
        token_header=getattr(model, "token_header", "Authorization"),
        token_prefix=getattr(model, "token_prefix", "Bearer"),
        basic=lambda: _basic(model.basic_auth),
        tls=model.tls,
    )


class Door:
    """One address and its :class:`Access`; ``adapter`` makes the connections of its sessions."""

    def __init__(self, url: str, access: Access, adapter: Callable[[Trust | None], HTTPAdapter]) -> None:
        self.access = access
        self.parts = split_url(url)
        """Empty where the address is none."""
        self._adapter = adapter
        self._lock = threading.Lock()
        self._stamp: tuple[object, ...] = ()
        self._session: Session | None = None

    @property
    def host(self) -> str:
        """Host and port, without a user and password."""
        return self.parts.netloc.rpartition("@")[2]

    def entry(self, path: str = "") -> Entry:
        """The credentials of the next question: a token, else user and password, those of the address last. Parameters
        of ``path`` that are secrets by their name stand in no message.

        SecretError where they cannot be read.
        """
        access, parts = self.access, self.parts
        token, basic = access.token(), access.basic() or user_of(parts)
        auth = Auth(token, basic, header=access.token_header, prefix=access.token_prefix)
        secrets = [token, auth.basic, *access.headers.values(), *(basic[1:] if basic else ()), parts.password]
        named = [each.partition("=")[::2] for each in path.partition("?")[2].split("&")]
        queries = [value for name, value in named if is_secret_header(name)]
        queries += [each.partition("=")[2] for each in parts.query.split("&")]
        secrets += [*queries, *map(unquote, queries)]
        values = [value for name, value in access.params.items() if is_secret_parameter(name)]
        secrets += [*values, *map(quote, values), *map(quote_plus, values)]
        # The longest first: of one that begins with another, the rest would stay.
        found = sorted({secret for secret in secrets if secret and len(secret) >= _SHORTEST_SECRET})
        return Entry(auth, tuple(sorted(found, key=len, reverse=True)))

    def session(self) -> Session:
        """The session to ask in: a new one where a certificate has changed; the old one goes on where the new files do
        not fit together (yet). SecretError where there never was one that did."""
        stamp = _stamp(self.access.tls)
        with self._lock:
            if self._session is None or stamp != self._stamp:
                try:
                    fresh = self._fresh()
                except SecretError:
                    if self._session is None:
                        raise
                else:
                    # Who asks in the old session ends its question; its connections go with it.
                    self._session, self._stamp = fresh, stamp
            return self._session

    def close(self) -> None:
        """Close the connections that are kept; a later question opens one again."""
        if self._session is not None:
            self._session.close()

    def _fresh(self) -> Session:
        session = Session()
        trust = trust_of(self.access.tls) if self.access.tls is not None else None
        for scheme in ("http://", "https://"):
            session.mount(scheme, self._adapter(trust))
        return session


@dataclass(frozen=True, slots=True)
class Trust:
    """A context of TLS, and the name that the server's certificate must hold where it is not the address' host."""

    context: ssl.SSLContext
    server_name: str | None

    @property
    def options(self) -> dict[str, Any]:
        """As urllib3's pools take it."""
        checked = self.context.verify_mode is not ssl.CERT_NONE
        name = {"server_hostname": self.server_name} if self.server_name else {}
        match = {"assert_hostname": self.server_name} if self.server_name and checked else {}
        return {
            "ssl_context": self.context,
            "cert_reqs": "CERT_REQUIRED" if checked else "CERT_NONE",
            **name,
            **(match if checked else {"assert_hostname": False}),
        }


class HttpsPool(HTTPSConnectionPool):
    """urllib3's, without its warning at each question where the spec says to believe any certificate."""

    def _validate_conn(self, conn: Any) -> None:
        if conn.is_closed:
            conn.connect()


class TrustingAdapter(HTTPAdapter):
    """The adapter of requests with a :class:`Trust` of ours in place of its own ideas of certificates."""

    def __init__(self, trust: Trust | None) -> None:
        self._trust = trust
        super().__init__(pool_maxsize=_KEPT)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Called by requests once."""
        super().init_poolmanager(*args, **(options | self._options()))
        self.poolmanager.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": HttpsPool}

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Called by requests for each proxied request."""
        return super().proxy_manager_for(proxy, **options, **self._options())

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> tuple[Any, Any]:
        """Called by requests for each request."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        return (host, pool) if self._trust is None else (host, {})

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Called by requests for each request; it would add the usual authorities to those of the spec."""
        if self._trust is None:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call] # requests' own

    def _options(self) -> dict[str, Any]:
        return {} if self._trust is None else self._trust.options


def trust_of(tls: Tls) -> Trust:
    """The context that the spec describes; SecretError where a file cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if tls.min_version == "TLS13" else ssl.TLSVersion.TLSv1_2
    if tls.insecure_skip_verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    else:
        with _naming("ca_file", tls.ca_file or ""):
            context.load_verify_locations(tls.ca_file or certifi.where())
        if tls.ca_file is None:
            context.load_default_certs()
    if tls.cert_file is not None:
        with _naming("cert_file or key_file", f"{tls.cert_file}, {tls.key_file}"):
            # A passphrase would be asked for on the terminal.
            context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: b"")
    return Trust(context, tls.server_name)


@contextlib.contextmanager
def _naming(what: str, path: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLError:
        raise SecretError(f"{what} cannot be used: no PEM, or not what belongs together ({path})") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise SecretError(f"{what} cannot be read: {reason.lower()} ({path})") from None


def _stamp(tls: Tls | None) -> tuple[object, ...]:
    """What changes where one of the files does."""
    found: list[object] = []
    for path in (tls.ca_file, tls.cert_file, tls.key_file) if tls is not None else ():
        with contextlib.suppress(OSError, ValueError):
            if path is not None:
                stat = os.stat(path)  # noqa: PTH116 - a name that changes hands between two questions
                found.append((stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return tuple(found)


def _basic(auth: BasicAuth | None) -> tuple[str, str] | None:
    if auth is None:
        return None
    user = auth.username if auth.username is not None else read_secret(auth.username_file or "")
    return user, read_secret(auth.password_file)


def _token(path: str | None) -> str | None:
    """Read at each use: tokens are rotated by replacing the file."""
    if path is None:
        return None
    try:
        token = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it is not UTF-8 text"
        raise SecretError(f"token_file {path} cannot be read: {reason}") from None
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise SecretError(f"token_file {path} must hold one token of printable characters")
    return token
