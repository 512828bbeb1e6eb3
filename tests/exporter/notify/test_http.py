"""One request to a target: bounded as a whole."""

from __future__ import annotations

import pytest

from exporter.notify.http import Http
from exporter.notify.pusher import PushError
from tests.exporter.sources.fake_prometheus import Fake, hang, saying, trickle

HEAD = len(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("behaviour", [hang, trickle(0), trickle(HEAD)], ids=["silent", "trickled", "trickled head"])
def test_an_answer_must_come_in_time_however_slowly_it_comes(fake: Fake, behaviour: object) -> None:
    fake.behaviour = behaviour  # type: ignore[assignment]
    with pytest.raises(PushError, match=r"gave no answer within 0\.2 s"):
        Http(fake.url, 0.2).ask("GET", "/api/v2/alerts")
    assert not fake.delivered


def test_an_answer_in_time_is_whole(fake: Fake) -> None:
    fake.behaviour = saying(200, b"[]")
    assert Http(fake.url, 60).ask("GET", "/api/v2/alerts") == b"[]"
