"""Below a path: what the two options mean, and every link of the pages through a proxy that adds or strips a prefix."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html import unescape
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urljoin, urlsplit

import pytest

from exporter.outside import PLAIN, Outside, outside
from tests.exporter.live.server import live
from tests.exporter.live.world import world
from tests.exporter.live.ws_client import connected

OUTER = "/team/winburn"


@pytest.mark.parametrize(
    ("url", "prefix", "expected"),
    [
        (None, None, PLAIN),
        (None, "/", PLAIN),
        (None, "winburn/", Outside("/winburn", "/winburn")),
        ("https://slo.example", None, Outside(origin="https://slo.example")),
        ("https://SLO.example:443/", None, Outside(origin="https://slo.example")),
        ("http://[::1]:8080/a/b/", None, Outside("/a/b", "/a/b", "http://[::1]:8080")),
        ("https://slo.example/winburn", "/", Outside("", "/winburn", "https://slo.example")),
        ("https://slo.example/winburn", "/inner", Outside("/inner", "/winburn", "https://slo.example")),
    ],
)
def test_an_option_that_is_missing_follows_from_the_other(
    url: str | None, prefix: str | None, expected: Outside
) -> None:
    assert outside(url, prefix) == expected


@pytest.mark.parametrize(
    "url",
    [
        "slo.example",
        "//slo.example",
        "ftp://slo.example",
        "https://",
        "https://a:b",
        "https://a/?q",
        "https://a/#f",
        "https://a/../b",
        "https://a/%2e",
        "https://a/b\tc:d",
        "https://a/\r\nSet-Cookie:x",
        "",
    ],
)
def test_what_is_no_address_is_refused_with_one_that_is(url: str) -> None:
    with pytest.raises(ValueError, match=r"write one like https://example\.org/winburn/"):
        outside(url, None)


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="holds a user") as refused:
        outside("https://me:hunter2@slo.example/", None)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("prefix", ["/a b", "/..", "/a/./b", "/a?b", "/a//b", "/a\n"])
def test_what_is_no_path_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="write a path like /winburn"):
        outside(None, prefix)


@contextmanager
def proxy(port: int, inner: str) -> Iterator[int]:
    """A reverse proxy: below OUTER it asks the server at ``port`` below ``inner`` in place of it, by another host."""
    listener = socket.create_server(("127.0.0.1", 0))

    def relay(here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while data := here.recv(65536):
                there.sendall(data)
        with suppress(OSError):
            there.shutdown(socket.SHUT_WR)

    def serve(client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (data := client.recv(65536)):
            head += data
        method, path, rest = head.split(b" ", 2)
        if not path.startswith(OUTER.encode()):
            client.sendall(b"HTTP/1.1 418 Outside\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            client.close()
            return
        rest = re.sub(rb"(?i)\r\nHost: [^\r]*", b"\r\nHost: upstream", rest)
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            server.sendall(b" ".join([method, inner.encode() + path[len(OUTER) :], rest]))
            back = threading.Thread(target=relay, args=(server, client), daemon=True)
            back.start()
            relay(client, server)
            back.join()

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def got(port: int, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, headers={"Connection": "close", **headers})
    answer = connection.getresponse()
    return answer, answer.read().decode("utf-8", "replace")


def links(page: str) -> set[str]:
    """Where a page leads and what it loads, but for what it holds itself."""
    found = {unescape(link) for link in re.findall(r'(?:href|src)="([^"]+)"', page)}
    return {link for link in found if not link.startswith(("data:", "#", "mailto:"))}


@pytest.mark.parametrize(
    ("inner", "reached"),
    [
        ("", PLAIN),  # it strips, and we know of nothing
        ("", outside(f"https://slo.example{OUTER}/", "/")),
        (OUTER, outside(f"https://slo.example{OUTER}/", None)),  # it passes on what it gets
        (OUTER, outside(None, OUTER)),
        ("/inner", outside(f"https://slo.example{OUTER}/", "/inner")),
    ],
)
def test_every_link_of_the_pages_leads_to_a_page_through_a_proxy(inner: str, reached: Outside) -> None:
    with live(outside=reached) as server, proxy(server.port, inner) as port:
        server.publish(world(3))
        seen: set[str] = set()
        for page in (f"{OUTER}/", f"{OUTER}/live"):
            answer, text = got(port, page)
            assert answer.status == 200
            assert links(text)
            seen |= {urlsplit(urljoin(f"http://p{page}", link)).path for link in links(text)}
        assert len(seen) > 8
        for path in sorted(seen):
            answer, text = got(port, path)
            assert answer.status == 200, path
            if path.endswith("manifest.webmanifest"):
                icons = re.findall(r'"src": "([^"]+)"', text)
                assert {got(port, urlsplit(urljoin(f"http://p{path}", icon)).path)[0].status for icon in icons} == {200}
        for path in ("/metrics", "/config", "/-/healthy", "/-/ready", "/api/v1/snapshot"):
            assert got(port, f"{OUTER}{path}")[0].status == 200, path
        answer, _ = got(port, f"{OUTER}/live/")
        assert (answer.status, urljoin(f"http://p{OUTER}/live/", answer.headers["Location"])) == (
            307,
            f"http://p{OUTER}/live",
        )


def test_a_browser_may_watch_through_a_proxy_that_tells_another_host() -> None:
    reached = outside(f"https://slo.example{OUTER}/", None)
    with live(outside=reached, origins=(reached.origin,)) as server, proxy(server.port, OUTER) as port:
        server.publish(world(0))
        with connected(port, prefix=OUTER, origin="https://slo.example") as client:
            client.until("snapshot")


def test_outside_of_the_prefix_there_is_the_way_to_it_and_nothing_else() -> None:
    with live(outside=outside("https://slo.example/winburn", "/inner")) as server:
        for path in ("/", "/inner"):
            answer, text = got(server.port, path)
            assert (answer.status, answer.headers["Location"]) == (307, "/winburn/")
            assert text == "winburn is at /winburn/\n"
        for path in ("/metrics", "/-/healthy", "/live", "/live/stream", "/inner/inner/metrics", "/innermetrics"):
            answer, text = got(server.port, path)
            assert (answer.status, text) == (404, f"there is nothing at {path}; start at /inner/\n")
        assert got(server.port, "/inner/metrics")[0].status == 503


@pytest.mark.parametrize("host", ["evil.example", "evil.example/x?", "a b"])
@pytest.mark.parametrize("path", ["/live/", "/metrics/", "/config/"])
def test_no_redirect_leads_where_the_host_header_says(host: str, path: str) -> None:
    with live() as server:
        answer, _ = got(server.port, path, Host=host)
        assert (answer.status, answer.headers["Location"]) == (307, f"..{path[:-1]}")
        for odd in ("//evil.example/live/", "/api/v1/snapshot/", "/live//", "/-/reload/"):
            assert got(server.port, odd, Host=host)[0].status == 404
