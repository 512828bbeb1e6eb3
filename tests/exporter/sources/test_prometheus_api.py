from __future__ import annotations

import gzip
import json
import logging
import ssl
import traceback
from urllib.parse import urlencode

import pytest

from exporter.access import Access
from exporter.sources.base import SourceError
from exporter.sources.prometheus_api import NoSuchApi, PrometheusApi, QueryRefused, TooMuch, TooSlow, _encoded
from exporter.sources.repeats import Clock
from tests.exporter.sources.fake_prometheus import Fake, Handler, cut, saying, send, vector

QUICK = Clock(sleep=lambda _seconds: None)
QUERY = ("/api/v1/query", {"query": "1", "time": "0"})


def failure(status: int, kind: str, text: str = "sorry") -> object:
    return saying(status, json.dumps({"status": "error", "errorType": kind, "error": text}).encode())


@pytest.mark.parametrize(
    ("behaviour", "error", "sentence"),
    [
        (failure(400, "bad_data"), QueryRefused, "answered HTTP 400: sorry"),
        (failure(422, "execution"), QueryRefused, "answered HTTP 422: sorry"),
        (failure(413, "too_large"), QueryRefused, "answered HTTP 413: sorry"),
        (failure(500, "execution"), QueryRefused, "answered HTTP 500: sorry"),
        (failure(503, "timeout"), TooSlow, "answered HTTP 503: sorry"),
        (failure(500, "internal"), SourceError, "answered HTTP 500: sorry"),
        (failure(429, "too_many_requests"), SourceError, "answered HTTP 429: sorry"),
        (failure(200, "odd"), SourceError, "answered HTTP 200: sorry"),
        (failure(404, "not_found"), NoSuchApi, "answered HTTP 404: sorry"),
        (saying(404, b"not found", "text/plain"), NoSuchApi, "path prefix"),
        (saying(401, b"who?", "text/plain"), SourceError, "refused the credentials"),
        (saying(502, b"<html>", "text/html"), SourceError, "answered HTTP 502"),
        (saying(504, b"<html>", "text/html"), TooSlow, "answered HTTP 504"),
        (failure(504, "timeout"), TooSlow, "answered HTTP 504: sorry"),
        (saying(302, b"", Location="http://evil.example"), SourceError, "redirect"),
        (saying(200, b"<html>", "text/html"), SourceError, "content type text/html"),
        (saying(204, b""), SourceError, "answered HTTP 204"),
        (cut, SourceError, "does not answer: IncompleteRead"),
    ],
)
def test_each_failure_is_a_sentence_of_its_kind(fake: Fake, behaviour: object, error: type, sentence: str) -> None:
    fake.behaviour = behaviour  # type: ignore[assignment]
    with pytest.raises(SourceError) as caught:
        PrometheusApi("prod", fake.url, clock=QUICK).ask(*QUERY)
    assert type(caught.value) is error
    assert str(caught.value).startswith("source prod ")
    assert sentence in str(caught.value)


def test_a_closed_port_is_said_in_words_and_without_the_address(fake: Fake) -> None:
    fake.stop()
    try:
        with pytest.raises(SourceError) as caught:
            PrometheusApi("prod", fake.url, clock=QUICK).ask(*QUERY)
    finally:
        fake.start()
    assert str(caught.value) == "source prod does not answer: connection refused"


def test_a_host_without_an_address_is_said_in_words() -> None:
    with pytest.raises(SourceError, match=r"does not answer: .*(name|address|resol|temporary)"):
        PrometheusApi("prod", "http://prometheus.invalid", timeout=600, clock=QUICK).ask(*QUERY)  # resolvers may wait


def test_a_plain_server_asked_for_tls_is_said_in_words(fake: Fake) -> None:
    with pytest.raises(SourceError, match="does not answer") as caught:
        PrometheusApi("prod", fake.url.replace("http", "https")).ask(*QUERY)
    assert "ssl" in str(caught.value).lower()
    assert ssl.OPENSSL_VERSION  # the reason comes from this library


def test_a_long_text_is_one_short_line(fake: Fake) -> None:
    fake.behaviour = failure(400, "bad_data", "first\nsecond " + "x" * 5000)  # type: ignore[assignment]
    with pytest.raises(QueryRefused) as caught:
        PrometheusApi("prod", fake.url, clock=QUICK).ask(*QUERY)
    assert "first second" in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("headers", [{"X-Key": "hunter2-key"}, {"Authorization": "hunter2-key"}])
