"""What the source makes of answers; the real Alertmanager is in tests/e2e/test_acknowledge.py. Here a loopback server
says what the real one cannot be made to say."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from exporter.sources import alertmanager as module
from exporter.sources.alertmanager import AlertmanagerApi, Matcher
from exporter.sources.base import SourceError

SECRET = "hunter2"


class Fake:
    """Answers by path; a bytes body goes out as it is."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[tuple[str, str, bytes, str | None]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                fake.asked.append((self.command, self.path, self.rfile.read(length), self.headers.get("Authorization")))
                status, body = fake.answers[self.path.partition("?")[0]]
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_DELETE = do_GET  # noqa: N815 - the names that the base class calls

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://me:{SECRET}@127.0.0.1:{self.server.server_port}/prefix/"


@pytest.fixture
def fake() -> Iterator[Fake]:
    made = Fake()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def api(fake: Fake) -> Iterator[AlertmanagerApi]:
    made = AlertmanagerApi(fake.url, timeout=60)
    yield made
    made.close()


def silence(name: str, ends: str, state: str = "active", **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "status": {"state": state},
        "endsAt": ends,
        "createdBy": f"by {name}",
        "comment": "c",
        "matchers": [{"name": "slo", "value": "a", "isRegex": False}],
        **more,
    }


def test_an_alert_is_acknowledged_until_the_last_of_its_silences_ends(fake: Fake, api: AlertmanagerApi) -> None:
    fake.answers["/prefix/api/v2/silences"] = (
        200,
        [
            silence("1", "1970-01-01T00:01:00Z"),
            silence("2", "1970-01-01T00:02:00.123456789Z"),
            silence("3", "1970-01-01T00:03:00Z", "expired"),
        ],
    )
    labels = {"alertname": "A", "slo": "a"}
    fake.answers["/prefix/api/v2/alerts"] = (
        200,
        [
            {"labels": labels, "status": {"state": "suppressed", "silencedBy": ["1", "2", "3", "gone"]}},
            {"labels": {"alertname": "B"}, "status": {"state": "suppressed", "silencedBy": []}},
            {"labels": {"alertname": "C"}, "status": {"state": "suppressed", "silencedBy": ["3"]}},
        ],
    )
    assert api.acknowledged() == [(labels, pytest.approx(120.123456), "by 2")]


def test_the_password_is_sent_and_never_said(fake: Fake, api: AlertmanagerApi) -> None:
    fake.answers["/prefix/api/v2/silences"] = (500, f"no {'x' * 1000}")
    with pytest.raises(SourceError) as caught:
        api.silences()
    assert (fake.asked[0][3] or "").startswith("Basic ")
    assert SECRET not in str(caught.value) + api.name
    assert len(str(caught.value)) < 300


def test_a_silence_is_made_as_the_api_wants_it(fake: Fake, api: AlertmanagerApi) -> None:
    fake.answers["/prefix/api/v2/silences"] = (200, {"silenceID": "abc"})
    assert api.silence([Matcher("slo", "a|b", regex=True)], 0, 60, "me", "why") == "abc"
    method, _, body, _ = fake.asked[0]
    assert method == "POST"
    assert json.loads(body) == {
        "matchers": [{"name": "slo", "value": "a|b", "isRegex": True, "isEqual": True}],
        "startsAt": "1970-01-01T00:00:00.000Z",
        "endsAt": "1970-01-01T00:01:00.000Z",
        "createdBy": "me",
        "comment": "why",
    }


def test_an_id_cannot_leave_its_place_in_the_address(fake: Fake, api: AlertmanagerApi) -> None:
    fake.answers["/prefix/api/v2/silence/a%2F..%2Fb%3F"] = (200, b"")
    api.expire("a/../b?")
    assert fake.asked[0][:2] == ("DELETE", "/prefix/api/v2/silence/a%2F..%2Fb%3F")


@pytest.mark.parametrize(
    "answer",
    [b"<html>", {}, [1], [{"id": "1"}], [silence("1", "yesterday")], [{**silence("1", "x"), "matchers": 5}]],
)
def test_what_is_not_the_api_is_an_error_and_no_crash(fake: Fake, api: AlertmanagerApi, answer: Any) -> None:
    fake.answers["/prefix/api/v2/silences"] = (200, answer)
    with pytest.raises(SourceError, match="did not answer as"):
        api.silences()


def test_a_huge_answer_is_not_read_to_its_end(
    fake: Fake, api: AlertmanagerApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_BYTES", 1000)
    fake.answers["/prefix/api/v2/silences"] = (200, b" " * 200_000)
    with pytest.raises(SourceError, match="more than"):
        api.silences()


def test_redirects_are_not_followed_and_missing_things_named(fake: Fake, api: AlertmanagerApi) -> None:
    fake.answers["/prefix/api/v2/silences"] = (302, b"")
    with pytest.raises(SourceError, match="HTTP 302"):
        api.silences()
    fake.answers["/prefix/api/v2/silences"] = (404, b"")
    with pytest.raises(SourceError, match="404"):
        api.silences()


def test_nobody_there_is_a_sentence_without_the_address() -> None:
    with pytest.raises(SourceError) as caught:
        AlertmanagerApi(f"http://me:{SECRET}@127.0.0.1:1", timeout=60).silences()
    assert str(caught.value) == "Alertmanager 127.0.0.1:1 does not answer: connection refused"
