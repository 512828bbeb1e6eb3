"""Reloads of a real `winburn serve` under a real Prometheus at one second: no failed scrape, no gap, nothing lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from tests.e2e import scrapes
from tests.e2e.conftest import Running
from tests.e2e.exporter import Exporter, Scrape, serve
from tests.exporter.live.ws_client import connected
from winburn.processes import LOOPBACK, Group, free_port

SCRAPE = """\
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: prometheus
    static_configs: [{{targets: ["{self}"]}}]
  - job_name: winburn
    static_configs: [{{targets: ["{winburn}"]}}]
"""
SPEC = """\
refresh: 1s
lag: 1s
sources:
  prod: {{type: prometheus, url: "{prometheus}"}}
  csv: {{type: file, path: {csv}.csv}}
slos:
  - name: stays
    service: prometheus
    objective: 99
    period: 1d
    sli: {{source: prod, total: prometheus_http_requests_total, bad: 'prometheus_http_requests_total{{code=~"5.."}}'}}
  - name: changes
    service: prometheus
    objective: {objective}
    period: 1d
    sli: {{source: prod, total: prometheus_http_requests_total, bad: 'prometheus_http_requests_total{{code=~"5.."}}'}}
  - name: both
    service: prometheus
    objective: 99
    period: 1d
    sli: {{composite: [{{slo: stays}}, {{slo: changes}}]}}
{more}experiments:
  - name: buttons
    control: a
    variants: {{a: 0.5, b: 0.5}}
    metrics: [{{name: conversion, kind: proportion, source: csv, csv: {{}}}}]
alerting: {{alertmanager: {alertmanagers}}}
state: {{url: "sqlite:///winburn.db"}}
"""
MORE = """\
  - name: comes
    service: prometheus
    objective: 99
    period: 1d
    sli: {source: prod, total: prometheus_http_requests_total, bad: 'prometheus_http_requests_total{code=~"4.."}'}
"""
RELOADS = 20


def text(prometheus: str, **changes: object) -> str:
    given = {"prometheus": prometheus, "csv": "counts", "objective": 99, "more": "", "alertmanagers": "[]", **changes}
    return SPEC.format(**given)


@dataclass(frozen=True, slots=True)
class Version:
    """A spec's text; the objective of "changes", and whether there is "comes"; None where the text is broken."""

    text: str
    objective: float | None = None
    comes: bool = False