def test_a_server_that_repeats_secrets_does_not_get_them_into_a_message(
    fake: Fake, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen = []

    def behave(_fake: Fake, handler: object, _form: dict[str, str]) -> None:
        sent = [handler.headers[name] for name in ("X-Key", "Authorization") if handler.headers[name]]  # type: ignore[attr-defined]
        seen.extend(sent)
        body = {"status": "error", "errorType": "bad_data", "error": f"{sent} hunter2-pass hunter2%2Dpass"}
        send(handler, 400, json.dumps(body).encode())  # type: ignore[arg-type]

    fake.behaviour = behave
    url = fake.url.replace("//", "//ann:hunter2%2Dpass@")
    for token in ("hunter2-token", None):
        with pytest.raises(SourceError) as caught:
            PrometheusApi("prod", url, access=Access(headers, token=lambda token=token: token)).ask(*QUERY)
        assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    assert any("hunter2" in value for value in seen)
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("secret", ["hunter2\nX-Evil: 1", "hunter2\u2026"])
def test_a_header_that_cannot_be_sent_is_not_shown(fake: Fake, secret: str) -> None:
    with pytest.raises(SourceError, match="does not answer") as caught:
        PrometheusApi("prod", fake.url, access=Access({"X-Key": secret})).ask(*QUERY)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    assert not fake.asked


def test_a_packed_answer_is_unpacked_and_measured_unpacked(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.behaviour = saying(200, gzip.compress(vector()), **{"Content-Encoding": "gzip"})
    api = PrometheusApi("prod", fake.url)
    assert api.ask(*QUERY) == {"resultType": "vector", "result": []}
    monkeypatch.setattr("exporter.sources.prometheus_api.ANSWER_BYTES", 2**20)
    fake.behaviour = saying(200, gzip.compress(b" " * 2**22), **{"Content-Encoding": "gzip"})
    with pytest.raises(QueryRefused, match="more than 1 MB"):
        api.ask(*QUERY)


def test_broken_packing_is_no_answer(fake: Fake) -> None:
    fake.behaviour = saying(200, b"no gzip", **{"Content-Encoding": "gzip"})
    with pytest.raises(SourceError, match="does not answer: "):
        PrometheusApi("prod", fake.url).ask(*QUERY)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(fake: Fake, status: int) -> None:
    waits: list[float] = []
    api = PrometheusApi("prod", fake.url, clock=Clock(sleep=waits.append))

    def behave(fake: Fake, handler: Handler, form: dict[str, str]) -> None:
        saying(status if len(fake.asked) < 3 else 200, vector())(fake, handler, form)

    fake.behaviour = behave
    assert api.ask(*QUERY) == {"resultType": "vector", "result": []}
    assert waits == [0.25, 1.0]


def test_a_query_that_took_too_long_there_is_not_asked_again(fake: Fake) -> None:
    body = json.dumps({"status": "error", "errorType": "timeout", "error": "query timed out"}).encode()
    fake.behaviour = saying(503, body)
    with pytest.raises(TooSlow, match="query timed out"):
        PrometheusApi("prod", fake.url, clock=QUICK).ask(*QUERY)
    assert len(fake.asked) == 1


def test_a_server_that_comes_back_is_found_within_the_question(fake: Fake) -> None:
    fake.stop()
    api = PrometheusApi("prod", fake.url, clock=Clock(sleep=lambda _: fake.start()))
    fake.behaviour = saying(200, vector())
    assert api.ask(*QUERY) == {"resultType": "vector", "result": []}
    fake.stop()
    with pytest.raises(SourceError, match="connection refused"):
        PrometheusApi("prod", fake.url, clock=QUICK).ask(*QUERY, repeat=False)
    fake.start()


def test_a_server_that_asks_for_quiet_gets_it(fake: Fake) -> None:
    fake.behaviour = saying(429, b"", **{"Retry-After": "60"})
    api = PrometheusApi("prod", fake.url, clock=Clock(monotonic=lambda: 1000.0))
    with pytest.raises(SourceError, match="HTTP 429"):
        api.ask(*QUERY)
    with pytest.raises(SourceError, match=r"source prod asked for quiet, for 60 s more"):
        api.ask(*QUERY)
    assert len(fake.asked) == 1


@pytest.mark.parametrize(
    "text",
    [
        "query processing would load too many samples into memory in query execution",
        "exceeded maximum resolution of 11,000 points per timeseries",
        "the query exceeded the maximum number of chunks (limit: 2000000 chunks) (err-mimir-max-chunks-per-query)",
        "exceeded series limit",
        "cannot select more than -search.maxSamplesPerQuery=1000000000 samples",
        "too long query; got 20000 bytes; mustn't exceed `-search.maxQueryLen=16384` bytes",
    ],
)
def test_what_is_too_much_is_told_from_what_is_wrong(fake: Fake, text: str) -> None:
    fake.behaviour = saying(422, json.dumps({"status": "error", "errorType": "422", "error": text}).encode())
    with pytest.raises(TooMuch):
        PrometheusApi("prod", fake.url).ask(*QUERY)


@pytest.mark.parametrize("text", ["parse error: unexpected identifier", "many-to-many matching not allowed"])
def test_what_is_wrong_is_not_too_much(fake: Fake, text: str) -> None:
    fake.behaviour = saying(400, json.dumps({"status": "error", "errorType": "bad_data", "error": text}).encode())
    with pytest.raises(QueryRefused) as caught:
        PrometheusApi("prod", fake.url).ask(*QUERY)
    assert not isinstance(caught.value, TooMuch)


def test_advice_is_logged_once(fake: Fake, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "winburn.sources")
    fake.behaviour = saying(200, json.dumps({**json.loads(vector()), "infos": ["PromQL info: no counter"]}).encode())
    api = PrometheusApi("prod", fake.url)
    for _ in range(3):
        api.ask(*QUERY)
    assert caplog.messages == ["source prod says: PromQL info: no counter"]


def test_a_part_is_no_answer(fake: Fake) -> None:
    for partial in (True, False):
        fake.behaviour = saying(200, json.dumps({**json.loads(vector()), "isPartial": partial}).encode())
        api = PrometheusApi("prod", fake.url)
        if partial:
            with pytest.raises(SourceError, match="from a part of its storage"):
                api.ask(*QUERY)
        else:
            assert api.ask(*QUERY) == {"resultType": "vector", "result": []}


def test_a_form_is_written_as_browsers_write_it(fake: Fake) -> None:
    form = {"query": 'a{b="ä & ö +\n~", c!~"%2F"} or d', "time": "1760000400.123"}
    for _ in range(2):
        assert _encoded(form) == urlencode(form)
    PrometheusApi("prod", fake.url).ask("/api/v1/query", form)
    assert fake.asked[-1][1] == form
    assert fake.asked[-1][2]["Content-Type"] == "application/x-www-form-urlencoded"
