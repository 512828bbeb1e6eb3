"""Reports over HTTP: parameters, one at a time, kept until the next snapshot, and the sources left alone."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace

import pytest

from exporter.report_route import Reply
from exporter.snapshot import Snapshot
from exporter.state import StateError
from tests.winburn.report.shop import AT, Shop, watched
from winburn.assemble import Assembly
from winburn.report import desk as room
from winburn.report.desk import Desk
from winburn.running import Running, Watching

NOBODY = Watching(live=False, clients=1, origins=())


class Serving:
    """A desk on a process that has refreshed once."""

    def __init__(self, shop: Shop, running: Running, snapshot: Snapshot, assembly: Assembly) -> None:
        self.shop, self.running, self.snapshot = shop, running, snapshot
        self.assembly, self.now = assembly, 0.0

    def desk(self, patience: float = 600.0) -> Desk:
        return Desk(
            self.shop.spec, self.shop.state(), self.assembly, lambda: self.snapshot,
            monotonic=lambda: self.now, clock=lambda: AT, patience=patience,
        )  # fmt: skip


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    from winburn.assemble import assemble  # noqa: PLC0415 - the fixture's own assembly

    shop = watched(tmp_path_factory.mktemp("shop"))
    running = Running(shop.spec, NOBODY, progress=lambda *_: None)
    try:
        snapshot = running.loop.refresh_once(AT)
        while snapshot.waiting:
            snapshot = running.loop.refresh_once(AT)
        assembly = assemble(shop.spec, shop.state())
        for collector in assembly.collectors:
            list(collector.collect(AT))
        yield Serving(shop, running, snapshot, assembly)
    finally:
        running.close()


ASKED = [("from", str(AT - 4 * 3600)), ("to", str(AT))]


def test_json_is_what_is_given_unasked(serving: Serving) -> None:
    reply = serving.desk()(ASKED)
    assert (reply.status, reply.media_type) == (200, "application/json")
    found = json.loads(reply.body)
    checkout = next(slo for slo in found["slos"] if slo["name"] == "checkout")
    assert checkout["bad"] == 300
    assert checkout["paging"]["origin"] == "replay"
    assert found["experiments"][0]["next_steps"].startswith("Give b to everybody")


@pytest.mark.parametrize("layout", ["html", "md", "csv"])
def test_the_other_formats(serving: Serving, layout: str) -> None:
    reply = serving.desk()([*ASKED, ("format", layout)])
    assert reply.status == 200
    if layout == "csv":
        with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
            assert "slos.csv" in archive.namelist()
        assert "attachment" in reply.headers["Content-Disposition"]
    else:
        assert b"checkout" in reply.body
    if layout == "html":
        assert "style-src 'sha256-" in reply.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ([("formt", "md")], "did you mean 'format'"),
        ([("format", "htm")], "did you mean 'html'"),
        ([("format", "md"), ("format", "html")], "twice"),
        ([("period", "last-weak")], "last-week"),
        ([("from", "yesterday")], "is not a time"),
        ([("from", "2023-11-14T10:00:00")], "has no zone"),
        ([("to", str(AT * 1000))], "in seconds"),
        ([("period", "7d"), ("from", "1000")], "cannot both"),
        ([("timezone", "Berlin")], "Europe/Berlin"),
        ([("slo", "chekout")], "did you mean 'checkout'"),
        ([("experiment", "x" * 300)], "there is no experiment"),
        ([("format", "../../etc/passwd")], "format"),
        ([("slo", "../../etc/passwd\r\nSet-Cookie: a=b")], "there is no slo"),
    ],
)
def test_what_makes_no_sense_is_400_and_says_what_would(
    serving: Serving, asked: list[tuple[str, str]], told: str
) -> None:
    reply = serving.desk()(asked)
    assert reply.status == 400
    assert told in reply.body.decode()


def test_a_release_too(serving: Serving) -> None:
    reply = serving.desk()([("since-release", str(AT - 3 * 3600)), ("to", str(AT))])
    found = json.loads(reply.body)
    assert found["slos"][0]["before"]["verdict"] == "worse"


def test_times_may_have_zones(serving: Serving) -> None:
    desk = serving.desk()
    assert desk([("from", "2023-11-14T19:00:00+01:00")]).status == 200
    assert desk([("from", "2023-11-14T19:00:00 01:00")]).status == 200  # the + of an address that was not escaped


def test_it_is_made_once_for_a_snapshot(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    real = room.gather
    monkeypatch.setattr(room, "gather", lambda *args, **more: made.append(1) or real(*args, **more))
    desk = serving.desk()
    assert desk(ASKED) is desk(ASKED)
    assert desk([*ASKED, ("format", "md")]).status == 200
    assert len(made) == 2


def test_a_costly_one_is_kept_for_longer_than_its_snapshot(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    real, made = room.gather, []

    def slow(*args: object, **more: object) -> object:
        made.append(1)
        serving.now += 10
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(room, "gather", slow)
    before = serving.snapshot
    try:
        desk = serving.desk()
        first = desk(ASKED)
        serving.snapshot = replace(before, expires=1e9)
        serving.now += 40
        assert desk(ASKED) is first
        serving.now += 20
        assert desk(ASKED) is not first
        assert len(made) == 2
    finally:
        serving.now, serving.snapshot = 0.0, before


def test_one_at_a_time_and_nobody_waits_for_ever(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    real = room.gather

    def slow(*args: object, **more: object) -> object:
        begun.set()
        assert go_on.wait(60)
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(room, "gather", slow)
    desk = serving.desk(patience=0.05)
    first: Reply = desk(ASKED)
    assert begun.wait(60)
    assert (first.status, first.headers["Retry-After"]) == (503, "5")
    assert desk([*ASKED, ("format", "md")]).status == 503
    go_on.set()
    for _ in range(600):
        reply = desk(ASKED)
        if reply.status == 200:
            break
        threading.Event().wait(0.05)
    assert reply.status == 200


def test_nothing_is_reported_of_what_is_stale(serving: Serving) -> None:
    serving.now = serving.snapshot.expires
    try:
        assert serving.desk()(ASKED).status == 503
    finally:
        serving.now = 0.0


def test_a_store_that_cannot_be_read_is_503(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise StateError("the state store cannot be read: it is away")

    monkeypatch.setattr(room, "gather", gone)
    reply = serving.desk()(ASKED)
    assert (reply.status, b"it is away" in reply.body) == (503, True)


def test_the_running_exporter_has_one(serving: Serving) -> None:
    assert serving.running.report([("format", "nothing")]).status in (400, 503)
