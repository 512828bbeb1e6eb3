"""What no single key of the web config file shows: keys that contradict or need one another."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.spec.tree import Parts, Problem
from exporter.web_config.go_names import CIPHERS, VERSIONS
from exporter.web_config.models import RateLimit, TlsServer, WebConfigFile

_TLS = "tls_server_config"
_ANY = ("RequireAnyClientCert", "RequireClientCert")
_REQUIRING = (*_ANY, "RequireAndVerifyClientCert")
_SLOW_COST = 15


def check(file: WebConfigFile) -> list[Problem]:
    """The contradictions, each at the key to change."""
    tls = file.tls_server_config
    return [*_pairs(tls), *_clients(tls), *_choices(tls), *_limit(file.rate_limit)]


def _pairs(tls: TlsServer) -> Iterator[Problem]:
    for name in ("cert", "key", "client_ca"):
        if getattr(tls, name) is not None and getattr(tls, f"{name}_file") is not None:
            yield Problem((_TLS, name), f"given twice, here and by {name}_file: keep one of them", on_key=True)
    if not tls.model_fields_set:
        return
    for name in ("cert", "key"):
        if getattr(tls, name) is None and getattr(tls, f"{name}_file") is None:
            what = "certificate" if name == "cert" else "private key"
            message = f"no {what}: add {name}_file (or {name}, the PEM text itself)"
            # Of the key that is missing, not of the section: that would keep quiet what else is wrong in it.
            yield Problem((_TLS, f"{name}_file"), message, on_key=True)


def _clients(tls: TlsServer) -> Iterator[Problem]:
    authority = next((key for key in ("client_ca_file", "client_ca") if getattr(tls, key) is not None), None)
    kind = tls.client_auth_type
    if authority and kind == "NoClientCert":
        message = "no client is asked for a certificate: add client_auth_type: RequireAndVerifyClientCert"
        yield Problem((_TLS, authority), message, on_key=True)
    if kind in _ANY and not authority:
        message = (
            f"{kind} takes certificates that nobody has verified, which Python's TLS cannot: write "
            "RequireAndVerifyClientCert, and the authority in client_ca_file"
        )
        yield Problem((_TLS, "client_auth_type"), message)
    if tls.client_allowed_sans is None:
        return
    if not tls.client_allowed_sans:
        yield Problem((_TLS, "client_allowed_sans"), "an empty list admits nobody: name the clients, or remove it")
    if kind not in _REQUIRING:
        message = f"needs a certificate of every client, and {kind} does not: write RequireAndVerifyClientCert there"
        yield Problem((_TLS, "client_allowed_sans"), message, on_key=True)


def _choices(tls: TlsServer) -> Iterator[Problem]:
    if VERSIONS[tls.min_version] > VERSIONS[tls.max_version]:
        key = "min_version" if "min_version" in tls.model_fields_set else "max_version"
        message = f"min_version {tls.min_version} is above max_version {tls.max_version}: no version is left"
        yield Problem((_TLS, key), message)
    elif tls.cipher_suites and tls.max_version != "TLS13" and CIPHERS.keys().isdisjoint(tls.cipher_suites):
        message = f"all of these are of TLS 1.3, which max_version {tls.max_version} excludes: no suite is left"
        yield Problem((_TLS, "cipher_suites"), message)


def _limit(limit: RateLimit) -> Iterator[Problem]:
    if limit.interval and limit.burst is None:
        message = "the key 'burst' is required beside interval: how many may come at once, for instance burst: 20"
        yield Problem(("rate_limit",), message, on_key=True)


def warnings_of(file: WebConfigFile) -> Iterator[tuple[Parts, str]]:
    """(place, sentence) of what is accepted and does not do what one may think."""
    tls, http = file.tls_server_config, file.http_server_config
    if "http2" in http.model_fields_set and http.http2:
        yield ("http_server_config", "http2"), "accepted, and without effect: winburn speaks HTTP/1.1 only"
    if not tls.model_fields_set:
        if file.basic_auth_users:
            yield ("basic_auth_users",), "without tls_server_config passwords are sent in the clear"
        return
    yield from _tls_warnings(tls)
    for user, hashed in file.basic_auth_users.items():
        cost = int(hashed[4:6])
        if cost >= _SLOW_COST:
            yield ("basic_auth_users", user), f"cost {cost} takes seconds for each new password: 10 to 12 is usual"


def _tls_warnings(tls: TlsServer) -> Iterator[tuple[Parts, str]]:
    kind = tls.client_auth_type
    if kind == "RequestClientCert":
        yield (_TLS, "client_auth_type"), "nothing depends on that certificate: it is not asked for, as by NoClientCert"
    if kind in _ANY:
        yield (_TLS, "client_auth_type"), "stricter than its name: certificates are verified against client_ca"
    if kind in ("VerifyClientCertIfGiven", "RequireAndVerifyClientCert") and tls.client_ca_file is tls.client_ca:
        message = "without client_ca_file every authority that this machine trusts is admitted"
        yield (_TLS, "client_auth_type"), message
    if len(tls.curve_preferences) > 1:
        message = f"Python's TLS takes one curve: {tls.curve_preferences[0]} alone is offered"
        yield (_TLS, "curve_preferences"), message
    if VERSIONS[tls.min_version] < VERSIONS["TLS12"]:
        yield (_TLS, "min_version"), f"{tls.min_version} is insecure, and so are its ciphers"
