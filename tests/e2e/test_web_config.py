"""`winburn serve --web.config.file`: a real Prometheus over TLS, changes while it runs, and clients that misbehave."""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import bcrypt
import pytest
import requests

from tests.certificates import Pair, authority, issued
from tests.e2e import scrapes
from tests.e2e.browser import chromium
from tests.e2e.conftest import Running
from winburn.processes import LOOPBACK, Group, Process, free_port, free_ports, start
from winburn.servers import Servers

Wait = Callable[[Callable[[], object], float], None]

SPEC = """\
refresh: 1s
sources: {csv: {type: file, path: counts.csv}}
experiments:
  - name: buttons
    control: a
    variants: {a: 0.5, b: 0.5}
    metrics: [{name: conversion, kind: proportion, source: csv, csv: {}}]
state: {url: "sqlite:///winburn.db"}
"""
WEB = """\
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: authority.crt
  client_allowed_sans: [prometheus.example]
basic_auth_users: {prometheus: HASH}
http_server_config: {headers: {Strict-Transport-Security: max-age=300}}
"""
PLAIN = "basic_auth_users: {prometheus: HASH}\n"
USER = ("prometheus", "s:cret pässword")


@dataclass
class World:
    """A folder with a spec, certificates and a web config file, and the exporter that serves from it."""

    folder: Path
    group: Group
    wait: Wait
    ports: list[int] = field(default_factory=list)
    process: Process | None = None

    def web(self, text: str, password: str = USER[1]) -> Path:
        hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
        path, beside = self.folder / "web.yml", self.folder / "web.new"
        beside.write_text(text.replace("HASH", hashed))
        beside.replace(path)  # in one step: it may be read at any moment
        return path

    def serve(self, *flags: str) -> None:
        """Listen on IPv4 and IPv6."""
        self.ports = free_ports(2)
        addresses = (f"{LOOPBACK}:{self.ports[0]}", f"[::1]:{self.ports[1]}")
        for address in addresses:
            flags += ("--web.listen-address", address)
        self.begin([sys.executable, "-m", "winburn", "serve", *self.files(), *flags])

    def files(self) -> list[str]:
        return ["--config.file", str(self.folder / "spec.yml"), "--web.config.file", str(self.folder / "web.yml")]

    def begin(self, command: list[str]) -> None:
        self.process = self.group.add(start(command, self.folder / "exporter.log", env=os.environ))

        def there() -> bool:
            assert self.process is not None
            assert self.process.popen.poll() is None, self.process.tail()
            with contextlib.suppress(OSError):
                socket.create_connection((LOOPBACK, self.ports[0]), 5).close()
                return True
            return False

        self.wait(there, 60)

    def client(self, name: str = "client") -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.folder / "authority.crt")
        context.load_cert_chain(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        return context

    def connection(self, *, secure: bool = True) -> http.client.HTTPConnection:
        made = http.client.HTTPConnection(LOOPBACK, self.ports[0], timeout=60)
        if secure:
            made = http.client.HTTPSConnection(LOOPBACK, self.ports[0], timeout=60, context=self.client())
        self.group.callback(made.close)
        return made

    def log(self) -> str:
        return (self.folder / "exporter.log").read_text()


@pytest.fixture
def world(tmp_path: Path, group: Group, wait_for: Wait) -> World:
    own = authority(tmp_path)
    issued(tmp_path, own, "server")
    issued(tmp_path, own, "client", "DNS:prometheus.example")
    issued(tmp_path, own, "other", "DNS:other.example")
    (tmp_path / "spec.yml").write_text(SPEC)
    (tmp_path / "counts.csv").write_text("variant,n,successes\na,100,10\nb,100,11\n")
    return World(tmp_path, group, wait_for)


def ask(
    connection: http.client.HTTPConnection, path: str = "/metrics", user: tuple[str, str] | None = USER
) -> tuple[int, str]:
    """Status, and the body or, of a refusal, what it demands."""
    headers = {"Authorization": basic(user)} if user else {}
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    return response.status, response.read().decode()


def basic(user: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(user).encode()).decode()


TRUST = "ca_file: DIR/authority.crt, server_name: localhost"
PROMETHEUS = f"""\
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: right
    scheme: https
    tls_config: {{{TRUST}, cert_file: DIR/client.crt, key_file: DIR/client.key}}
    basic_auth: {{username: prometheus, password_file: DIR/password}}
    static_configs: [{{targets: [TARGETS]}}]
  - job_name: another_certificate
    scheme: https
    tls_config: {{{TRUST}, cert_file: DIR/other.crt, key_file: DIR/other.key}}
    basic_auth: {{username: prometheus, password_file: DIR/password}}
    static_configs: [{{targets: [TARGETS]}}]
  - job_name: no_password
    scheme: https
    tls_config: {{{TRUST}, cert_file: DIR/client.crt, key_file: DIR/client.key}}
    static_configs: [{{targets: [TARGETS]}}]
"""


def test_prometheus_scrapes_over_tls_with_certificate_and_password_through_a_renewal(
    world: World, prometheus: Callable[..., Running]
) -> None:
    world.web(WEB)
    world.serve()
    (world.folder / "password").write_text(USER[1])
    targets = f'"{LOOPBACK}:{world.ports[0]}", "[::1]:{world.ports[1]}"'
    running = prometheus(PROMETHEUS.replace("DIR", str(world.folder)).replace("TARGETS", targets))

    def query(expression: str) -> dict[str, float]:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"{running.url}/api/v1/query", params={"query": expression}, timeout=60).json()
        return {row["metric"].get("job", ""): float(row["value"][1]) for row in answer["data"]["result"]}

    up = {"right": 2, "another_certificate": 0, "no_password": 0}
    world.wait(lambda: query("sum by (job) (up)") == up, 60)
    world.wait(lambda: query("max(winburn_web_config_last_reload_successful)") == {"": 1}, 60)

    # A new certificate, written as renewals do, while a connection of ours stays open.
    kept, began = world.connection(), time.time()
    assert ask(kept)[0] == 200
    before, socket_before = served_certificate(world), kept.sock
    issued(world.folder, Pair(world.folder / "authority.crt", world.folder / "authority.key"), "server")
    world.wait(lambda: served_certificate(world) != before, 60)
    assert ask(kept)[0] == 200
    assert kept.sock is socket_before
    kept.close()
    renewed = time.time()
    world.wait(lambda: scrapes.since(running.url, "right", renewed)[0] >= 4, 60)
    assert scrapes.since(running.url, "right", began)[1] == []
    assert scrapes.since(running.url, "another_certificate", began)[1] != []

    # A mistake costs nothing, and is seen.
    (world.folder / "web.yml").write_text("basic_auth_users: {prometheus: hunter2}\n")
    world.wait(lambda: query("min(winburn_web_config_last_reload_successful)") == {"": 0}, 60)
    world.wait(lambda: query("sum by (job) (up)").get("right") == 2, 60)
    assert "web.yml:1: basic_auth_users.prometheus: not a bcrypt hash" in world.log()
    assert "hunter2" not in world.log()
    world.web(WEB, password="another")
    world.wait(lambda: query("sum by (job) (up)").get("right") == 0, 60)
    assert USER[1] not in world.log()


