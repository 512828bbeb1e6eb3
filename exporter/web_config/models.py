"""exporter-toolkit's web config file as strict models: its version 0.20
(https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from exporter.spec.base import Model
from exporter.spec.tree import did_you_mean, shown
from exporter.spec.types import Count, Text, found
from exporter.web_config.go_names import CIPHERS, CIPHERS_OF_TLS13, CLIENT_AUTH, CURVES, VERSIONS

_HASH = re.compile(r"\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")
_DURATION = re.compile(r"([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")  # both letters that look like µ, as in Go
_SECONDS = {"ns": "1e-9", "us": "1e-6", "µs": "1e-6", "μs": "1e-6", "ms": "1e-3", "s": "1", "m": "60", "h": "3600"}


def _one_of(what: str, known: Iterable[str]) -> Callable[[Any], Any]:
    names = sorted(known)

    def check(value: Any) -> Any:
        if value in names:
            return value
        hint = did_you_mean(value, names) if isinstance(value, str) else None
        tail = f"; did you mean {hint}?" if hint else ""
        raise ValueError(f"{found(value)} is not {what} known here: {', '.join(names)}{tail}")

    return check


def _hash(value: Any) -> Any:
    """Never quoted: a password written here by mistake would stand in a log."""
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise ValueError("not a bcrypt hash; write one like $2y$10$…, made by htpasswd -nBC 10 ''")
    return value


def _user(value: str) -> str:
    # The first colon ends the name in what a client sends (RFC 7617, section 2).
    if ":" in value:
        raise ValueError("a name of basic authentication has no colon: choose another")
    return value


def _interval(value: Any) -> Any:
    """Seconds of a duration as Go writes it, such as 1s, 1.5s or 1m30s; 0 turns the limit off."""
    if value == 0 and not isinstance(value, bool):
        return 0.0
    if not isinstance(value, str):
        raise ValueError(f"{found(value)} where a duration belongs; write one with its unit, like 100ms or 1s")
    parts = list(_DURATION.finditer(value))
    if not parts or len(value) > 40 or "".join(part[0] for part in parts) != value:
        raise ValueError(f"{shown(value)} is not a duration; write one like 100ms, 1s or 1m30s")
    return float(sum(Decimal(part[1]) * Decimal(_SECONDS[part[3]]) for part in parts))


def _header(*allowed: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool) and not allowed:
            value = str(value)  # as in Go: X-XSS-Protection: 0 is what one writes
        if not isinstance(value, str) or (allowed and value not in allowed):
            raise ValueError(f"{found(value)} where {' or '.join(allowed) or 'text'} belongs")
        # A line break would begin a header of its own.
        if not re.fullmatch(r"[\t\x20-\x7e]*", value):
            raise ValueError("a character that no header may have; write it in ASCII, on one line")
        return value

    return check


Version = Annotated[str, BeforeValidator(_one_of("a TLS version", VERSIONS))]
Cipher = Annotated[str, BeforeValidator(_one_of("a cipher suite", {*CIPHERS, *CIPHERS_OF_TLS13}))]
Curve = Annotated[str, BeforeValidator(_one_of("a curve", CURVES))]
ClientAuth = Annotated[str, BeforeValidator(_one_of("a client_auth_type", CLIENT_AUTH))]
Hash = Annotated[str, BeforeValidator(_hash)]
User = Annotated[str, AfterValidator(_user)]
Interval = Annotated[float, BeforeValidator(_interval)]
FreeHeader = Annotated[str, BeforeValidator(_header())]


class TlsServer(Model):
    """``tls_server_config``. Of each pair the one is a file and the other the PEM text itself."""

    cert_file: Text | None = None
    cert: Annotated[Text | None, Field(repr=False)] = None
    key_file: Text | None = None
    key: Annotated[Text | None, Field(repr=False)] = None
    client_ca_file: Text | None = None
    client_ca: Annotated[Text | None, Field(repr=False)] = None
    client_auth_type: ClientAuth = "NoClientCert"
    client_allowed_sans: tuple[Text, ...] | None = None
    min_version: Version = "TLS12"
    max_version: Version = "TLS13"
    cipher_suites: tuple[Cipher, ...] = ()
    prefer_server_cipher_suites: Annotated[bool, Field(strict=True)] = True
    curve_preferences: tuple[Curve, ...] = ()


class Headers(Model):
    """``http_server_config.headers``: no others may be set. One that is blank is as if it were not there."""

    content_security_policy: Annotated[FreeHeader, Field(alias="Content-Security-Policy")] = ""
    x_frame_options: Annotated[str, BeforeValidator(_header("deny", "sameorigin")), Field(alias="X-Frame-Options")] = ""
    x_content_type_options: Annotated[
        str, BeforeValidator(_header("nosniff")), Field(alias="X-Content-Type-Options")
    ] = ""
    x_xss_protection: Annotated[FreeHeader, Field(alias="X-XSS-Protection")] = ""
    strict_transport_security: Annotated[FreeHeader, Field(alias="Strict-Transport-Security")] = ""


class HttpServer(Model):
    """``http_server_config``."""

    http2: Annotated[bool, Field(strict=True)] = True
    headers: Headers = Headers()


class RateLimit(Model):
    """``rate_limit``: one request an ``interval`` (seconds) on average, ``burst`` of them at once; 0 is no limit."""

    interval: Interval = 0.0
    burst: Annotated[Count, Field(ge=1)] | None = None


class WebConfigFile(Model):
    """The whole file."""

    tls_server_config: TlsServer = TlsServer()
    http_server_config: HttpServer = HttpServer()
    basic_auth_users: dict[User, Hash] = Field(default_factory=dict, repr=False)
    rate_limit: RateLimit = RateLimit()
