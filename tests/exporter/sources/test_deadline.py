"""No test looks at the clock: a trickled answer that is delivered in whole was waited for too long."""

from __future__ import annotations

import socket
import threading

import pytest
import requests

from exporter.sources.base import SourceError
from exporter.sources.deadline import Adapter, deadline
from exporter.sources.prometheus_api import PrometheusApi, TooSlow
from tests.exporter.sources.fake_prometheus import Fake, hang, saying, trickle, vector

QUERY = ("/api/v1/query", {"query": "1", "time": "0"})
HEAD = len(b"HTTP/1.1 200 OK\r\nContent-Length: 3065\r\nX-Slow: yes\r\n\r\n")


@pytest.mark.parametrize("head", [0, 20, HEAD, HEAD + 30], ids=["from the start", "in the head", "body", "mid-body"])
def test_a_trickling_answer_is_cut(fake: Fake, head: int) -> None:
    fake.behaviour = trickle(head)
    with pytest.raises(TooSlow, match=r"no whole answer within 0\.2 s"):
        PrometheusApi("prod", fake.url, timeout=0.2).ask(*QUERY)
    assert not fake.delivered


def test_a_trickling_answer_on_an_old_connection_is_cut(fake: Fake) -> None:
    api = PrometheusApi("prod", fake.url, timeout=60)
    fake.behaviour = saying(200, vector())
    api.ask(*QUERY)
    fake.behaviour = trickle(0)
    with pytest.raises(TooSlow):
        api.ask(*QUERY, timeout=0.2)
    assert not fake.delivered
    assert len(fake.lines) == 1


def test_a_trickling_answer_of_unstated_length_is_cut(fake: Fake) -> None:
    def behave(fake: Fake, handler: object, _form: dict[str, str]) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")  # type: ignore[attr-defined]
        while not fake.over.wait(0.02):
            handler.wfile.write(b" ")  # type: ignore[attr-defined]

    fake.behaviour = behave
    with pytest.raises(TooSlow):
        PrometheusApi("prod", fake.url, timeout=0.2).ask(*QUERY)


def test_a_server_that_accepts_and_is_silent_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(TooSlow):
            PrometheusApi("prod", url, timeout=0.2).ask(*QUERY)


def test_the_next_question_has_its_own_time(fake: Fake) -> None:
    api = PrometheusApi("prod", fake.url, timeout=60)
    fake.behaviour = hang
    with pytest.raises(TooSlow):
        api.ask(*QUERY, timeout=0.2)
    fake.behaviour = saying(200, vector())
    assert api.ask(*QUERY) == {"resultType": "vector", "result": []}


def test_the_timer_of_a_quick_answer_does_not_stay(fake: Fake) -> None:
    fake.behaviour = saying(200, vector())
    api = PrometheusApi("prod", fake.url, timeout=3600)
    before = set(threading.enumerate())
    for _ in range(3):
        api.ask(*QUERY)
    begun = set(threading.enumerate()) - before
    for timer in [thread for thread in begun if isinstance(thread, threading.Timer)]:
        timer.join(30)
        assert not timer.is_alive()


def test_a_request_that_begins_after_the_deadline_is_not_made(fake: Fake) -> None:
    session = requests.Session()
    session.mount("http://", Adapter(None))
    with deadline(3600) as limit:
        limit.cut()
        with pytest.raises((TimeoutError, requests.RequestException)):
            session.get(fake.url)
    assert not fake.asked


def test_a_proxied_request_is_cut_too(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.behaviour = saying(200, vector())
    monkeypatch.setenv("HTTP_PROXY", fake.url)
    monkeypatch.setenv("http_proxy", fake.url)
    PrometheusApi("prod", "http://prometheus.invalid", timeout=60).ask(*QUERY)
    assert fake.asked[0][0] == "http://prometheus.invalid/api/v1/query"
    fake.behaviour = trickle(10)
    with pytest.raises(TooSlow):
        PrometheusApi("prod", "http://prometheus.invalid", timeout=0.2).ask(*QUERY)
    assert not fake.delivered


def test_one_slow_thread_does_not_cut_another(fake: Fake) -> None:
    slow = Fake()
    slow.behaviour = hang
    fake.behaviour = saying(200, vector())
    caught: list[Exception] = []

    def ask_slow() -> None:
        try:
            PrometheusApi("slow", slow.url, timeout=0.2).ask(*QUERY)
        except SourceError as error:
            caught.append(error)

    thread = threading.Thread(target=ask_slow)
    thread.start()
    api = PrometheusApi("prod", fake.url, timeout=60)
    while thread.is_alive():
        assert api.ask(*QUERY)
    thread.join()
    slow.close()
    assert [type(error) for error in caught] == [TooSlow]
