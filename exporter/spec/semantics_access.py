"""What the schema cannot say of how to get in to a server: credentials of one kind, certificates that are whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exporter.spec.mask import has_password
from exporter.spec.source_models import Alertmanagers, BasicAuth, HttpSource, PrometheusSource, Tls
from exporter.spec.tree import Parts, Problem

_Owner = PrometheusSource | HttpSource | Alertmanagers


def check_access(owner: _Owner, urls: Sequence[str], parts: Parts) -> Iterator[Problem]:
    """The mistakes of ``owner``, which stands at ``parts``; ``urls`` are its addresses, where the spec says them."""
    if owner.basic_auth is not None:
        yield from _basic(owner.basic_auth, (*parts, "basic_auth"))
        if owner.token_file is not None:
            yield Problem(parts, "token_file and basic_auth are both given; keep one of them")
        if any(map(has_password, urls)):
            yield Problem(
                (*parts, "basic_auth"),
                "the address holds a user and password already; take them out of it",
                on_key=True,
            )
    yield from _headers(owner, parts)
    if owner.tls is not None:
        yield from _tls(owner.tls, (*parts, "tls"))
        if urls and all(url.startswith("http://") for url in urls):
            message = "the address begins with http://, which knows no certificates; write https://, or remove tls"
            yield Problem((*parts, "tls"), message, on_key=True)


def _basic(auth: BasicAuth, parts: Parts) -> Iterator[Problem]:
    given = [key for key in ("username", "username_file") if getattr(auth, key) is not None]
    if not given:
        yield Problem(parts, "username is required; give it, or username_file with the path of a file that holds it")
    if len(given) == 2:
        yield Problem(parts, "username and username_file are both given; keep one of them")
    if auth.username is not None and ":" in auth.username:
        yield Problem((*parts, "username"), "a user of HTTP's basic authentication cannot hold ':'")


def _headers(owner: _Owner, parts: Parts) -> Iterator[Problem]:
    header = owner.token_header if isinstance(owner, HttpSource) else "Authorization"
    taken = {"token_file": header, "basic_auth": "Authorization"}
    for name in owner.headers:
        for key, own in taken.items():
            if getattr(owner, key) is not None and name.lower() == own.lower():
                message = f"{key} gives this header already; keep one of them"
                yield Problem((*parts, "headers", name), message, on_key=True)


def _tls(tls: Tls, parts: Parts) -> Iterator[Problem]:
    for given, missing in (("cert_file", "key_file"), ("key_file", "cert_file")):
        if getattr(tls, given) is not None and getattr(tls, missing) is None:
            yield Problem(parts, f"{given} is given without {missing}; a certificate and its key belong together")
    useless = [key for key in ("ca_file", "server_name") if tls.insecure_skip_verify and getattr(tls, key) is not None]
    if useless:
        message = f"any certificate is believed, so that {' and '.join(useless)} would check nothing; remove this key"
        yield Problem((*parts, "insecure_skip_verify"), message, on_key=True)
