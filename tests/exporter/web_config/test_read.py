"""Web config files: broken ones and the exact words about them, good ones, and any text at all.

After a change of the words: ``WINBURN_WRITE_GOLDEN=1 pytest tests/exporter/web_config/test_read.py``; read the diff.
"""

import json
import os
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exporter.spec import SpecError, SpecErrors
from exporter.web_config import read
from tests.exporter.web_config.conftest import Pki

BROKEN = Path(__file__).parent / "broken"
NAMES = sorted(path.stem for path in BROKEN.glob("*.yml"))
HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"


@pytest.mark.parametrize("name", NAMES)
def test_the_author_reads_exactly_this(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)
    with pytest.raises(SpecErrors) as caught:
        read(Path(f"{name}.yml"))
    found, golden = f"{caught.value}\n", BROKEN / f"{name}.txt"
    if os.environ.get("WINBURN_WRITE_GOLDEN"):
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")
    for secret in ("hunter2", "12345", HASH):
        assert secret not in found


def test_every_golden_has_its_file() -> None:
    assert sorted(path.stem for path in BROKEN.glob("*.txt")) == NAMES
    assert len(NAMES) >= 15


def test_a_whole_file(pki: Pki) -> None:
    path = pki.folder / "web.yml"
    path.write_text(f"""\
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: {pki.authority.cert}
  client_allowed_sans: [prom.example]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: true
  curve_preferences: [X25519]
http_server_config:
  http2: true
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Frame-Options: sameorigin
    X-XSS-Protection: ""
basic_auth_users:
  prometheus: {HASH}
rate_limit: {{interval: 50ms, burst: 20}}
""")
    found = read(path)
    assert found.tls is not None
    assert found.users == {"prometheus": HASH}
    assert set(found.headers) == {
        (b"strict-transport-security", b"max-age=31536000"),
        (b"x-frame-options", b"sameorigin"),
    }
    assert (found.interval, found.burst) == (0.05, 20)
    assert list(found.files) == [path, pki.server.cert, pki.server.key, pki.authority.cert]
    assert found.warnings == (
        f"{path}:13: http_server_config.http2: accepted, and without effect: winburn speaks HTTP/1.1 only",
    )


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}", "http_server_config: {http2: false}"])
def test_a_file_that_configures_nothing_is_no_mistake(tmp_path: Path, text: str) -> None:
    path = tmp_path / "web.yml"
    path.write_text(text)
    found = read(path)
    assert (found.tls, found.users, found.headers, found.interval, found.warnings) == (None, {}, (), 0.0, ())


def indented(path: Path) -> str:
    return "".join(f"    {line}\n" for line in path.read_text().splitlines())


def test_certificate_key_and_authority_may_stand_in_the_file_itself(pki: Pki, tmp_path: Path) -> None:
    path = tmp_path / "web.yml"
    path.write_text(
        f"tls_server_config:\n  cert: |\n{indented(pki.server.cert)}  key: |\n{indented(pki.server.key)}"
        f"  client_ca: |\n{indented(pki.authority.cert)}  client_auth_type: VerifyClientCertIfGiven\n"
    )
    found = read(path)
    assert found.tls is not None
    assert list(found.files) == [path]
    path.write_text(path.read_text().replace("BEGIN PRIVATE", "BEGIN PUBLIC"))
    with pytest.raises(SpecErrors, match=r"web\.yml:\d+: tls_server_config\.key: no private key") as refused:
        read(path)
    assert pki.server.key.read_text().splitlines()[1] not in str(refused.value)


def test_a_file_that_is_not_there_or_not_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(SpecErrors, match=r"gone\.yml: cannot be read: no such file"):
        read(tmp_path / "gone.yml")
    (tmp_path / "web.yml").write_bytes(b"a: b\nc: \xff\n")
    with pytest.raises(SpecErrors, match=r"web\.yml:2: not UTF-8"):
        read(tmp_path / "web.yml")


WORDS = st.sampled_from(
    "tls_server_config cert key_file client_auth_type cipher_suites http_server_config headers X-Frame-Options "
    f"basic_auth_users rate_limit interval burst TLS12 deny {HASH} 1s X25519".split()
)
SCALARS = WORDS | st.none() | st.booleans() | st.integers() | st.text(string.printable, max_size=9)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(WORDS, v, max_size=4), max_leaves=20)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES | st.text(max_size=60))
@example({"tls_server_config": {"client_auth_type": {"a": [{}]}, "cipher_suites": [[]]}})
@example({"basic_auth_users": {"a": {"b": 1}, "": HASH}, "rate_limit": {"interval": [], "burst": 10**30}})
@example({"tls_server_config": {"cert": "a\0b", "key": "x", "client_allowed_sans": [None, ""]}})
@example({"tls_server_config": {"cert_file": "a\0b", "key_file": "."}})
def test_any_text_is_read_or_refused_in_words(tmp_path: Path, value: object) -> None:
    path = tmp_path / "web.yml"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8", newline="")
    errors: tuple[SpecError, ...] = ()
    try:
        read(path)
    except SpecErrors as refused:
        errors = refused.errors
    assert all(error.file == str(path) and error.message for error in errors)
