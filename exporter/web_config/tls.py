"""The TLS side of the web config file: from its keys and PEM texts to an ``ssl.SSLContext``."""

from __future__ import annotations

import ipaddress
import ssl
import warnings
from collections.abc import Mapping
from typing import Any

from exporter.web_config.go_names import CIPHERS, CLIENT_AUTH, CURVES, VERSIONS
from exporter.web_config.models import TlsServer
from exporter.web_config.pem import as_file

_OLD = frozenset({"TLS10", "TLS11"})


class TlsError(Exception):
    """OpenSSL does not take it: the ``key`` of ``tls_server_config`` that is to blame, and a sentence."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def context(tls: TlsServer, cert: bytes, key: bytes, client_ca: bytes | None) -> ssl.SSLContext:
    """A context that does what the keys of ``tls`` say, with these PEM texts; TlsError where OpenSSL refuses them.

    ``client_allowed_sans`` is checked as a part of the handshake: a client without any of them is cut off before it has
    asked for anything.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_alpn_protocols(["http/1.1"])
    _versions(made, tls)
    _ciphers(made, tls)
    if tls.curve_preferences:
        _prefer(made, tls.curve_preferences[0])  # Python has no call for several
    load_pair(made, cert, key)
    _clients(made, tls, client_ca)
    return made


def _prefer(made: ssl.SSLContext, curve: str) -> None:
    try:
        made.set_ecdh_curve(CURVES[curve])
    except ssl.SSLError:
        # Older Pythons, Debian 12's 3.11.2 among them, cannot name it; OpenSSL prefers it unasked, before the others.
        if curve != "X25519":
            raise


def load_pair(into: ssl.SSLContext, cert: bytes, key: bytes) -> None:
    """Give a context its certificate and key. TlsError where they are none, or none of one another."""
    with as_file(cert) as cert_path, as_file(key) as key_path:
        try:
            # The passphrase is never wanted: without one OpenSSL would ask at the terminal.
            into.load_cert_chain(cert_path, key_path, password=_no_passphrase)
        except _EncryptedError as error:
            raise TlsError("key", str(error)) from None
        except (ssl.SSLError, OSError) as error:
            raise _blame(error, cert) from None


class _EncryptedError(Exception):
    pass


def _no_passphrase() -> str:
    raise _EncryptedError("the key is encrypted, and there is no place for a passphrase: store it without one")


def _blame(error: OSError, cert: bytes) -> TlsError:
    reason = getattr(error, "reason", None) or ""
    if "KEY_VALUES_MISMATCH" in reason or "KEY_TYPE_MISMATCH" in reason:
        return TlsError("key", "the key does not belong to the certificate: give the one that it was made with")
    if "TOO_SMALL" in reason or "TOO_WEAK" in reason:
        return TlsError("cert", f"OpenSSL finds it too weak ({reason}): make one with a longer key and SHA-256")
    if certificates(cert):
        return TlsError("key", "no private key in PEM format ('-----BEGIN PRIVATE KEY-----'): give one")
    return TlsError("cert", "no certificate in PEM format ('-----BEGIN CERTIFICATE-----'): give one")


def certificates(pem: bytes) -> int:
    """How many whole certificates are in a PEM text."""
    try:
        store = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        store.load_verify_locations(cadata=_ascii(pem))
    except (ssl.SSLError, ValueError):
        return 0
    return store.cert_store_stats()["x509"]


def _ascii(pem: bytes) -> str:
    """Without the names in other scripts that comments of bundles have, which Python does not take."""
    return pem.decode("ascii", "ignore")


def _versions(made: ssl.SSLContext, tls: TlsServer) -> None:
    lowest, highest = VERSIONS[tls.min_version], VERSIONS[tls.max_version]
    if not _OLD & {tls.min_version, tls.max_version}:
        made.minimum_version, made.maximum_version = lowest, highest
        return
    with warnings.catch_warnings():
        # They are the user's wish; a warning of ours says what they are worth.
        warnings.simplefilter("ignore", DeprecationWarning)
        made.minimum_version, made.maximum_version = lowest, highest


def _ciphers(made: ssl.SSLContext, tls: TlsServer) -> None:
    if not tls.prefer_server_cipher_suites:
        made.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    older = [CIPHERS[name] for name in tls.cipher_suites if name in CIPHERS]
    # OpenSSL 3 speaks TLS below 1.2 at no level above 0.
    level = ["@SECLEVEL=0"] if tls.min_version in _OLD else []
    if older or level:
        made.set_ciphers(":".join([*(older or ["DEFAULT"]), *level]))
    if tls.cipher_suites and not older:
        made.minimum_version = ssl.TLSVersion.TLSv1_3


def _clients(made: ssl.SSLContext, tls: TlsServer, client_ca: bytes | None) -> None:
    made.verify_mode = CLIENT_AUTH[tls.client_auth_type]
    if made.verify_mode == ssl.CERT_NONE:
        return
    if client_ca is None:
        made.load_default_certs(ssl.Purpose.CLIENT_AUTH)
    else:
        if not certificates(client_ca):
            raise TlsError("client_ca", "no certificate in PEM format ('-----BEGIN CERTIFICATE-----'): give one")
        made.load_verify_locations(cadata=_ascii(client_ca))
        # As in Go: what is listed is trusted, be it an authority or a client's own certificate.
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if tls.client_allowed_sans is not None:
        made.sslobject_class = checking(frozenset(tls.client_allowed_sans))


def checking(allowed: frozenset[str]) -> type[ssl.SSLObject]:
    """The class of connections whose handshake fails where the client's certificate has none of these names."""

    class Checked(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            if allowed.isdisjoint(names(self.getpeercert() or {})):
                raise ssl.SSLCertVerificationError("the client's certificate has none of client_allowed_sans")

    return Checked


def names(certificate: Mapping[str, Any]) -> set[str]:
    """The DNS names, addresses, e-mail addresses and URIs of a certificate as ``getpeercert`` gives it."""
    pairs = certificate.get("subjectAltName", ())
    return {_address(value) if kind == "IP Address" else value for kind, value in pairs if kind in _KINDS}


_KINDS = frozenset({"DNS", "IP Address", "email", "URI"})


def _address(text: str) -> str:
    """As Go writes it: 2001:db8::1 where OpenSSL says 2001:DB8:0:0:0:0:0:1."""
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return text


class LiveContext(ssl.SSLContext):
    """A context in whose place another can be put at any time: for the connections that come after.

    asyncio keeps the context that a server began with and asks it, for each connection, for ``wrap_bio``. Changing the
    one context instead would do for a certificate, but it can forget no client authority.
    """

    current: ssl.SSLContext

    @classmethod
    def of(cls, current: ssl.SSLContext) -> LiveContext:
        """A context that stands for ``current``."""
        made = cls(ssl.PROTOCOL_TLS_SERVER)
        made.current = current
        return made

    def wrap_bio(self, *args: Any, **named: Any) -> ssl.SSLObject:
        """A connection by the context that is in force now."""
        return self.current.wrap_bio(*args, **named)
