"""What is accepted with a warning; what is refused stands among the goldens of test_read."""

from typing import Any

import pytest

from exporter.web_config.check import check, warnings_of
from exporter.web_config.models import WebConfigFile

HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
TLS = {"cert_file": "a.crt", "key_file": "a.key"}
CA = {"client_ca_file": "ca.crt"}


def file(tls: dict[str, Any] | None = None, **sections: Any) -> WebConfigFile:
    return WebConfigFile.model_validate(({"tls_server_config": {**TLS, **tls}} if tls is not None else {}) | sections)


@pytest.mark.parametrize(
    ("given", "place", "words"),
    [
        (file({}, http_server_config={"http2": True}), "http_server_config.http2", "HTTP/1.1 only"),
        (file(basic_auth_users={"a": HASH}), "basic_auth_users", "in the clear"),
        (
            file({}, basic_auth_users={"a": HASH.replace("$10$", "$15$")}),
            "basic_auth_users.a",
            "cost 15 takes seconds",
        ),
        (file({"client_auth_type": "RequestClientCert"}), "tls_server_config.client_auth_type", "not asked for"),
        (
            file({"client_auth_type": "RequireAnyClientCert", **CA}),
            "tls_server_config.client_auth_type",
            "stricter than its name",
        ),
        (
            file({"client_auth_type": "RequireAndVerifyClientCert"}),
            "tls_server_config.client_auth_type",
            "every authority that this machine trusts",
        ),
        (file({"curve_preferences": ["X25519", "CurveP256"]}), "tls_server_config.curve_preferences", "X25519 alone"),
        (file({"min_version": "TLS11"}), "tls_server_config.min_version", "insecure"),
    ],
)
def test_what_does_not_do_what_one_may_think_is_said(given: WebConfigFile, place: str, words: str) -> None:
    assert check(given) == []
    ((parts, sentence),) = warnings_of(given)
    assert ".".join(map(str, parts)) == place
    assert words in sentence


@pytest.mark.parametrize(
    "given",
    [
        file({}),
        file({}, http_server_config={"http2": False}, basic_auth_users={"a": HASH}),
        file({"client_auth_type": "RequireAndVerifyClientCert", "client_allowed_sans": ["a"], **CA}),
        file({"client_auth_type": "NoClientCert", "min_version": "TLS13", "curve_preferences": ["X25519"]}),
        file(rate_limit={"interval": 0}),
    ],
)
def test_what_does_is_not_remarked_on(given: WebConfigFile) -> None:
    assert check(given) == []
    assert list(warnings_of(given)) == []
