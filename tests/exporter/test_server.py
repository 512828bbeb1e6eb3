"""Addresses, and a real server on loopback that is told to stop."""

import http.client
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.server import Address, ListenError, bind, parse_listen_address
from winburn.processes import free_port, free_ports

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import sys, time
from exporter.contract import sample
from exporter.render import Exposition
from exporter.server import parse_listen_address, serve
from exporter.snapshot import build
from exporter.web import app

rows = [sample("slo_trend", 1, slo=f"s{i}") for i in range(1000)]
shot = build(rows, own=Exposition(), at=0.0, expires=1e18)
current = []
web = app(lambda: current[0] if current else None, monotonic=time.monotonic, version="1", config=str)


def ready():
    time.sleep(0.3)  # connections are taken meanwhile, and wait
    current.append(shot)


sys.exit(serve(web, [parse_listen_address(a) for a in sys.argv[1:]], ready=ready))
"""


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":10345", Address("", 10345)),
        ("127.0.0.1:9", Address("127.0.0.1", 9)),
        ("[::1]:10345", Address("::1", 10345)),
        ("localhost:0", Address("localhost", 0)),
        ("[::]:65535", Address("::", 65535)),
    ],
)
def test_an_address_is_read_and_written_back(text: str, address: Address) -> None:
    assert parse_listen_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text", ["", "10345", "localhost", "localhost:", "host:http", ":-1", ":65536", "::1:10345", "[::1]", ":1e3", ":٣"]
)
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"listen address .* for instance :10345, 127\.0\.0\.1:10345"):
        parse_listen_address(text)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_an_address_in_use_is_a_sentence(taken: int) -> None:
    with pytest.raises(ListenError, match=f"cannot listen on 127.0.0.1:{taken}: another program listens there"):
        bind(Address("127.0.0.1", taken))


def test_an_unknown_host_is_a_sentence() -> None:
    with pytest.raises(ListenError, match=r"cannot listen on 203\.0\.113\.7:0: "):
        bind(Address("203.0.113.7", 0))


def test_an_empty_host_listens_on_every_interface() -> None:
    with bind(Address("", 0)) as listener, socket.create_connection(("127.0.0.1", listener.getsockname()[1]), 5):
        pass


def test_connections_inherit_that_small_answers_are_not_held_back() -> None:
    with bind(Address("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname(), 5):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@contextmanager
def running(*addresses: str) -> Iterator[subprocess.Popen[str]]:
    """The program above; ended in any case, so that a test that fails does not wait for it."""
    command = [sys.executable, "-c", PROGRAM, *addresses]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as server:
        try:
            yield server
        finally:
            server.kill()


def connect(port: int, host: str = "127.0.0.1") -> http.client.HTTPConnection:
    """A connection to a server that may still be starting."""
    pause = threading.Event()
    for _ in range(1200):
        try:
            socket.create_connection((host, port), 60).close()
            break
        except ConnectionRefusedError:
            pause.wait(0.05)
    return http.client.HTTPConnection(host, port, timeout=60)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_over_one_connection_and_ends_well_when_told_to(number: signal.Signals) -> None:
    port = free_port()
    with running(f"127.0.0.1:{port}") as server:
        connection = connect(port)
        sockets = set()
        for method, length in (("GET", 20_000), ("HEAD", 0), ("GET", 20_000)):
            connection.request(method, "/metrics", headers={"Accept-Encoding": "identity"})
            response = connection.getresponse()
            assert response.status == 200
            assert len(response.read()) >= length
            assert int(response.headers["content-length"]) > 20_000
            sockets.add(connection.sock)
        assert len(sockets) == 1  # kept alive, over a HEAD too
        # The open, idle connection must not hold the server up.
        server.send_signal(number)
        assert server.wait(60) == 0
        assert server.stderr is not None
        assert server.stderr.read() == ""
        connection.close()


def test_nobody_is_answered_before_what_must_be_ready_is() -> None:
    port = free_port()
    with running(f"127.0.0.1:{port}"):
        connection = connect(port)
        connection.request("GET", "/metrics")
        assert connection.getresponse().status == 200
        connection.close()


def test_an_address_in_use_is_exit_code_1_and_one_sentence(taken: int) -> None:
    with running(f"127.0.0.1:{taken}") as server:
        assert server.wait(60) == 1
        assert server.stderr is not None
        assert server.stderr.read().startswith(f"winburn: cannot listen on 127.0.0.1:{taken}: another program")


def test_two_addresses_serve_the_same() -> None:
    ports = free_ports(2)
    with running(*(f"127.0.0.1:{port}" for port in ports)) as server:
        for port in ports:
            connection = connect(port)
            connection.request("GET", "/-/healthy")
            assert connection.getresponse().read() == b"winburn is healthy\n"
            connection.close()
        server.terminate()
        assert server.wait(60) == 0


def test_one_address_of_each_family_and_both_at_once() -> None:
    ports = free_ports(3)
    with running(f"127.0.0.1:{ports[0]}", f"[::1]:{ports[1]}", f":{ports[2]}"):
        for host, port in (("127.0.0.1", ports[0]), ("::1", ports[1]), ("127.0.0.1", ports[2]), ("::1", ports[2])):
            connection = connect(port, host)  # it listens on one address after the other
            connection.request("GET", "/-/healthy")
            assert connection.getresponse().status == 200
            connection.close()
        for host, port in (("::1", ports[0]), ("127.0.0.1", ports[1])):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((host, port), 5)


def test_more_files_may_be_open_than_the_shell_allows() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    program = "import resource; from exporter.server import allow_open_files as a; a(); print(resource.getrlimit(7)[0])"
    lowered = f"import resource; resource.setrlimit(7, (64, {most})); {program}"
    done = subprocess.run([sys.executable, "-c", lowered], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) == most


@pytest.mark.parametrize(("most", "clients"), [(1024, 924), (60, 10)])
def test_clients_leave_descriptors_for_the_rest(most: int, clients: int) -> None:
    program = f"import resource; resource.setrlimit(7, ({most}, {most})); "
    program += "from exporter.server import allow_open_files as a; print(a())"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) == clients
