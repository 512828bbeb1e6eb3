"""Against a fake Grafana: see its module."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.contract import sample
from exporter.notify.grafana import GrafanaTarget
from exporter.notify.pusher import Counts, Pushed, Pusher, PushError
from exporter.snapshot import Snapshot
from tests.exporter.notify.fake_grafana import FakeGrafana, listening
from tests.exporter.notify.snapshots import snapshot
from tests.waiting import until


@pytest.fixture
def fake() -> Iterator[FakeGrafana]:
    with listening() as running:
        yield running


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second is little on a busy machine."""
    monkeypatch.setattr("exporter.notify.grafana._TIMEOUT", 60.0)


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("glsa_right\n")
    return path


def statuses(count: int) -> Snapshot:
    return snapshot([sample("slo_status", i % 4, slo=f"slo, number={i}") for i in range(count)])


def test_a_push_has_every_row_and_one_time(fake: FakeGrafana, token: Path) -> None:
    target = GrafanaTarget(f"{fake.url}/grafana/", str(token))
    assert target.push(statuses(50)) == Pushed(sent=True)
    assert target.push(statuses(49)) == Pushed(sent=True)
    first, second = fake.wait(2)
    assert [point.tags["slo"] for point in first] == sorted(f"slo, number={i}" for i in range(50))
    assert len(second) == 49
    assert len({point.nanoseconds for point in first}) == 1
    assert second[0].nanoseconds - first[0].nanoseconds >= 1_000_000


def test_two_pushes_never_have_one_millisecond(fake: FakeGrafana, token: Path) -> None:
    now = time.time()
    target = GrafanaTarget(f"{fake.url}/grafana", str(token), clock=lambda: now)
    for _ in range(3):
        target.push(statuses(1))
    times = [points[0].nanoseconds for points in fake.wait(3)]
    assert [time - times[0] for time in times] == [0, 1_000_000, 2_000_000]


def test_a_clock_that_is_put_right_is_believed(fake: FakeGrafana, token: Path) -> None:
    begin = int(time.time())
    now = [begin + 40, begin, begin + 15]
    clock = iter(map(float, now))
    target = GrafanaTarget(f"{fake.url}/grafana", str(token), clock=lambda: next(clock))
    for _ in now:
        target.push(statuses(1))
    assert [points[0].nanoseconds for points in fake.wait(3)] == [at * 1_000_000_000 for at in now]


def test_an_empty_snapshot_is_not_pushed(fake: FakeGrafana, token: Path) -> None:
    assert GrafanaTarget(f"{fake.url}/grafana", str(token)).push(snapshot([])) == Pushed(sent=False)
    assert fake.statuses == []


def test_a_rotated_token_is_used_at_once(fake: FakeGrafana, token: Path) -> None:
    target = GrafanaTarget(f"{fake.url}/grafana", str(token))
    target.push(statuses(1))
    fake.token = "glsa_new"
    with pytest.raises(PushError, match=r"refused the credentials \(HTTP 401\)") as refused:
        target.push(statuses(1))
    assert "glsa" not in str(refused.value)
    token.write_text("glsa_new")
    target.push(statuses(1))
    assert fake.statuses == [200, 401, 200]


@pytest.mark.parametrize(
    ("path", "said"), [("", r"no such page \(HTTP 404\)"), ("/grafana", "the secret's file .* cannot be read")]
)
def test_what_is_wrong_is_said(fake: FakeGrafana, tmp_path: Path, path: str, said: str) -> None:
    token = tmp_path / "token"
    if not path:
        token.write_text("glsa_right")
    with pytest.raises(PushError, match=said):
        GrafanaTarget(fake.url + path, str(token)).push(statuses(1))


def test_the_name_of_the_target_and_its_errors_hold_no_password(token: Path) -> None:
    target = GrafanaTarget("http://me:hunter2@127.0.0.1:9/grafana", str(token))
    assert target.name == "grafana/127.0.0.1:9/grafana"
    with pytest.raises(PushError, match="does not answer: connection refused") as refused:
        target.push(statuses(1))
    assert "hunter2" not in str(refused.value)


def test_a_grafana_that_hangs_delays_nobody_and_gets_the_latest(
    fake: FakeGrafana, token: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.notify.grafana._TIMEOUT", 1.0)
    counts = Counts()
    pusher = Pusher(GrafanaTarget(f"{fake.url}/grafana", str(token)), counts)
    fake.hang.set()
    with caplog.at_level(logging.INFO, "winburn.push"):
        for number in range(1, 101):
            pusher.publish(statuses(number))
        until(lambda: "gave no answer within 1 s" in caplog.text)
        fake.hang.clear()
        # The latest need not be the last that arrives: pushes that nobody waits for any more are taken too.
        until(lambda: "answers again" in caplog.text and 100 in map(len, fake.pushes))
    pusher.close(60)
    results = {dict(one.labels)["result"]: one.value for one in counts.samples()}
    assert results["failed"] >= 1
    assert results["ok"] in {1, 2}, "the one under way, and the latest"
    # All but those that were tried; on a busy machine these are more than the first and the last.
    assert results["replaced"] >= 100 - results["failed"] - results["ok"]
