"""The rules of sharing an alert with Prometheus, each against the real Alertmanager; Prometheus' part is played by
requests like its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from exporter.contract import sample
from exporter.notify import AlertmanagerTarget, Counts, Pace, Pusher, watch
from exporter.snapshot import Snapshot, build, process_exposition, process_registry
from tests.alert_rules.example import experiment, spec
from tests.e2e.conftest import Running
from tests.e2e.webhook import Received, Webhook

SPEC = spec(experiments=[experiment("button", labels={"team": "growth"})])
ROUTES = """\
route: {{receiver: page, group_by: [alertname, experiment, variant], group_wait: 5m, group_interval: 1s}}
receivers: [{{name: page, webhook_configs: [{{url: "{url}"}}]}}]
"""
PACE = Pace(look=0.4, lease=30, hold=1.5, settle=0.1)
RARE_LOOKS = Pace(look=3, lease=7, hold=1.5, settle=0.1)
"""For what must be done in time: what both said ends with the longer lease; we take it over one or two looks before."""
NAME = "ExperimentEarlyKill"
LABELS = {"alertname": NAME, "severity": "page", "experiment": "button", "variant": "green", "team": "growth"}


def snapshot(killed: float, *, running: float = 1) -> Snapshot:
    samples = [
        sample("experiment_variant_early_kill", killed, experiment="button", variant="green"),
        sample("experiment_status", running, experiment="button", status="running"),
    ]
    own = process_exposition(process_registry())
    return build(samples, own=own, at=time.time(), expires=time.monotonic() + 600)


class Target(AlertmanagerTarget):
    """Counts the looks that are over."""

    looks = 0

    def _look(self) -> bool:
        done = super()._look()
        self.looks += 1
        return done

    @property
    def idle(self) -> bool:
        """Whether there is no alert left to look after."""
        return self._leases.wait(0) is None


@dataclass(slots=True)
class Bench:
    """An Alertmanager, a pusher, and a hand that does what Prometheus would."""

    pager: Running
    webhook: Webhook
    target: Target
    pusher: Pusher
    killed: float
    session: requests.Session = field(default_factory=requests.Session)

    def alerts(self) -> list[dict[str, Any]]:
        return list(self.session.get(f"{self.pager.url}/api/v2/alerts", timeout=60).json())

    def prometheus(self, *, ends_in: float, **more: str) -> None:
        """What Prometheus sends when its rule fires, or has ended (0)."""
        now = datetime.now(UTC)
        body = {
            "labels": {**LABELS, **more},
            "annotations": {"summary": "of Prometheus"},
            "generatorURL": "http://prometheus.example/graph?g0.expr=x",
            "startsAt": (now - timedelta(seconds=1)).isoformat(),
            "endsAt": (now + timedelta(seconds=ends_in)).isoformat(),
        }
        answer = self.session.post(f"{self.pager.url}/api/v2/alerts", json=[body], timeout=60)
        assert answer.status_code == 200, answer.text

    def confirm(self) -> None:
        """Fire as Prometheus until it is the last who wrote: it sends again too, where our lease came between."""
        for _ in range(10):
            self.prometheus(ends_in=300)
            self.look(2)  # one may have begun before
            if self.by_prometheus():
                return
        raise AssertionError("our lease comes between each time")

    def by_prometheus(self) -> bool:
        return bool(self.alerts()[0]["generatorURL"].startswith("http://prometheus."))

    def look(self, times: int) -> None:
        """Wait until the exporter has looked again so many times."""
        until = self.target.looks + times
        self.wait(lambda: self.target.looks >= until)

    def wait(self, predicate: Callable[[], object]) -> None:
        end = time.monotonic() + 60
        while not predicate():
            assert time.monotonic() < end, "not within 60 s"
            time.sleep(0.02)

    def pages(self, status: str = "firing") -> list[Received]:
        return [one for one in self.webhook.received if one.payload["status"] == status]


@pytest.fixture
def pace() -> Pace:
    return PACE


@pytest.fixture
def bench(alertmanager: Callable[[str], Running], webhook: Webhook, pace: Pace) -> Iterator[Bench]:
    pager, killed = alertmanager(ROUTES.format(url=webhook.url)), time.time() - 301
    target = Target(pager.url, watch(SPEC, lambda _e, _v: killed), pace=pace)
    pusher = Pusher(target, Counts())
    with requests.Session() as session:
        session.trust_env = False
        yield Bench(pager, webhook, target, pusher, killed, session)
    pusher.close(5)


def test_the_start_is_the_kills_own_so_group_wait_is_over(bench: Bench) -> None:
    began = time.time()
    bench.pusher.publish(snapshot(1))
    (page,) = bench.webhook.wait_for(lambda got: got, 60)
    print(f"snapshot to page {page.at - began:.3f} s, with a group_wait of 5 m")
    (alert,) = bench.alerts()
    assert alert["labels"] == LABELS
    assert datetime.fromisoformat(alert["startsAt"]).timestamp() == pytest.approx(bench.killed, abs=0.01)


def test_prometheus_confirms_and_ends_it_without_a_second_page(bench: Bench) -> None:  # points 1, 3 and 5
    bench.pusher.publish(snapshot(1))
    bench.webhook.wait_for(lambda got: got, 60)
    bench.confirm()
    bench.look(3)
    (alert,) = bench.alerts()
    assert alert["annotations"] == {"summary": "of Prometheus"}  # the one that carries it is left to write
    assert datetime.fromisoformat(alert["startsAt"]).timestamp() == pytest.approx(bench.killed, abs=0.01)

    bench.prometheus(ends_in=0)
    bench.webhook.wait_for(lambda _: bench.pages("resolved"), 60)
    bench.pusher.publish(snapshot(1))
    bench.look(3)
    time.sleep(2)  # a flush of the group
    assert bench.alerts() == []
    assert len(bench.pages()) == 1


def test_an_alert_with_more_labels_is_another_one(bench: Bench) -> None:  # point 2: why the rules are aggregated
    bench.pusher.publish(snapshot(1))
    bench.webhook.wait_for(lambda got: got, 60)
    bench.prometheus(ends_in=30, instance="127.0.0.1:10345")
    assert len(bench.alerts()) == 2


def test_what_prometheus_never_confirmed_is_ended(bench: Bench) -> None:  # point 4
    bench.pusher.publish(snapshot(1))
    bench.webhook.wait_for(lambda got: got, 60)
    began = time.monotonic()
    bench.pusher.publish(snapshot(1, running=0))
    bench.webhook.wait_for(lambda _: bench.pages("resolved"), 60)
    assert PACE.hold < time.monotonic() - began < PACE.lease
    assert len(bench.pages()) == 1


def test_what_prometheus_still_carries_is_not_ended(bench: Bench) -> None:
    bench.pusher.publish(snapshot(1))
    bench.webhook.wait_for(lambda got: got, 60)
    bench.confirm()
    bench.pusher.publish(snapshot(1, running=0))  # Prometheus has not noticed yet
    bench.wait(lambda: bench.target.idle)
    time.sleep(1.5)  # a flush of the group
    assert len(bench.alerts()) == 1
    assert bench.pages("resolved") == []


@pytest.mark.parametrize("pace", [RARE_LOOKS])
def test_where_prometheus_dies_the_lease_is_ours_again(bench: Bench) -> None:
    bench.pusher.publish(snapshot(1))
    bench.webhook.wait_for(lambda got: got, 60)
    end = time.monotonic() + RARE_LOOKS.lease
    bench.prometheus(ends_in=RARE_LOOKS.lease)
    bench.wait(lambda: not bench.by_prometheus())
    time.sleep(max(0.0, end - time.monotonic()) + 2)  # a flush of the group, had it ended
    assert len(bench.alerts()) == 1
    assert len(bench.webhook.received) == 1


def test_each_kill_is_a_page_of_its_own_at_once(bench: Bench) -> None:  # point 6, by the generated routes' group_by
    bench.pusher.publish(snapshot(1))
    bench.webhook.wait_for(lambda got: got, 60)
    second = snapshot(1)
    more = sample("experiment_variant_early_kill", 1, experiment="button", variant="red")
    own = process_exposition(process_registry())
    samples = [*second.samples, more]
    bench.pusher.publish(build(samples, own=own, at=second.at, expires=second.expires))
    got = bench.webhook.wait_for(lambda got: len(got) >= 2, 60)
    assert got[1].payload["groupLabels"]["variant"] == "red"
