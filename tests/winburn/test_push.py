from __future__ import annotations

from pathlib import Path

from exporter.spec import load_text
from winburn.push import Push

SPEC = """\
alerting: {alertmanager: ["http://a:9093", "http://me:hunter2@b:9093/am/", "http://a:9093"], push: PUSH}
"""
GRAFANA = 'live: {grafana: {url: "http://g:3000", token_file: /run/secrets/grafana}}\n'


def targets(text: str) -> set[str]:
    push = Push(lambda _experiment, _variant: None)
    push.follow(load_text(text, folder=Path("/etc/w")))
    return {dict(sample.labels)["target"] for sample in push.counts.samples()}


def test_it_is_off_unless_it_is_asked_for() -> None:
    assert targets(SPEC.replace("PUSH", "false")) == set()


def test_each_alertmanager_and_grafana_is_a_target_once() -> None:
    assert targets(SPEC.replace("PUSH", "true") + GRAFANA) == {
        "alertmanager/a:9093",
        "alertmanager/b:9093/am",
        "grafana/g:3000",
    }


def test_grafana_alone_is_enough() -> None:
    assert targets(GRAFANA) == {"grafana/g:3000"}


def test_who_is_told_as_before_goes_on_and_who_is_not_named_any_more_is_forgotten() -> None:
    push = Push(lambda _experiment, _variant: None)
    push.follow(load_text(SPEC.replace("PUSH", "true") + GRAFANA, folder=Path("/etc/w")))
    before = push.pushers
    push.follow(load_text(SPEC.replace("PUSH", "true").replace("b:9093", "c:9093"), folder=Path("/etc/w")))
    assert [pusher.name for pusher in push.pushers] == ["alertmanager/a:9093", "alertmanager/c:9093/am"]
    assert push.pushers[0] is before[0]
    told = {dict(sample.labels)["target"] for sample in push.counts.samples()}
    assert told == {"alertmanager/a:9093", "alertmanager/c:9093/am"}
