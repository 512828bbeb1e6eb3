"""What a web config file costs a scrape: ``python -m benchmarks.web_config``, by hand.

Server CPU of one scrape of 10,000 series, over one kept connection, in turn with and without a password, limits, TLS.
Needs the ``openssl`` command.
"""

from __future__ import annotations

import base64
import http.client
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import bcrypt

from benchmarks import scrape
from benchmarks.result import Result, table

SERIES = 10_000
_USER = "bench", "password"
_ROUNDS = 5


def run() -> Iterator[Result]:
    """One result for each file, against none; the least of several rounds, taken in turn."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        _certificate(folder)
        servers = {what: stack.enter_context(_server(folder, what, text)) for what, text in _files().items()}
        least = dict.fromkeys(servers, float("inf"))
        for _ in range(_ROUNDS):
            for what, (pid, connection) in servers.items():
                connection.close()  # it was idle for longer than the server waits
                least[what] = min(least[what], scrape.milliseconds(pid, connection, SERIES))
    for what, milliseconds in least.items():
        yield Result(what, f"{milliseconds:.3f} ms", f"{least['none']:.3f} ms", least["none"] / milliseconds, None)


def _files() -> dict[str, str]:
    users = f"basic_auth_users: {{{_USER[0]}: {bcrypt.hashpw(_USER[1].encode(), bcrypt.gensalt(4)).decode()}}}\n"
    limits = "rate_limit: {interval: 1us, burst: 1000}\nhttp_server_config: {headers: {X-Frame-Options: deny}}\n"
    tls = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"
    return {
        "none": "",
        "password": users,
        "password, limit, headers": users + limits,
        "TLS": tls,
        "TLS, password": tls + users,
    }


def _certificate(folder: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(folder / "server.key"), "-out", str(folder / "server.crt")]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def _server(folder: Path, what: str, text: str) -> Iterator[tuple[int, http.client.HTTPConnection]]:
    file = folder / f"{what}.yml"
    file.write_text(text)
    with scrape.server("winburn", SERIES, *([str(file)] if text else [])) as (pid, plain):
        if "tls" not in text:
            yield pid, _Authorised(plain.host, plain.port, timeout=30)
            return
        context = ssl.create_default_context(cafile=folder / "server.crt")
        yield pid, _AuthorisedTls(plain.host, plain.port, timeout=30, context=context)


class _Authorised(http.client.HTTPConnection):
    def putheader(self, header: str | bytes, *values: str | bytes | int) -> None:
        """The password beside Prometheus' own headers."""
        super().putheader(header, *values)
        if header == "User-Agent":
            super().putheader("Authorization", "Basic " + base64.b64encode(":".join(_USER).encode()).decode())


class _AuthorisedTls(http.client.HTTPSConnection, _Authorised):
    pass


if __name__ == "__main__":
    print(table(list(run())))
    sys.exit(0)
