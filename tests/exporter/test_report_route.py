"""`/api/v1/report` hands parameters over and answers what it is given."""

from __future__ import annotations

import warnings

from starlette.applications import Starlette

from exporter.report_route import Asked, Reply, report_route

with warnings.catch_warnings():
    # The client warns that it would rather have httpx2 than the httpx that is installed.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient


def client(replies: list[Reply], asked: list[Asked]) -> TestClient:
    def make(parameters: Asked) -> Reply:
        asked.append(parameters)
        return replies[0]

    headers = {"X-Frame-Options": "DENY", "Content-Security-Policy": "default-src 'none'"}
    return TestClient(Starlette(routes=[report_route(make, headers)]))


def test_parameters_come_in_order_and_several_times() -> None:
    asked: list[Asked] = []
    reply = client([Reply(200, "text/plain", b"yes")], asked).get("/report?slo=b&slo=a&format=md")
    assert (reply.status_code, reply.content) == (200, b"yes")
    assert list(asked[0]) == [("slo", "b"), ("slo", "a"), ("format", "md")]
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Frame-Options"] == "DENY"


def test_its_own_headers_win() -> None:
    own = Reply(503, "text/html", b"later", {"Content-Security-Policy": "own", "Retry-After": "5"})
    reply = client([own], []).get("/report")
    assert (reply.status_code, reply.headers["Content-Security-Policy"]) == (503, "own")
    assert reply.headers["Retry-After"] == "5"


def test_only_get() -> None:
    assert client([Reply(200, "text/plain", b"")], []).post("/report").status_code == 405
