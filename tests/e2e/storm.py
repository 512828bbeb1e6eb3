"""A rehearsal on loopback: exporters, a Prometheus, Alertmanagers with the generated rules and routes, and a diary."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

import alert_rules
from alert_rules import native
from exporter.spec import load
from tests.e2e.storm_parts import CLOCK, SPEC, events, known
from tests.e2e.test_chain import PROMETHEUS, Shop, past
from tests.e2e.webhook import Received, Webhook
from winburn.processes import (
    LOOPBACK,
    Group,
    Process,
    free_port,
    free_ports,
    start,
    start_alertmanager,
    start_prometheus,
    wait_http,
)
from winburn.servers import Servers

RECORD_SECONDS = 5
"""The pace of the native records here; a minute, as they have it, would make the rehearsal many times as long."""

EVALUATED = "evaluated"


@dataclass(slots=True)
class Exporter:
    """A `winburn serve` with a clock of its own."""

    name: str
    port: int
    process: Process | None = None


@dataclass(slots=True)
class Pager:
    """One Alertmanager of a cluster."""

    port: int
    cluster: tuple[str, ...]
    process: Process | None = None


@dataclass(slots=True)
class Rehearsal:
    """All the servers. What is done to them is an act; acts and what arrives at the webhook make the diary."""

    servers: Servers
    group: Group
    webhook: Webhook
    shop: Shop
    folder: Path
    port: int = field(default_factory=free_port)
    exporters: list[Exporter] = field(default_factory=list)
    pagers: list[Pager] = field(default_factory=list)
    prometheus: Process | None = None
    objective: str = "99"
    more: str = ""
    acts: list[tuple[float, str]] = field(default_factory=list)

    def begin(self, exporters: int, pagers: int) -> None:
        """Start everything, and wait until a few quiet refreshes have been seen."""
        self.exporters = [Exporter("ab"[i], port) for i, port in enumerate(free_ports(exporters))]
        self.set_clock(0)
        events(self.folder / "shop.db", time.time() // 1 - 7200, 8400, 10, 0)
        self.write()
        ports = free_ports(2 * pagers)
        meet = [f"--cluster.peer={LOOPBACK}:{port}" for port in ports[pagers:]]
        quick = ("--cluster.peer-timeout=2s", "--cluster.gossip-interval=50ms", "--cluster.pushpull-interval=1s")
        for web, gossip in zip(ports[:pagers], ports[pagers:], strict=True):
            own = (f"--cluster.listen-address={LOOPBACK}:{gossip}", *quick, *meet)
            self.pagers.append(Pager(web, own if pagers > 1 else ("--cluster.listen-address=",)))
            self.start_pager(self.pagers[-1])
        data = self.folder / "data"
        blocks = past(self.folder / "past.txt", self.shop.port)
        known(blocks)
        made = start(
            [self.servers.need("promtool"), "tsdb", "create-blocks-from", "openmetrics", blocks, data],
            self.folder / "blocks.log",
        )
        assert made.popen.wait(120) == 0, made.tail()
        self.start_prometheus()
        for exporter in self.exporters:
            self.start_exporter(exporter)
        self.wait(lambda: self.query("slo_burn_rate{window='1h'}"), 60)
        time.sleep(3)

    def set_clock(self, ahead: float) -> None:
        """Step the exporters' clocks to the true time and so many seconds."""
        new = self.folder / "clock.new"
        new.write_text(f"{ahead}")
        new.replace(self.folder / "clock")

    def write(self) -> None:
        """Spec and rules anew."""
        for exporter in self.exporters:
            facts = {"objective": self.objective, "more": self.more, "name": exporter.name}
            address = f"http://{LOOPBACK}:{self.port}"
            text = SPEC.format(prometheus=address, webhook=self.webhook.url, **facts)
            (self.folder / f"{exporter.name}.yml").write_text(text)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(native, "RECORD_SECONDS", RECORD_SECONDS)
            files = alert_rules.generate(load(self.folder / "a.yml"))
        files[alert_rules.RULES_FILE] = _counted(files[alert_rules.RULES_FILE])
        for name, text in files.items():
            (self.folder / name).write_text(text.replace("group_interval: 1m", "group_interval: 5s"))

    def start_exporter(self, exporter: Exporter) -> None:
        command = [sys.executable, "-c", CLOCK, self.folder / "clock", "serve"]
        command += ["--config.file", self.folder / f"{exporter.name}.yml"]
        command += ["--web.listen-address", f"{LOOPBACK}:{exporter.port}"]
        log = self.folder / f"exporter-{exporter.name}.log"
        exporter.process = self.group.add(start(command, log, env=os.environ))

    def wait_exporters(self) -> None:
        """Until all have measured all."""
        for exporter in self.exporters:
            assert exporter.process is not None
            wait_http(f"http://{LOOPBACK}:{exporter.port}/-/ready", 60, exporter.process)

    def start_pager(self, pager: Pager) -> None:
        folder = self.folder / f"pager-{pager.port}"
        folder.mkdir(exist_ok=True)
        config = (self.folder / "alertmanager.yml").read_text().replace("winburn.tmpl", str(self.folder / "*.tmpl"))
        pager.process = self.group.add(
            start_alertmanager(self.servers, folder, config, pager.port, folder / "log", pager.cluster)
        )
        wait_http(f"http://{LOOPBACK}:{pager.port}/-/ready", 60, pager.process)

    def start_prometheus(self) -> None:
        one, *others = (exporter.port for exporter in self.exporters)
        targets = "".join(f', "{LOOPBACK}:{port}"' for port in others)
        pagers = f'{LOOPBACK}:{self.pagers[0].port}"' + "".join(
            f', "{LOOPBACK}:{pager.port}"' for pager in self.pagers[1:]
        )
        config = PROMETHEUS.format(
            rules=self.folder / alert_rules.RULES_FILE,
            shop=self.shop.port,
            alertmanager=pagers.removeprefix(f"{LOOPBACK}:").removesuffix('"'),
            exporter=f'{one}"{targets}'.removesuffix('"'),
        )
        # Sent again each 20 s, so that Alertmanager believes an alert for 80 s: a minute and four by default.
        more = ["--rules.alert.resend-delay=20s"]
        self.prometheus = self.group.add(
            start_prometheus(
                self.servers, self.folder, config, self.port, self.folder / "prometheus.log", extra_args=more
            )
        )
        wait_http(f"http://{LOOPBACK}:{self.port}/-/ready", 60, self.prometheus)

    def get(self, path: str, method: str = "get") -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, f"http://{LOOPBACK}:{self.port}{path}", timeout=60)

    def query(self, expr: str) -> list[dict[str, Any]]:
        with suppress(requests.RequestException, KeyError):
            answer = self.get(f"/api/v1/query?query={requests.utils.quote(expr)}").json()
            return list(answer["data"]["result"])
        return []

    def act(self, what: str) -> None:
        """Write into the diary what is done now."""
        self.acts.append((time.time(), what))

    def wait(self, predicate: Callable[[], object], timeout: float) -> None:
        end = time.monotonic() + timeout
        while not predicate():
            assert time.monotonic() < end, f"not within {timeout:g} s\n{self.diary()}"
            time.sleep(0.1)

    def pages(self, slo: str, status: str = "firing") -> list[Received]:
        """The messages that pages of the SLO made."""
        named = {"alertname": "SLOErrorBudgetBurn", "slo": slo}
        return [
            one
            for one in self.webhook.received
            if one.path.endswith("page")
            and named.items() <= one.payload["groupLabels"].items()
            and one.payload["status"] == status
        ]

    def firing(self, slo: str) -> dict[str, Any]:
        """The page's fast tier as Prometheus has it now; empty where it does not fire."""
        with suppress(requests.RequestException):
            labels = {"alertname": "SLOErrorBudgetBurn", "slo": slo, "tier": "fast"}
            for alert in self.get("/api/v1/alerts").json()["data"]["alerts"]:
                if labels.items() <= alert["labels"].items() and alert["state"] == "firing":
                    return dict(alert)
        return {}

    def fired_at(self, slo: str) -> list[float]:
        """The instants of all evaluations at which it fired."""
        series = f'ALERTS{{alertname="SLOErrorBudgetBurn",slo="{slo}",tier="fast",alertstate="firing"}}[10m]'
        return [float(at) for one in self.query(series) for at, _ in one["values"]]

    def evaluated_at(self, slo: str) -> list[float]:
        """The instants of all evaluations of its rules."""
        series = f'{EVALUATED}{{rules="winburn-slo-{slo}"}}[10m]'
        return [float(at) for one in self.query(series) for at, _ in one["values"]]

    def diary(self) -> str:
        """Acts and messages in their order, in seconds since the first act."""
        lines = [(at, f"| {what} |  ") for at, what in self.acts]
        for one in self.webhook.received:
            told = sorted({_name(alert) for alert in one.payload["alerts"]})
            lines.append((one.at, f"|  | {one.path.strip('/')}: {one.payload['status']} {', '.join(told)} "))
        zero = self.acts[0][0] if self.acts else 0
        rows = (f"| {at - zero:6.1f} {text}|" for at, text in sorted(lines))
        return "\n".join(["| s | done | arrived |", "|---|---|---|", *rows])


def _counted(rules: str) -> str:
    """The rules with one more at the head of each group, whose samples say when the group was evaluated."""
    document = yaml.safe_load(rules)
    for group in document["groups"]:
        mark = {"record": EVALUATED, "expr": "vector(1)", "labels": {"rules": group["name"]}}
        group["rules"].insert(0, mark)
    return yaml.safe_dump(document, sort_keys=False)


def _name(alert: dict[str, Any]) -> str:
    labels = alert["labels"]
    words = (labels.get(name) for name in ("alertname", "slo", "source", "tier"))
    return " ".join(word for word in words if word) + ("" if alert["status"] == "firing" else " (resolved)")
