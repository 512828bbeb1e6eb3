"""OpenSSL knows all that Go's names stand for."""

import ssl

import pytest

from exporter.web_config.go_names import CIPHERS, CIPHERS_OF_TLS13, CLIENT_AUTH, CURVES, VERSIONS


@pytest.mark.parametrize(("go", "openssl"), CIPHERS.items())
def test_a_suite_is_the_one_that_openssl_means(go: str, openssl: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(openssl)
    (suite,) = [suite for suite in context.get_ciphers() if suite["protocol"] != "TLSv1.3"]
    # The registry's name is Go's, but for the hash that older readers of ChaCha20 leave out.
    description = suite["description"]
    assert ("Au=ECDSA" in description) == ("_ECDSA_" in go)
    assert ("Kx=ECDH" in description) == ("ECDHE" in go)
    bits = {"AES_128": 128, "AES_256": 256, "CHACHA20": 256}
    assert suite["strength_bits"] == next(strength for name, strength in bits.items() if name in go)
    assert suite["aead"] == ("GCM" in go or "CHACHA20" in go)


def test_the_suites_of_tls13_are_those_that_openssl_begins_with() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert {suite["name"] for suite in context.get_ciphers() if suite["protocol"] == "TLSv1.3"} == CIPHERS_OF_TLS13


@pytest.mark.parametrize("openssl", sorted({*CURVES.values()} - {"X25519"}))  # which old Pythons cannot name
def test_a_curve_is_known(openssl: str) -> None:
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).set_ecdh_curve(openssl)


def test_versions_rise_and_every_kind_of_client_authentication_of_the_format_is_there() -> None:
    assert list(VERSIONS.values()) == sorted(VERSIONS.values())
    assert set(CLIENT_AUTH) == {
        "NoClientCert",
        "RequestClientCert",
        "RequireAnyClientCert",
        "RequireClientCert",
        "VerifyClientCertIfGiven",
        "RequireAndVerifyClientCert",
    }
