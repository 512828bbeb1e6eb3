from __future__ import annotations

from pathlib import Path

from exporter.notify import Counts
from exporter.spec import load_text
from winburn.push import pushers

SPEC = """\
alerting: {alertmanager: ["http://a:9093", "http://me:hunter2@b:9093/am/", "http://a:9093"], push: PUSH}
"""
GRAFANA = 'live: {grafana: {url: "http://g:3000", token_file: /run/secrets/grafana}}\n'


def targets(text: str) -> set[str]:
    counts = Counts()
    pushers(load_text(text, folder=Path("/etc/w")), lambda _experiment, _variant: None, counts)
    return {dict(sample.labels)["target"] for sample in counts.samples()}


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
