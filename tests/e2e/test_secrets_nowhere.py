"""Canaries in every place of a spec that may hold a secret, and every command and page: none of them comes out.

The servers of the spec are one hostile program that repeats what it was sent, or nobody at all.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from exporter.spec import load
from tests.e2e.exporter import Exporter
from tests.winburn.cli.spec_text import TEXT, written
from winburn.processes import LOOPBACK, Group, free_port, start, wait_http

pytestmark = pytest.mark.e2e

CANARY = "kAnArY"
_ROOT = Path(__file__).resolve().parents[2]
SPEC = """\
  prom:
    {{type: prometheus, url: "http://me:{c}1@{host}/prom?key={c}2", headers: {{X-Odd: {c}3}}, params: {{key: {c}4}}}}
  token: {{type: prometheus, url: "http://{host}/token", token_file: secret-05}}
  basic: {{type: prometheus, url_file: url-06, basic_auth: {{username_file: secret-07, password_file: secret-08}}}}
  flags:
    {{type: http, url: "http://me:{c}9@{host}/flags", token_file: secret-10, token_header: X-Key, params: {{k: {c}11}}}}
  gone: {{type: sql, url: "postgresql://me:{c}12@{dead}/d?sslpassword={c}13"}}
  odd: {{type: sql, url: "nodialect://me:{c}14@h/d"}}
  badfile: {{type: prometheus, url: "http://{host}/", token_file: two-lines}}
"""
SLO = """\
  - name: of-{name}
    service: s
    objective: 99
    period: 30d
    sli: {{source: {name}, total: a_total, bad: b_total}}
"""
SQL_SLO = """\
  - name: of-{name}
    service: s
    objective: 99
    period: 30d
    sli: {{source: {name}, sql: "SELECT :start + 0 * :end * :step AS slot, 1 AS total, 0 AS bad"}}
"""
EXPERIMENT = """\
  - name: flagged
    control: a
    variants: {{a: 0.5, b: 0.5}}
    definition: {{source: flags, path: "/e?token={c}15", status: status}}
    apply: {{kill: {{webhook: {{url_file: url-16, secret_file: secret-17}}}}}}
    metrics:
      - {{name: m, kind: proportion, source: flags, json: {{path: "/m?api_key={c}18", rows: rows}}}}
"""
REST = """\
alerting:
  alertmanager: ["http://me:{c}19@{host}/am"]
  alertmanager_http: {{headers: {{X-Odd: {c}20}}, token_file: secret-21}}
  push: true
  alertmanager_version: "0.28"
  smtp: {{smarthost: "m.example.org:587", from: w@example.org, username: w, password_file: secret-22}}
  receivers:
    page: {{webhook_file: url-23, pagerduty: {{routing_key_file: secret-24}}, opsgenie: {{api_key_file: secret-25}}}}
    ticket:
      slack: {{channel: "#t", api_url_file: url-26}}
      teams: {{webhook_url_file: url-27}}
      email: {{to: [a@example.org]}}
