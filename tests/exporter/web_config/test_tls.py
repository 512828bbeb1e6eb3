"""Handshakes in memory between OpenSSL's client and a context made from the file's keys."""

import ssl
import subprocess
import warnings
from pathlib import Path
from typing import Any

import pytest

from exporter.web_config.models import TlsServer
from exporter.web_config.tls import LiveContext, TlsError, certificates, context, load_pair, names
from tests.certificates import Pair
from tests.exporter.web_config.conftest import Pki

MUTUAL = {"client_auth_type": "RequireAndVerifyClientCert"}


def server(pki: Pki, *, authority: bool = False, **keys: Any) -> ssl.SSLContext:
    client_ca = pki.authority.cert.read_bytes() if authority else None
    return context(TlsServer(**keys), pki.server.cert.read_bytes(), pki.server.key.read_bytes(), client_ca)


def client(pki: Pki, pair: Pair | None = None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=pki.authority.cert)
    if pair is not None:
        made.load_cert_chain(pair.cert, pair.key)
    return made


def handshake(serving: ssl.SSLContext, asking: ssl.SSLContext) -> ssl.SSLObject:
    """The client's side of a connection over which both have said something; ssl.SSLError where one refuses."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    there = serving.wrap_bio(to_server, to_client, server_side=True)
    here = asking.wrap_bio(to_client, to_server, server_hostname="localhost")
    done: set[ssl.SSLObject] = set()
    for _ in range(6):
        for side in {here, there} - done:
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                pass
    there.write(b"hello")
    assert here.read(5) == b"hello"
    return here


def test_a_client_that_trusts_the_authority_comes_in_by_tls_13_and_http_11(pki: Pki) -> None:
    asking = client(pki)
    asking.set_alpn_protocols(["h2", "http/1.1"])
    connection = handshake(server(pki), asking)
    assert connection.version() == "TLSv1.3"
    assert connection.selected_alpn_protocol() == "http/1.1"


@pytest.mark.parametrize(
    ("keys", "lowest", "highest", "version"),
    [
        ({"max_version": "TLS12"}, None, None, "TLSv1.2"),
        ({"min_version": "TLS13"}, None, ssl.TLSVersion.TLSv1_2, None),
        ({}, None, ssl.TLSVersion.TLSv1_1, None),
        ({"min_version": "TLS10"}, None, ssl.TLSVersion.TLSv1_1, "TLSv1.1"),
        ({"min_version": "TLS10", "max_version": "TLS10"}, ssl.TLSVersion.TLSv1, None, "TLSv1"),
        ({"cipher_suites": ("TLS_AES_128_GCM_SHA256",)}, None, ssl.TLSVersion.TLSv1_2, None),
    ],
)
def test_versions_have_their_bounds(
    pki: Pki, keys: dict[str, Any], lowest: ssl.TLSVersion | None, highest: ssl.TLSVersion | None, version: str | None
) -> None:
    asking = client(pki)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        asking.minimum_version = lowest or ssl.TLSVersion.TLSv1
        asking.maximum_version = highest or asking.maximum_version
    asking.set_ciphers("DEFAULT:@SECLEVEL=0")
    if version is None:
        with pytest.raises(ssl.SSLError):
            handshake(server(pki, **keys), asking)
    else:
        assert handshake(server(pki, **keys), asking).version() == version


@pytest.mark.parametrize("preferring", [True, False])
def test_of_the_suites_the_order_of_the_one_side_counts(pki: Pki, preferring: bool) -> None:  # noqa: FBT001
    suites = ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
    serving = server(pki, max_version="TLS12", cipher_suites=suites, prefer_server_cipher_suites=preferring)
    asking = client(pki)
    asking.set_ciphers("ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
    chosen = handshake(serving, asking).cipher()
    assert chosen is not None
    assert chosen[0] == ("ECDHE-ECDSA-AES256-GCM-SHA384" if preferring else "ECDHE-ECDSA-AES128-GCM-SHA256")


def test_a_curve_that_is_not_the_preferred_one_is_refused(pki: Pki) -> None:
    serving = server(pki, curve_preferences=("CurveP384", "CurveP256"))
    for curve in ("secp384r1", "prime256v1"):
        asking = client(pki)
        asking.set_ecdh_curve(curve)
        if curve == "secp384r1":
            handshake(serving, asking)
        else:
            with pytest.raises(ssl.SSLError):
                handshake(serving, asking)


@pytest.mark.parametrize(
    ("kind", "admitted"),
    [
        ("NoClientCert", {"nobody", "client", "stranger"}),
        ("RequestClientCert", {"nobody", "client", "stranger"}),
        ("VerifyClientCertIfGiven", {"nobody", "client"}),
        ("RequireAnyClientCert", {"client"}),  # in Go the stranger too: Python cannot take what it does not verify
        ("RequireClientCert", {"client"}),
        ("RequireAndVerifyClientCert", {"client"}),
    ],
)
def test_who_comes_in(pki: Pki, kind: str, admitted: set[str]) -> None:
    serving = server(pki, authority=True, client_auth_type=kind)
    found = set()
    for who, pair in {"nobody": None, "client": pki.client, "stranger": pki.stranger}.items():
        try:
            handshake(serving, client(pki, pair))
            found.add(who)
        except ssl.SSLError:
            pass
    assert found == admitted


def test_a_clients_own_certificate_may_stand_for_its_authority(pki: Pki) -> None:
    pair = pki.server.cert.read_bytes(), pki.server.key.read_bytes()
    serving = context(TlsServer(**MUTUAL), *pair, pki.client.cert.read_bytes())
    handshake(serving, client(pki, pki.client))
    with pytest.raises(ssl.SSLError):
        handshake(serving, client(pki, pki.nameless))


@pytest.mark.parametrize(
    "name",
    ["prom.example", "2001:db8::1", "192.0.2.7", "ops@prom.example", "spiffe://prom.example/scraper"],
)
def test_any_kind_of_name_admits_its_client_and_nobody_else(pki: Pki, name: str) -> None:
    serving = server(pki, authority=True, **MUTUAL, client_allowed_sans=("not.this.one", name))
    handshake(serving, client(pki, pki.client))
    for other in (pki.nameless, pki.stranger, None):
        with pytest.raises(ssl.SSLError):
            handshake(serving, client(pki, other))


@pytest.mark.parametrize("name", ["PROM.example", "*.example", "example", "prom.example."])
def test_a_name_fits_exactly_or_not_at_all(pki: Pki, name: str) -> None:
    serving = server(pki, authority=True, **MUTUAL, client_allowed_sans=(name,))
    with pytest.raises(ssl.SSLCertVerificationError, match="none of client_allowed_sans"):
        handshake(serving, client(pki, pki.client))


def test_a_certificate_without_names_has_none() -> None:
    assert names({}) == set()
    assert names({"subjectAltName": (("DirName", "x"), ("IP Address", "odd"))}) == {"odd"}


def test_another_context_is_for_the_connections_that_come_after(pki: Pki) -> None:
    live = LiveContext.of(server(pki))
    handshake(live, client(pki))
    live.current = server(pki, authority=True, **MUTUAL)
    with pytest.raises(ssl.SSLError):
        handshake(live, client(pki))
    handshake(live, client(pki, pki.client))


def pair_of(cert: Path, key: Path) -> None:
    load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), cert.read_bytes(), key.read_bytes())


def test_what_openssl_refuses_is_told_at_the_key_that_is_to_blame(pki: Pki, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("nothing\n")
    wrong = [
        (pki.server.cert, pki.other_server.key, "key", "does not belong to the certificate"),
        (pki.server.cert, empty, "key", "no private key in PEM format"),
        (empty, pki.server.key, "cert", "no certificate in PEM format"),
        (pki.server.key, pki.server.key, "cert", "no certificate in PEM format"),
    ]
    for cert, key, blamed, words in wrong:
        with pytest.raises(TlsError, match=words) as refused:
            pair_of(cert, key)
        assert refused.value.key == blamed


def test_an_encrypted_key_asks_nobody_for_its_passphrase(pki: Pki, tmp_path: Path) -> None:
    key = tmp_path / "encrypted.key"
    command = ["openssl", "pkcs8", "-topk8", "-in", str(pki.server.key), "-passout", "pass:x", "-out", str(key)]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(TlsError, match="the key is encrypted"):
        pair_of(pki.server.cert, key)


def test_an_authority_without_a_certificate_is_refused(pki: Pki) -> None:
    pair = pki.server.cert.read_bytes(), pki.server.key.read_bytes()
    with pytest.raises(TlsError, match="no certificate") as refused:
        context(TlsServer(**MUTUAL), *pair, b"\xff nothing")
    assert refused.value.key == "client_ca"


def test_certificates_are_counted(pki: Pki) -> None:
    both = "# Főtanúsítvány\n".encode() + pki.authority.cert.read_bytes() + pki.server.cert.read_bytes()
    assert [certificates(text) for text in (b"", pki.server.key.read_bytes(), both)] == [0, 0, 2]
