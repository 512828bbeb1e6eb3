"""What single values may be."""

from typing import Any

import pytest
from pydantic import ValidationError

from exporter.web_config.models import Headers, HttpServer, RateLimit, TlsServer, WebConfigFile

HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        # As https://pkg.go.dev/time#ParseDuration reads them.
        ("1s", 1.0),
        ("1.5s", 1.5),
        (".5s", 0.5),
        ("1m30s", 90.0),
        ("100ms", 0.1),
        ("2h45m", 9900.0),
        ("50us", 5e-5),
        ("50µs", 5e-5),
        ("50μs", 5e-5),
        ("0s", 0.0),
        (0, 0.0),
    ],
)
def test_an_interval_is_read_as_go_reads_it(text: str, seconds: float) -> None:
    assert RateLimit(interval=text).interval == pytest.approx(seconds, abs=0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value", ["1", "s", "1x", "-1s", "1 s", "1s2", "", 1, 1.5, None, True, False, [], "9" * 50 + "s"]
)
def test_what_is_no_interval_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError, match="duration"):
        RateLimit(interval=value)


@pytest.mark.parametrize("value", [HASH, HASH.replace("2y", "2b"), HASH.replace("2y$10", "2a$04")])
def test_a_bcrypt_hash_of_any_usual_kind_is_taken(value: str) -> None:
    assert WebConfigFile(basic_auth_users={"a": value}).basic_auth_users == {"a": value}


@pytest.mark.parametrize(
    "value",
    ["secret", "", HASH[:-1], HASH + "x", HASH.replace("2y", "2x"), HASH.replace("10", "03"), 1, None, ["secret"]],
)
def test_what_is_no_hash_is_refused_and_not_quoted(value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        WebConfigFile(basic_auth_users={"a": value})
    (error,) = refused.value.errors()
    assert error["msg"].startswith("Value error, not a bcrypt hash")


def test_no_secret_shows_in_what_is_printed_of_the_file() -> None:
    file = WebConfigFile(basic_auth_users={"a": HASH}, tls_server_config=TlsServer(key="-----BEGIN", cert="c"))
    assert HASH not in repr(file)
    assert "BEGIN" not in repr(file)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Security-Policy", "default-src 'self'"),
        ("X-Frame-Options", "sameorigin"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-XSS-Protection", "0"),
        ("X-XSS-Protection", 0),
        ("Strict-Transport-Security", "max-age=31536000"),
    ],
)
def test_these_headers_may_be_set(name: str, value: str | int) -> None:
    headers = Headers.model_validate({name: value}).model_dump(by_alias=True)
    assert {key: found for key, found in headers.items() if found} == {name: str(value)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Frame-Options", "DENY"),
        ("X-Content-Type-Options", ""),
        ("X-XSS-Protection", "1\r\nSet-Cookie: a=b"),
        ("Strict-Transport-Security", 0.5),
        ("x-frame-options", "deny"),
        ("Server", "winburn"),
    ],
)
def test_others_may_not(name: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        Headers.model_validate({name: value})


@pytest.mark.parametrize("value", ["true", 1, None])
def test_a_switch_is_true_or_false(value: Any) -> None:
    with pytest.raises(ValidationError):
        HttpServer(http2=value)