def versions(prometheus: str) -> list[Version]:
    """What is written in turn; every second one is broken."""
    good = [
        Version(text(prometheus), 0.99),
        Version(text(prometheus, objective=99.5, more=MORE), 0.995, comes=True),
        Version(text(f"{prometheus}/", more=MORE), 0.99, comes=True),
        Version(text(prometheus, csv="others", alertmanagers='["http://127.0.0.1:1"]'), 0.99),
        Version(text(prometheus, objective=98), 0.98),
    ]
    broken = ["slos: [", text(prometheus, objective=101), text(prometheus, more="  - {name: stays}\n")]
    return [good[i // 2 % 5] if i % 2 else Version(broken[i // 2 % 3]) for i in range(RELOADS)]


class Watch(threading.Thread):
    """Scrapes all the time."""

    def __init__(self, exporter: Exporter) -> None:
        super().__init__(daemon=True)
        self.exporter, self.over = exporter, threading.Event()
        self.seen: list[Scrape] = []
        self.failures: list[str] = []

    def run(self) -> None:
        while not self.over.wait(0.1):
            try:
                self.seen.append(self.exporter.scrape())
            except requests.RequestException as error:
                self.failures.append(str(error))

    def values(self, name: str, **labels: str) -> list[float | None]:
        return [next(iter(scrape.values(name, **labels)), None) for scrape in self.seen]

    def shows(self, version: Version) -> bool:
        """Whether the newest scrape is of this version; of a broken one, whether it says that there is one."""
        if not self.seen:
            return False
        ok = self.seen[-1].values("winburn_config_last_reload_successful") == [1]
        if version.objective is None:
            return not ok
        changes, comes = (self.seen[-1].values("slo_objective_ratio", slo=name) for name in ("changes", "comes"))
        return ok and changes == [version.objective] and bool(comes) is version.comes


def usage(pid: int) -> tuple[int, int]:
    """Threads and open files."""
    return len([*Path(f"/proc/{pid}/task").iterdir()]), len([*Path(f"/proc/{pid}/fd").iterdir()])


def reload(exporter: Exporter, *, method: str = "POST", **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, f"{exporter.url}/-/reload", headers=headers, timeout=60)


def test_reloads_cost_no_scrape_no_gap_and_no_latch(
    prometheus: Callable[..., Running], group: Group, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    port, own = free_port(), free_port()
    server = prometheus(SCRAPE.format(self=f"{LOOPBACK}:{own}", winburn=f"{LOOPBACK}:{port}"), port=own)
    for name in ("counts", "others"):
        (tmp_path / f"{name}.csv").write_text("variant,n,successes\na,2000,200\nb,2000,20\n")
    spec = tmp_path / "winburn.yml"
    spec.write_text(text(server.url))
    exporter = serve(group, spec, port=port)
    wait_for(lambda: exporter.scrape().values("experiment_variant_early_kill", variant="b") == [1], 60)
    wait_for(lambda: len(exporter.scrape().values("slo_error_ratio", slo="both")) > 0, 60)
    wait_for(lambda: ask(server, 'up{job="winburn"}') == ["1"], 60)
    watch, began = Watch(exporter), time.time()
    with connected(urlsplit(exporter.url).port or 0, origin=exporter.url, timeout=60, life=600) as client:
        client.until("snapshot")
        watch.start()
        before = usage(exporter.process.popen.pid)
        for i, version in enumerate(versions(server.url)):
            spec.write_text(version.text)
            if i % 4 == 3:
                os.kill(exporter.process.popen.pid, signal.SIGHUP)
            else:
                answer = reload(exporter, method="PUT" if i % 4 == 1 else "POST")
                assert answer.status_code == (200 if i % 2 else 500), answer.text
            wait_for(lambda version=version: watch.shows(version), 60)
            time.sleep(0.3)
        assert client.until("delta")["seq"] > 0
        # A few of the server's own threads begin with the first requests for a page; lines that were left end soon.
        wait_for(
            lambda: all(now <= then + 6 for now, then in zip(usage(exporter.process.popen.pid), before, strict=True)),
            60,
        )
    watch.over.set()
    watch.join(60)
    assert watch.failures == []
    for labels in ({"slo": "stays"}, {"slo": "both"}, {"slo": "changes"}):
        events = watch.values("slo_events", window="period", **labels)
        assert None not in events, labels
        assert events == sorted(events, key=float), labels  # type: ignore[arg-type]
    assert set(watch.values("experiment_variant_early_kill", variant="b")) == {1.0}
    assert set(watch.values("winburn_config_last_reload_successful")) == {0.0, 1.0}
    assert set(watch.values("slo_objective_ratio", slo="comes")) == {None, 0.99}
    good, failed = scrapes.since(server.url, "winburn", began)
    assert good > 0
    assert failed == []
    seconds = round(time.time() - began)
    assert float(ask(server, f'resets(slo_events{{slo="stays",window="period"}}[{seconds}s])')[0]) == 0
    assert "Traceback" not in exporter.process.log.read_text()


def ask(server: Running, query: str) -> list[str]:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{server.url}/api/v1/query", params={"query": query}, timeout=60).json()
    return [each["value"][1] for each in answer["data"]["result"]]


def test_answers_say_what_is_wrong_and_what_needs_a_restart(group: Group, tmp_path: Path) -> None:
    folder = tmp_path / "specs"
    folder.mkdir()
    (tmp_path / "counts.csv").write_text("variant,n,successes\na,2000,200\nb,2000,200\n")
    experiment = """\
experiments:
  - name: NAME
    control: a
    variants: {a: 0.5, b: 0.5}
    metrics: [{name: conversion, kind: proportion, source: csv, csv: {}}]
"""
    (folder / "a.yml").write_text("refresh: 1s\nlag: 1s\nsources: {csv: {type: file, path: ../counts.csv}}\n")
    (folder / "b.yml").write_text(experiment.replace("NAME", "one"))
    exporter = serve(group, folder)
    assert exporter.get("/-/reload").status_code == 405
    assert reload(exporter, Origin="https://elsewhere.example").status_code == 403
    assert reload(exporter, Origin=exporter.url).status_code == 200
    (folder / "c.yml").write_text(experiment.replace("NAME", "two").replace("kind: prop", "knid: prop"))
    refused = reload(exporter)
    assert (refused.status_code, refused.headers["content-type"]) == (500, "text/plain; charset=utf-8")
    assert "c.yml:5" in refused.text
    assert "two" not in exporter.get("/config").text
    (folder / "c.yml").write_text(experiment.replace("NAME", "two") + 'state: {url: "sqlite:///elsewhere.db"}\n')
    good = reload(exporter)
    assert good.status_code == 200
    assert "state: the store cannot change" in good.text
    assert "two" in exporter.get("/config").text
    assert "elsewhere" not in exporter.get("/config").text
    (folder / "b.yml").unlink()
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(reload(exporter).status_code)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [200] * 8
    assert "one" not in exporter.get("/config").text
    log = [line["msg"] for line in exporter.log() if "not reloaded" in line["msg"]]
    assert len(log) == 1
