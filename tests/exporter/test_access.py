"""Real TLS on loopback, with certificates made for the test."""

from __future__ import annotations

import os
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from exporter.access import ANYBODY, Access, Door, TrustingAdapter, access_of
from exporter.notify.http import Http
from exporter.notify.pusher import PushError
from exporter.sources.alertmanager import AlertmanagerApi
from exporter.sources.base import SourceError
from exporter.sources.http_api import HttpApi
from exporter.sources.prometheus_api import PrometheusApi
from exporter.spec.secrets import SecretError
from exporter.spec.source_models import Alertmanagers, BasicAuth, HttpSource, PrometheusSource, Tls
from tests.certificates import Pair, authority, issued


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        body = b'{"status": "success", "data": []}' if self.path.startswith("/api/v1") else b"[]"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        """Nothing: the test looks at what is answered."""


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Clients that do not believe us are what these tests are about."""


class Secure:
    """A server that speaks TLS; ``context`` may be given new certificates while it runs."""

    def __init__(self, own: Pair | None, clients: Path | None = None, least: ssl.TLSVersion | None = None) -> None:
        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, dict[str, str]]] = []
        self._server.seen = self.seen  # type: ignore[attr-defined]
        if own is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(own.cert, own.key)
            if clients is not None:
                self.context.verify_mode = ssl.CERT_REQUIRED
                self.context.load_verify_locations(clients)
            if least is not None:
                self.context.maximum_version = least
            self._server.socket = self.context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if own is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    folder = tmp_path_factory.mktemp("certificates")
    root, other = authority(folder), authority(folder, "other")
    return {
        "authority": root,
        "server": issued(folder, root, "server"),
        "named": issued(folder, root, "named", "DNS:prometheus.internal"),
        "client": issued(folder, root, "client"),
        "stranger": issued(folder, other, "stranger"),
    }


@pytest.fixture
def serve() -> Iterator[Callable[..., Secure]]:
    running: list[Secure] = []

    def begin(*arguments: Any) -> Secure:
        running.append(Secure(*arguments))
        return running[-1]

    yield begin
    for each in running:
        each.close()


def tls(certificates: dict[str, Pair], **keys: Any) -> Tls:
    return Tls(ca_file=str(certificates["authority"].cert), **keys)


def get(url: str, tls: Tls | None) -> int:
    door = Door(url, Access(tls=tls), TrustingAdapter)
    try:
        return door.session().get(url, timeout=10, auth=door.entry().auth).status_code
    finally:
        door.close()


def test_a_server_is_believed_by_the_authority_of_the_spec_alone(
    serve: Callable[..., Secure], certificates: dict[str, Pair]
) -> None:
    server = serve(certificates["server"])
    assert get(server.url, tls(certificates)) == 200
    for given in (None, Tls(), Tls(ca_file=str(certificates["stranger"].cert))):
        with pytest.raises(requests.exceptions.SSLError):
            get(server.url, given)


def test_any_certificate_is_believed_where_the_spec_says_so_and_without_a_warning(
    serve: Callable[..., Secure], certificates: dict[str, Pair]
) -> None:
    assert get(serve(certificates["stranger"]).url, Tls(insecure_skip_verify=True)) == 200


def test_the_name_is_that_of_the_spec(serve: Callable[..., Secure], certificates: dict[str, Pair]) -> None:
    server = serve(certificates["named"])
    assert get(server.url, tls(certificates, server_name="prometheus.internal")) == 200
    for name in (None, "grafana.internal"):
        with pytest.raises(requests.exceptions.SSLError):
            get(server.url, tls(certificates, server_name=name))


def test_a_client_shows_its_certificate(serve: Callable[..., Secure], certificates: dict[str, Pair]) -> None:
    server, own = serve(certificates["server"], certificates["authority"].cert), certificates["client"]
    assert get(server.url, tls(certificates, cert_file=str(own.cert), key_file=str(own.key))) == 200
    with pytest.raises(requests.ConnectionError):
        get(server.url, tls(certificates))


def test_an_old_protocol_is_not_spoken(serve: Callable[..., Secure], certificates: dict[str, Pair]) -> None:
    server = serve(certificates["server"], None, ssl.TLSVersion.TLSv1_2)
    assert get(server.url, tls(certificates)) == 200
    with pytest.raises(requests.exceptions.SSLError):
        get(server.url, tls(certificates, min_version="TLS13"))


def test_a_certificate_that_changes_is_used_and_one_that_does_not_fit_is_not(
    serve: Callable[..., Secure], certificates: dict[str, Pair], tmp_path: Path
) -> None:
    server, place = serve(certificates["server"]), tmp_path / "ca.pem"
    place.write_bytes(certificates["authority"].cert.read_bytes())
    door = Door(server.url, Access(tls=Tls(ca_file=str(place))), TrustingAdapter)
    first = door.session()
    assert door.session() is first
    os.utime(place, (1, 1))
    second = door.session()
    assert second is not first
    place.write_text("half a fi")
    assert door.session() is second  # goes on: who replaces a file may not be done
    assert second.get(server.url, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"ca_file": "/nowhere/ca.pem"}, "ca_file cannot be read: no such file or directory (/nowhere/ca.pem)"),
        ({"cert_file": "/nowhere/c", "key_file": "/nowhere/k"}, "cert_file or key_file cannot be read: no such file"),
        ({"ca_file": __file__}, "ca_file cannot be used: no PEM, or not what belongs together"),
    ],
)
def test_files_that_cannot_be_used_are_named(keys: dict[str, str], sentence: str) -> None:
    with pytest.raises(SecretError) as caught:
        Door("https://x", Access(tls=Tls(**keys)), TrustingAdapter).session()
    assert sentence in str(caught.value)


def test_a_key_with_a_passphrase_is_refused_and_not_asked_for(certificates: dict[str, Pair], tmp_path: Path) -> None:
    own, locked = certificates["client"], tmp_path / "locked.key"
    subprocess.run(
        ["openssl", "pkey", "-in", own.key, "-aes256", "-passout", "pass:x1y2", "-out", locked],
        check=True,
        capture_output=True,
    )
    keys = tls(certificates, cert_file=str(own.cert), key_file=str(locked))
    with pytest.raises(SecretError, match="cert_file or key_file cannot be used"):
        Door("https://x", Access(tls=keys), TrustingAdapter).session()


def credentials(folder: Path) -> BasicAuth:
    (folder / "user").write_text("ann\n")
    (folder / "password").write_text("pä:ss\n")
    return BasicAuth(username_file=str(folder / "user"), password_file=str(folder / "password"))


BASIC = "Basic YW5uOnDDpDpzcw=="  # base64 of ann:pä:ss in UTF-8


@pytest.mark.parametrize("kind", ["prometheus", "http", "alertmanager", "push"])
def test_everybody_gets_in_the_same_way(
    kind: str, serve: Callable[..., Secure], certificates: dict[str, Pair], tmp_path: Path
) -> None:
    server = serve(certificates["server"])
    keys: dict[str, Any] = {
        "basic_auth": credentials(tmp_path),
        "tls": tls(certificates),
        "headers": {"X-Scope-OrgID": "team-a"},
    }
    if kind == "prometheus":
        model = PrometheusSource(type="prometheus", params={"dedup": "true"}, **keys)
        PrometheusApi("prod", server.url, access=access_of(model)).ask("/api/v1/query", {"query": "up"})
    elif kind == "http":
        flags = HttpSource(type="http", params={"dedup": "true"}, **keys)
        HttpApi("flags", server.url, flags, access_of(flags)).get("/e?x=1")
    elif kind == "alertmanager":
        AlertmanagerApi(server.url, access=access_of(Alertmanagers(**keys))).silences()
    else:
        Http(server.url, 10.0, access_of(Alertmanagers(**keys))).ask("POST", "/api/v2/alerts", body=b"[]")
    ((path, headers),) = server.seen
    assert headers["Authorization"] == BASIC
    assert headers["X-Scope-OrgID"] == "team-a"
    expected = {"prometheus": "?dedup=true", "http": "?x=1&dedup=true"}
    assert path.endswith(expected.get(kind, path))


def test_what_is_rotated_is_used_at_once(serve: Callable[..., Secure], tmp_path: Path) -> None:
    server = serve(None)
    (tmp_path / "token").write_text("first\n")
    model = PrometheusSource(type="prometheus", token_file=str(tmp_path / "token"))
    api = PrometheusApi("prod", server.url, access=access_of(model))
    api.ask("/api/v1/query", {"query": "up"})
    (tmp_path / "token").write_text("second\n")
    api.ask("/api/v1/query", {"query": "up"})
    assert [headers["Authorization"] for _, headers in server.seen] == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("text", ["", "two\nlines"])
def test_a_password_that_cannot_be_read_is_an_error_of_that_source_and_asks_nobody(
    serve: Callable[..., Secure], tmp_path: Path, text: str
) -> None:
    server = serve(None)
    (tmp_path / "password").write_text(text)
    auth = BasicAuth(username="ann", password_file=str(tmp_path / "password"))
    access = access_of(Alertmanagers(basic_auth=auth))
    api = PrometheusApi("prod", server.url, access=access)
    with pytest.raises(SourceError, match="source prod: the secret's file"):
        api.ask("/api/v1/query", {"query": "up"})
    alertmanager = AlertmanagerApi(server.url, access=access)
    with pytest.raises(SourceError, match="Alertmanager 127"):
        alertmanager.silences()
    http = Http(server.url, 10.0, access)
    with pytest.raises(PushError, match="the secret's file"):
        http.ask("GET", "/")
    assert not server.seen


def test_no_secret_is_in_what_is_cleaned(tmp_path: Path) -> None:
    access = access_of(
        HttpSource(
            type="http",
            headers={"X-Key": "hunter-header"},
            params={"api_key": "hunter-param", "dedup": "true"},
            basic_auth=credentials(tmp_path),
        )
    )
    entry = Door("http://me:hunter%2Durl@x/?key=hunter%2Dquery", access, TrustingAdapter).entry()
    said = "hunter-header hunter-param pä:ss hunter%2Durl hunter%2Dquery hunter-query true\n" + BASIC
    assert entry.clean(said) == "*** *** *** *** *** *** true Basic ***"
    assert len(entry.clean("x" * 999)) == 300


def test_without_anything_nothing_is_sent() -> None:
    door = Door("http://x", ANYBODY, TrustingAdapter)
    request = requests.Request("GET", "http://x", auth=door.entry().auth).prepare()
    assert "Authorization" not in request.headers
