from __future__ import annotations

import gzip
import json
import logging
import traceback
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from exporter.access import Access, access_of
from exporter.sources.base import SourceError
from exporter.sources.http_api import HttpApi
from exporter.sources.prometheus_api import QueryRefused, TooSlow
from exporter.sources.repeats import Clock
from exporter.spec.source_models import HttpSource
from tests.exporter.sources.fake_prometheus import Fake, Handler, cut, hang, saying, send, send_json, trickle


class Time:
    """A clock that a test turns; sleeping turns it too."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, lambda: self.now, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def api(fake: Fake, *, url: str = "", clock: Clock | None = None, token: str | None = None, **keys: Any) -> HttpApi:
    model = HttpSource(type="http", url="http://unused", **keys)
    access = replace(access_of(model), token=lambda: token)
    return HttpApi("flags", url or fake.url, model, access, clock or Time().clock)


def answering(answer: Callable[[Handler], object]) -> Callable[..., None]:
    """A behaviour: 200 and the JSON of what ``answer`` makes of the request."""
    return lambda _fake, handler, _form: send_json(handler, 200, answer(handler))


def failure(api: HttpApi, path: str = "/e?key=hunter2-path") -> SourceError:
    with pytest.raises(SourceError) as caught:
        api.get(path)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("behaviour", "error", "sentence"),
    [
        (
            saying(404, b'{"message": "no\\nexperiment"}'),
            QueryRefused,
            "/e: answered HTTP 404: no experiment",
        ),
        (saying(400, b'{"error": "bad"}'), QueryRefused, "source flags, /e: answered HTTP 400: bad"),
        (saying(403, b"who?"), QueryRefused, "source flags, /e: answered HTTP 403"),
        (saying(500, b'{"error": {"deep": 1}}'), QueryRefused, "source flags, /e: answered HTTP 500"),
        (saying(401, b"{}"), SourceError, "source flags, /e: refused the credentials (HTTP 401)"),
        (saying(200, b"<html>", "text/html"), SourceError, "/e: the answer is not JSON (content type text/html)"),
        (saying(200, b'{"a": 1'), SourceError, "/e: the answer is not JSON (content type application/json)"),
        (saying(200, b"[" * 100_000), SourceError, "/e: the answer is not JSON"),
        (saying(200, b"\x00\xff" * 1000), SourceError, "/e: the answer is not JSON"),
        (saying(204, b""), SourceError, "source flags, /e: answered HTTP 204"),
        (saying(302, b"", Location="http://evil.example/x"), SourceError, "a redirect leads to a page at another host"),
        (saying(302, b"", Location="//evil.example/x"), SourceError, "a redirect leads to a page at another host"),
        (saying(302, b"", Location="file:///etc/passwd"), SourceError, "a redirect leads to a page at another host"),
        (saying(302, b"", Location="http://[::1"), SourceError, "a redirect leads to a page at another host"),
        (saying(302, b"", Location="/again"), SourceError, "source flags, /e: more than 3 redirects"),
        (saying(302, b""), SourceError, "source flags, /e: more than 3 redirects"),
        (saying(200, b"no gzip", **{"Content-Encoding": "gzip"}), SourceError, "source flags does not answer: "),
        (cut, SourceError, "source flags does not answer: IncompleteRead"),
    ],
)
def test_each_failure_is_a_sentence_of_its_kind(fake: Fake, behaviour: Any, error: type, sentence: str) -> None:
    fake.behaviour = behaviour
    caught = failure(api(fake))
    assert type(caught) is error
    assert sentence in str(caught)


@pytest.mark.parametrize("behaviour", [hang, trickle(0), trickle(60)])
def test_an_answer_that_does_not_end_in_time_is_given_up(fake: Fake, behaviour: Any) -> None:
    fake.behaviour = behaviour
    assert type(failure(api(fake, timeout="200ms"))) is TooSlow
    assert not fake.delivered


def test_pages_that_each_come_in_time_must_come_in_time_together(fake: Fake) -> None:
    def slow(fake: Fake, handler: Handler, _form: dict[str, str]) -> None:
        fake.over.wait(0.15)
        send_json(handler, 200, {"next": f"/{len(fake.asked)}"})

    fake.behaviour = slow
    # More pages than fit into half a minute: who gives each its own time is told that they are too many.
    assert type(failure(api(fake, timeout="400ms", pages={"next": "next", "limit": 200}))) is TooSlow


def test_a_dead_server_and_a_wrong_address_are_said_without_the_address(fake: Fake) -> None:
    fake.stop()
    try:
        assert str(failure(api(fake))) == "source flags does not answer: connection refused"
    finally:
        fake.start()
    assert "begins with http://" in str(failure(api(fake, url="ftp://hunter2")))


@pytest.mark.parametrize(
    ("keys", "token", "url", "header", "value"),
    [
        ({}, "abc1", "", "Authorization", "Bearer abc1"),
        ({"token_prefix": ""}, "abc1", "", "Authorization", "abc1"),
        ({"token_header": "X-Api-Key", "token_prefix": ""}, "abc1", "", "X-Api-Key", "abc1"),
        ({"token_header": "X-Api-Key", "token_prefix": ""}, "abc1", "", "Authorization", None),
        ({}, None, "ann%40b:p%2Fw@", "Authorization", "Basic YW5uQGI6cC93"),
        ({"headers": {"LD-API-Version": "20240415"}}, None, "", "LD-API-Version", "20240415"),
        ({}, None, "", "Accept", "application/json"),
    ],
)
def test_the_credentials_are_sent_as_the_spec_says(
    fake: Fake, keys: dict[str, Any], token: str | None, url: str, header: str, value: str | None
) -> None:
    fake.behaviour = answering(lambda _: {})
    api(fake, url=fake.url.replace("//", f"//{url}"), token=token, **keys).get("/e")
    assert fake.asked[-1][2].get(header) == value


@pytest.mark.parametrize(
    ("base", "path", "sent"),
    [
        ("", "", "/"),
        ("/api/", "/v1/e", "/api/v1/e"),
        ("/api", "?a=1", "/api?a=1"),
        ("/api?key=k", "/e?a=1", "/api/e?key=k&a=1"),
        ("", "/a%2Fb", "/a%2Fb"),
        ("", "/a b/ü?x=ä ö", "/a%20b/%C3%BC?x=%C3%A4%20%C3%B6"),
        ("", "/a#b?c=#d", "/a%23b?c=%23d"),
        ("", "/50%?x=%41+1", "/50%25?x=A+1"),
        ("", "//evil.example/x", "/evil.example/x"),
        ("", "/@evil.example", "/@evil.example"),
    ],
)
def test_a_path_is_appended_and_quoted_and_stays_at_its_host(fake: Fake, base: str, path: str, sent: str) -> None:
    fake.behaviour = answering(lambda _: {})
    api(fake, url=fake.url + base).get(path)
    assert fake.asked[-1][0].replace("//evil", "/evil") == sent


def offsets(_fake: Fake, handler: Handler, _form: dict[str, str]) -> None:
    """Three pages by an offset."""
    offset = int(parse_qs(urlsplit(handler.path).query).get("offset", ["0"])[0])
    send_json(handler, 200, {"rows": [offset], "nextOffset": offset + 10 if offset < 20 else None})


def test_pages_by_a_parameter_are_read_to_the_last(fake: Fake) -> None:
    fake.behaviour = offsets
    bodies = api(fake, pages={"next": "nextOffset", "parameter": "offset"}).get("/e?limit=10&x=a%2Fb")
    assert [json.loads(body)["rows"] for body in bodies] == [[0], [10], [20]]
    assert [path for path, _, _ in fake.asked] == [
        "/e?limit=10&x=a%2Fb",
        "/e?limit=10&x=a%2Fb&offset=10",
        "/e?limit=10&x=a%2Fb&offset=20",
    ]


def test_pages_by_addresses_are_read_to_the_last_with_the_token(fake: Fake) -> None:
    links = ["/b?x=1", "c", f"{fake.url.replace('//', '//evil:x@')}/d", "", None]
    fake.behaviour = answering(lambda _: {"next": links[len(fake.asked) - 1]})
    assert len(api(fake, url=f"{fake.url}/api", token="abc1", pages={"next": "next"}).get("/a")) == 4
    assert [path for path, _, _ in fake.asked] == ["/api/a", "/b?x=1", "/c", "/d"]
    assert {headers["Authorization"] for _, _, headers in fake.asked} == {"Bearer abc1"}


@pytest.mark.parametrize(
    ("following", "pages", "sentence"),
    [
        ("http://evil.example/x", {}, "the next page is at another host or scheme, which is not followed"),
        ("https://127.0.0.1/x", {}, "the next page is at another host or scheme"),
        ("/e?key=hunter2-path", {}, "page 1 leads back to an earlier one"),
        (True, {}, "pages.next 'next' gives true"),
        ([1], {"parameter": "p"}, "pages.next 'next' gives a list of 1"),
        (7, {"parameter": "p"}, "page 2 leads back to an earlier one"),
        (7, {"next": "sort_by(next, &a)"}, "pages.next 'sort_by(next, &a)' cannot be applied: "),
    ],
)
def test_pages_that_lead_astray_are_refused(fake: Fake, following: Any, pages: dict[str, Any], sentence: str) -> None:
    fake.behaviour = answering(lambda _: {"next": following})
    assert sentence in str(failure(api(fake, pages={"next": "next", **pages})))


def test_more_pages_than_allowed_are_an_error_and_not_half_an_answer(fake: Fake) -> None:
    fake.behaviour = offsets
    paging = {"next": "nextOffset", "parameter": "offset"}
    assert len(api(fake, pages={**paging, "limit": 3}).get("/e")) == 3
    assert "more than 2 pages; raise pages.limit" in str(failure(api(fake, pages={**paging, "limit": 2})))


def test_a_huge_answer_is_not_read_to_its_end_packed_or_in_pages(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.sources.http_api.BODY_BYTES", 2**20)
    fake.behaviour = saying(200, gzip.compress(b" " * 2**22), **{"Content-Encoding": "gzip"})
    caught = failure(api(fake))
    assert type(caught) is QueryRefused
    assert "an answer of more than 1 MB" in str(caught)
    fake.behaviour = saying(302, gzip.compress(b" " * 2**22), Location="/x", **{"Content-Encoding": "gzip"})
    assert "an answer of more than 1 MB" in str(failure(api(fake)))
    fake.behaviour = answering(lambda _: {"next": len(fake.asked), "text": "x" * 400_000})
    assert "more than 1 MB" in str(failure(api(fake, pages={"next": "next", "parameter": "p"})))
    fake.behaviour = saying(200, gzip.compress(b'{"a": 1}'), **{"Content-Encoding": "gzip"})
    assert api(fake).get("/e") == [b'{"a": 1}']


def test_redirects_at_the_same_host_are_followed(fake: Fake) -> None:
    def behave(_fake: Fake, handler: Handler, _form: dict[str, str]) -> None:
        moved = {"/old": (301, "/new/?x=1"), "/new/?x=1": (307, f"{fake.url}/newest")}.get(handler.path)
        if moved:
            send(handler, moved[0], b"", Location=moved[1])
        else:
            send_json(handler, 200, handler.headers["Authorization"])

    fake.behaviour = behave
    assert api(fake, token="abc1").get("/old") == [b'"Bearer abc1"']


def busy(status: int, times: int, **headers: str) -> Callable[..., None]:
    """A behaviour: that status so many times, then a right answer."""

    def behave(fake: Fake, handler: Handler, _form: dict[str, str]) -> None:
        if len(fake.asked) <= times:
            send(handler, status, b'{"message": "busy"}', **headers)
        else:
            send_json(handler, 200, {"asked": len(fake.asked)})

    return behave


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again_after_a_pause(fake: Fake, status: int) -> None:
    time = Time()
    fake.behaviour = busy(status, 2)
    assert api(fake, clock=time.clock).get("/e") == [b'{"asked": 3}']
    assert time.slept == [0.25, 1.0]


def test_a_server_that_stays_busy_is_given_up_and_asked_at_the_next_question(fake: Fake) -> None:
    time = Time()
    fake.behaviour = busy(503, 3)
    source = api(fake, clock=time.clock)
    assert str(failure(source)) == "source flags, /e: answered HTTP 503: busy"
    assert source.get("/e") == [b'{"asked": 4}']


def test_retry_after_is_kept_to_where_the_time_allows_it(fake: Fake) -> None:
    time = Time()
    fake.behaviour = busy(429, 1, **{"Retry-After": "3"})
    assert api(fake, clock=time.clock).get("/e") == [b'{"asked": 2}']
    assert time.slept == [3.0]


@pytest.mark.parametrize("after", ["60", formatdate(1060, usegmt=True)])
def test_a_long_retry_after_is_kept_to_over_later_questions(fake: Fake, after: str) -> None:
    time = Time()
    fake.behaviour = busy(429, 1, **{"Retry-After": after})
    source = api(fake, clock=time.clock)
    assert str(failure(source)) == "source flags, /e: answered HTTP 429: busy; it asked for quiet, for 60 s"
    time.now += 45
    assert str(failure(source)) == "source flags asked for quiet, for 15 s more"
    assert (len(fake.asked), time.slept) == (1, [])
    time.now += 15
    assert source.get("/e") == [b'{"asked": 2}']


@pytest.mark.parametrize(("after", "first"), [("soon", 0.25), ("-5", 0.25), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0)])
def test_an_odd_retry_after_does_not_stop_the_source(fake: Fake, after: str, first: float) -> None:
    time = Time()
    fake.behaviour = busy(503, 1, **{"Retry-After": after})
    assert api(fake, clock=time.clock).get("/e") == [b'{"asked": 2}']
    assert time.slept == [first]


def test_quiet_for_a_year_is_ten_minutes(fake: Fake) -> None:
    time = Time()
    fake.behaviour = busy(429, 1, **{"Retry-After": "31536000"})
    source = api(fake, clock=time.clock)
    failure(source)
    time.now += 601
    assert source.get("/e") == [b'{"asked": 2}']


def test_a_server_that_repeats_secrets_does_not_get_them_into_a_message(
    fake: Fake, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def behave(_fake: Fake, handler: Handler, _form: dict[str, str]) -> None:
        said = [*map(str, handler.headers.values()), "hunter2-pass", "hunter2%2Dpass", handler.path]
        send_json(handler, 404, {"message": " ".join(said)[:5000]})

    fake.behaviour = behave
    url = f"{fake.url}?key=hunter2%2Dkey".replace("//", "//ann:hunter2%2Dpass@")
    headers = {"A-Key": "hunter2-header"}
    for token in ("hunter2-token", None):
        source = api(fake, url=url, token=token, headers=headers)
        with pytest.raises(SourceError, match=r"answered HTTP 404: .*\*\*\*") as caught:
            source.get("/e")
        shown = "".join(traceback.format_exception(caught.value))
        assert "hunter2" not in shown
        assert "YW5uOmh1bnRlcjItcGFzcw==" not in shown  # ann:hunter2-pass
    assert "hunter2-token" not in caplog.text
    assert "hunter2-header" not in caplog.text


@pytest.mark.parametrize("secret", ["hunter2\nX-Evil: 1", "hunter2\u2026"])
def test_a_header_that_cannot_be_sent_is_not_shown(fake: Fake, secret: str) -> None:
    model = HttpSource(type="http", url=fake.url)
    assert "does not answer" in str(failure(HttpApi("flags", fake.url, model, Access({"X-Key": secret}))))
    assert not fake.asked


def test_a_closed_api_opens_again(fake: Fake) -> None:
    fake.behaviour = answering(lambda _: 1)
    source = api(fake)
    source.get("/e")
    source.close()
    assert source.get("/e") == [b"1"]