def served_certificate(world: World) -> bytes | None:
    with (
        socket.create_connection((LOOPBACK, world.ports[0]), 60) as raw,
        world.client().wrap_socket(raw, server_hostname="localhost") as secured,
    ):
        return secured.getpeercert(binary_form=True)


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(b"0" * 16).decode(),
}


def upgraded(world: World, user: tuple[str, str] | None) -> int:
    connection = world.connection(secure=False)
    headers = UPGRADE | ({"Authorization": basic(user)} if user else {})
    connection.request("GET", "/live/stream", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_every_page_and_the_live_stream_want_the_password_and_count(world: World) -> None:
    world.web(PLAIN)
    world.serve()
    connection = world.connection(secure=False)
    world.wait(lambda: ask(connection, "/-/ready")[0] == 200, 60)
    for path in ("/", "/metrics", "/config", "/-/healthy", "/-/ready", "/live", "/live/stream", "/api/v1/snapshot"):
        status, body = ask(connection, path, None)
        assert (status, body) == (401, "user and password, please\n")
        assert ask(connection, path)[0] == (426 if path == "/live/stream" else 200)
    assert ask(connection, "/no/such/page", None)[0] == 401
    assert ask(connection, user=("prometheus", "wrong"))[0] == 401
    assert [upgraded(world, None), upgraded(world, ("root", "x")), upgraded(world, USER)] == [401, 401, 101]
    # The limit holds for the stream too, as soon as the file says so.
    world.web("rate_limit: {interval: 1h, burst: 3}\n")
    world.wait(lambda: ask(connection, user=None)[0] == 429, 60)
    assert upgraded(world, None) == 429
    assert world.log().count("in the clear") == 1


def test_a_file_with_mistakes_ends_the_start_with_all_of_them(world: World) -> None:
    path = world.web("tls_server_config: {cert_file: gone.crt, key_fil: a}\nbasic_auth_users: {a: hunter2}\n")
    command = [sys.executable, "-m", "winburn", "serve", *world.files(), "--web.listen-address", ":0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"{path}:1: tls_server_config.cert_file: cannot be read: no such file or directory",
        f"{path}:1: tls_server_config.key_fil: unknown key 'key_fil', did you mean 'key_file'?",
        f"{path}:2: basic_auth_users.a: not a bcrypt hash; write one like $2y$10$…, made by htpasswd -nBC 10 ''",
    ]


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Debian's package chromium")
def test_the_live_page_of_a_browser_that_knows_the_password_moves(world: World, tmp_path: Path) -> None:
    world.web(PLAIN)
    world.serve()
    address = f"{LOOPBACK}:{world.ports[0]}"
    connection = world.connection(secure=False)
    world.wait(lambda: ask(connection, "/-/ready")[0] == 200, 60)
    (tmp_path / "profile").mkdir()
    with chromium(tmp_path / "profile") as page:
        # The address logs in, as the browser's own question would; the page itself is opened without.
        page.open(f"http://{USER[0]}:{quote(USER[1])}@{address}/", width=800)
        page.open(f"http://{address}/live", width=800)
        page.wait("document.querySelector('#connection').textContent === 'live'")


AS_SYSTEMD = """\
import os, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.executable, [sys.executable, "-m", "winburn", "serve", *sys.argv[2:]])
"""


def test_a_socket_of_systemd_is_served(world: World) -> None:
    world.web(PLAIN)
    world.ports = [free_port()]
    flags = ["--web.systemd-socket", *world.files()]
    world.begin([sys.executable, "-c", AS_SYSTEMD, str(world.ports[0]), *flags])
    # Whoever came earlier waits in the socket; that is what it is for.
    world.wait(lambda: f"listens on {LOOPBACK}:{world.ports[0]}" in world.log(), 60)
    assert ask(world.connection(secure=False), "/-/healthy")[0] == 200
    done = subprocess.run(
        [sys.executable, "-m", "winburn", "serve", *flags], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, "--web.systemd-socket: no socket was handed over" in done.stderr) == (1, True)


def test_scrapes_go_on_beside_hundreds_of_clients_that_never_finish(world: World) -> None:
    world.web(
        WEB.replace(
            "client_auth_type: RequireAndVerifyClientCert", "client_auth_type: VerifyClientCertIfGiven"
        ).replace("  client_allowed_sans: [prometheus.example]\n", "")
    )
    world.serve()
    connection = world.connection()
    assert ask(connection, "/-/healthy")[0] == 200
    context = world.client()
    with contextlib.ExitStack() as stack:
        slow: list[socket.socket] = []
        for said in (b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):  # nothing, and half a ClientHello
            slow += [stack.enter_context(socket.create_connection((LOOPBACK, world.ports[0]), 60)) for _ in range(80)]
            for each in slow[-80:]:
                each.sendall(said)
        for said in (b"", b"GET /metrics HTTP/1.1\r\nX: "):
            for _ in range(20):
                raw = socket.create_connection((LOOPBACK, world.ports[0]), 60)
                slow.append(stack.enter_context(context.wrap_socket(raw, server_hostname="localhost")))
                slow[-1].sendall(said)
        assert len(slow) == 200
        began, scrapes = time.monotonic(), 0
        while time.monotonic() - began < 12:
            fresh = world.connection()
            for each in (connection, fresh):  # one that is kept, and one that has yet to get in
                assert ask(each)[0] == 200
                scrapes += 1
            fresh.close()
            for each in slow[-20:]:
                with contextlib.suppress(OSError):
                    each.sendall(b"x")  # does not help them
            time.sleep(0.2)
        print(f"{scrapes} scrapes beside 200 slow clients")
        for each in slow:
            each.settimeout(60)
            with contextlib.suppress(ConnectionResetError, ssl.SSLError, BrokenPipeError):
                while each.recv(10_000):
                    pass


def test_promtool_takes_the_scrape_configuration_of_the_page(servers: Servers, tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "web-config.md").read_text(encoding="utf-8")
    (written,) = re.findall(r"^```yaml\n(scrape_configs:.*?)^```", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "prometheus.yml").write_text(written)
    command = [servers.need("promtool"), "check", "config", "--syntax-only", tmp_path / "prometheus.yml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_below_the_path_of_the_address_outside(world: World) -> None:
    world.web("rate_limit: {interval: 1ms, burst: 1000}\n")
    world.serve("--web.external-url", "https://slo.example/team/winburn/", "--web.telemetry-path", "/probe")
    connection = world.connection(secure=False)

    def asked(method: str, path: str, **headers: str) -> tuple[int, str | None]:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers["Location"]

    world.wait(lambda: asked("GET", "/team/winburn/-/ready") == (200, None), 60)
    assert asked("GET", "/team/winburn/probe") == (200, None)
    assert asked("GET", "/probe") == (404, None)
    assert asked("GET", "/") == (307, "/team/winburn/")
    assert asked("GET", "/team/winburn/live/") == (307, "../live")
    outside = {"Host": "upstream:10345", "Origin": "https://slo.example", "Sec-Fetch-Site": "same-origin"}
    assert asked("POST", "/team/winburn/-/reload", **outside) == (200, None)
    assert asked("POST", "/team/winburn/-/reload") == (200, None)
    assert asked("POST", "/team/winburn/-/reload", **{"Sec-Fetch-Site": "cross-site"}) == (403, None)
    assert "metrics at /team/winburn/probe" in world.log()