live: {{grafana: {{url: "http://me:{c}28@{host}/grafana", token_file: secret-29}}}}
"""
WEB = """\
basic_auth_users: {{other: {c}33, me: [{c}34]}}
tls_server_config: {{key: "{c}35", cert_file: secret-01, client_auth_type: [{c}36], client_ca: {{a: {c}37}}}}
http_server_config: {{headers: {{X-Frame-Options: odd}}}}
"""


class Echo(BaseHTTPRequestHandler):
    """Repeats everything that it was sent, in the places that winburn's messages quote."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("latin-1")
        heard = f"{self.path} {dict(self.headers)} {body}"
        answer = json.dumps({"status": "error", "errorType": "bad_data", "error": heard, "message": heard}).encode()
        self.send_response(400)
        self.send_header("Content-Type", f"application/json; heard={self.headers.get('Authorization')}")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - names of http.server

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the spec, its database and its secrets."""
    server = ThreadingHTTPServer((LOOPBACK, 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder = tmp_path_factory.mktemp("secrets")
    host = f"{LOOPBACK}:{server.server_port}"
    facts = {"c": CANARY, "host": host, "dead": f"{LOOPBACK}:{free_port()}"}
    slos = "".join(SLO.format(name=name) for name in ("prom", "token", "basic", "badfile"))
    slos += "".join(SQL_SLO.format(name=name) for name in ("gone", "odd"))
    text = TEXT.replace("slos:\n", f"{SPEC.format(**facts)}slos:\n{slos}", 1)
    text = text.replace("experiments:\n", f"experiments:\n{EXPERIMENT.format(**facts)}", 1)
    written(folder, text + REST.format(**facts))
    for number in range(1, 30):
        (folder / f"secret-{number:02}").write_text(f"{CANARY}{number}\n")
        (folder / f"url-{number:02}").write_text(f"http://me:{CANARY}{number}@{host}/{CANARY}{number}\n")
    (folder / "two-lines").write_text(f"{CANARY}30\n{CANARY}31\n")
    # The same, and many mistakes around the secrets.
    broken = (folder / "winburn.yml").read_text().replace("token_file:", "tokn_file:").replace("params:", "parms:")
    broken = (
        broken.replace("name: buttons", "name: [buttons]")
        .replace("url: ", "urll: ", 3)
        .replace("push: true", "push: 3")
    )
    (folder / "broken.yml").write_text(broken)
    (folder / "unreadable.yml").write_text(broken.replace("alerting:", "\talerting: {", 1))
    (folder / "web.yml").write_text(WEB.format(c=CANARY))
    yield folder
    server.shutdown()
    server.server_close()


COMMANDS = (
    ("check", "broken.yml"),
    ("check", "unreadable.yml"),
    ("check", "winburn.yml", "--json", "-v"),
    ("check", "broken.yml", "--json", "--web.config.file", "web.yml"),
    ("experiment", "list", "winburn.yml", "-v"),
    ("rules", "winburn.yml", "--out", "out/rules"),
    ("dashboards", "winburn.yml", "--push", "http://{host}/grafana", "--token-file", "secret-01"),
    ("once", "winburn.yml", "-v"),
    ("report", "winburn.yml", "--format", "html"),
    ("report", "winburn.yml", "--format", "json", "-v"),
    ("report", "winburn.yml", "--format", "md", "--out", "out/report.md", "-v"),
    ("report", "winburn.yml", "--format", "csv", "--out", "out/tables", "-v"),
    ("report", "winburn.yml", "--format", "pdf", "--out", "out/report.pdf", "-v"),
    ("backtest", "winburn.yml", "--from", "{yesterday}", "--out", "out/backtest", "-v"),
    ("backtest", "winburn.yml", "--from", "{yesterday}", "--experiment", "flagged", "--json"),
    ("aa-test", "winburn.yml", "--paths", "1", "--horizon", "100", "--json", "-v"),
    ("silence", "SLOErrorBudgetBurn", "--spec", "winburn.yml", "--for", "1h", "--comment", "c", "--all"),
)


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(_ROOT),
        "WINBURN_SECRET": f"{CANARY}40",
        "PGPASSWORD": f"{CANARY}41",
        "no_proxy": LOOPBACK,
    }


def test_the_spec_is_a_good_one(folder: Path) -> None:
    load(folder / "winburn.yml")


@pytest.mark.parametrize("command", COMMANDS, ids="-".join)
def test_no_command_says_a_secret(folder: Path, command: tuple[str, ...]) -> None:
    host = (folder / "url-06").read_text().split("@")[1].split("/")[0]
    facts = {"host": host, "yesterday": time.time() // 1 - 86400}
    line = [sys.executable, "-m", "winburn", *(word.format(**facts) for word in command)]
    ended = subprocess.run(
        line, cwd=folder, env=_environment(), capture_output=True, text=True, timeout=180, check=False
    )
    said = ended.stdout + ended.stderr
    assert said
    assert "No module" not in said
    assert "Traceback" not in said
    assert "Usage:" not in said
    assert CANARY not in said
    for file in (folder / "out").rglob("*"):
        assert file.is_dir() or CANARY.encode() not in _readable(file), file


def _readable(file: Path) -> bytes:
    """The bytes, with those of a PDF's pages and fonts unpacked."""
    data = file.read_bytes()
    packed = re.findall(rb"/FlateDecode.*?stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)
    return data + b"".join(map(zlib.decompress, packed))


def test_neither_pages_nor_logs_nor_arguments_of_the_exporter_say_a_secret(folder: Path) -> None:
    with Group() as group:
        port = free_port()
        line = [sys.executable, "-m", "winburn", "serve", "--config.file", "winburn.yml", "--log.level", "debug"]
        line += ["--log.format", "json", "--web.listen-address", f"{LOOPBACK}:{port}"]
        process = group.add(start(line, folder / "exporter.log", env=_environment(), cwd=folder))
        exporter = Exporter(f"http://{LOOPBACK}:{port}", process)
        wait_http(f"{exporter.url}/-/ready", 180, process)
        answers = [exporter.get(path) for path in ("/", "/metrics", "/config", "/api/v1/snapshot", "/-/ready", "/x")]
        answers += [exporter.get("/api/v1/report")]
        arguments = Path(f"/proc/{process.popen.pid}/cmdline").read_bytes().decode()
    said = "".join(answer.text for answer in answers) + arguments + process.log.read_text()
    assert "of-basic" in said
    assert CANARY not in said
