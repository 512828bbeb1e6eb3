"""Twenty minutes as in production: a real Prometheus each second, counters and counts that move, many live clients, a
reload each minute, two restarts (SIGTERM and SIGKILL), and three SLOs that burn and must page.

``python -m benchmarks.soak --for 20m`` prints failed scrapes, memory at the minute marks and its slope, pages, and what
live clients missed; the exit code is 1 where a scrape failed, a page was missed or doubled, or a client missed a delta.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import linear_regression
from typing import Any

import requests

from alert_rules import ALERTMANAGER_FILE, RULES_FILE, generate
from benchmarks.live import _resident
from benchmarks.soak_watchers import Watchers
from benchmarks.soak_world import Counters, moving_counts, spec_text, webhook
from exporter.spec import load
from winburn.processes import (
    LOOPBACK,
    Group,
    Process,
    free_ports,
    start,
    start_alertmanager,
    start_prometheus,
    wait_http,
)
from winburn.servers import Servers, cache_folder, fetch

BURNS = {0: 0.15, 1: 0.5, 2: 0.75}
"""SLO -> the part of the time after which it burns; the second one burns while the exporter is dead."""
PAGE_SECONDS = 60
WARM_SECONDS = 120
"""Memory of the first two minutes of a process is not its slope."""

_TERMINATED, _KILLED, _BROKEN = 0.3, 0.5, 0.6
_ORDINARY = ("level=info", "tier trickle is left out", "links.runbooks: not set")
_PROMETHEUS = """\
global: {{scrape_interval: 1s, evaluation_interval: {evaluation}s}}
rule_files: ['{rules}']
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{pager}']}}]}}]}}
scrape_configs:
  - {{job_name: shop, static_configs: [{{targets: ['{shop}']}}]}}
  - {{job_name: winburn, static_configs: [{{targets: ['{exporter}']}}]}}
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything, and for how many seconds."""

    seconds: float
    slos: int
    experiments: int
    clients: int
    refresh: int


@dataclass(slots=True)
class Soak:
    """What runs, and what was noted so far. ``downs`` are from an order to end until scrapes are answered again."""

    servers: Servers
    size: Size
    folder: Path
    group: Group
    ports: list[int]
    counters: Counters
    began: float = 0.0
    exporter: Process | None = None
    down: bool = False
    downs: list[tuple[float, float]] = field(default_factory=list)
    memory: list[tuple[int, float, float, int]] = field(default_factory=list)
    reloads: int = 0
    hook: str = ""

    def url(self, port: int) -> str:
        return f"http://{LOOPBACK}:{port}"

    def say(self, text: str) -> None:
        """With the minutes since the start."""
        print(f"{(time.time() - self.began) / 60:5.1f} min  {text}", flush=True)

    def write(self, more: int = 0, *, broken: bool = False) -> None:
        """The spec, with so many experiments more."""
        size = self.size
        text = spec_text(self.url(self.ports[2]), self.hook, size.slos, size.experiments + more, size.refresh)
        (self.folder / "new.yml").write_text(text + ("slos: 3\n" if broken else ""))
        (self.folder / "new.yml").replace(self.folder / "winburn.yml")

    def begin_servers(self, shop: int) -> None:
        """All but the exporter."""
        exporter, pager, prometheus = self.ports
        self.write()
        files = generate(load(self.folder / "winburn.yml"))
        for name, text in files.items():
            (self.folder / name).write_text(text)
        self._blocks(f"{LOOPBACK}:{shop}")
        running = start_alertmanager(self.servers, self.folder, files[ALERTMANAGER_FILE], pager, self.log("pager"))
        wait_http(f"{self.url(pager)}/-/ready", 60, self.group.add(running))
        config = _PROMETHEUS.format(
            rules=self.folder / RULES_FILE,
            evaluation=self.size.refresh,
            pager=f"{LOOPBACK}:{pager}",
            shop=f"{LOOPBACK}:{shop}",
            exporter=f"{LOOPBACK}:{exporter}",
        )
        running = start_prometheus(self.servers, self.folder, config, prometheus, self.log("prometheus"))
        wait_http(f"{self.url(prometheus)}/-/ready", 120, self.group.add(running))

    def log(self, name: str) -> Path:
        """Where a server writes."""
        return self.folder / f"{name}.log"

    def start_exporter(self) -> None:
        """Returns as soon as a scrape is answered."""
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "winburn",
            "serve",
            "--config.file",
            self.folder / "winburn.yml",
        ]
        command += ["--web.listen-address", f"{LOOPBACK}:{self.ports[0]}"]
        self.exporter = self.group.add(start(command, self.log("exporter"), env=os.environ))
        wait_http(f"{self.url(self.ports[0])}/metrics", 120, self.exporter)

    def restart(self, number: signal.Signals, meanwhile: Callable[[], None]) -> None:
        """End the exporter by a signal, and start it again."""
        assert self.exporter is not None
        self.down, since = True, time.time()
        self.exporter.popen.send_signal(number)
        status = self.exporter.popen.wait(30)
        meanwhile()
        self.start_exporter()
        self.downs.append((since, time.time()))
        self.say(f"{number.name}: ended with {status}, scrapes are answered after {time.time() - since:.1f} s")
        time.sleep(2)
        self.down = False

    def reload(self) -> None:
        """By SIGHUP; each time an experiment comes or goes."""
        assert self.exporter is not None
        self.reloads += 1
        self.write(self.reloads % 2)
        self.exporter.popen.send_signal(signal.SIGHUP)

    def break_spec(self) -> None:
        """A broken spec must leave all as it is."""
        self.write(broken=True)
        answer = requests.post(f"{self.url(self.ports[0])}/-/reload", timeout=60)
        self.say(f"reload of a broken spec: HTTP {answer.status_code}")
        self.write(self.reloads % 2)

    def remember(self) -> None:
        """Memory and descriptors of the process of now."""
        assert self.exporter is not None
        pid = self.exporter.popen.pid
        open_files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        self.memory.append((pid, time.time(), _resident(pid), open_files))
        self.say(f"{self.memory[-1][2]:.0f} MB, {open_files} descriptors, load {os.getloadavg()[0]:.0f}")

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What Prometheus answers."""
        answer = requests.get(f"{self.url(self.ports[2])}/api/v1/query", {"query": expression}, timeout=60)
        return list(answer.json()["data"]["result"])

    def _blocks(self, instance: str) -> None:
        past = self.counters.past(self.folder / "past.txt", instance)
        words: list[str | Path] = [
            self.servers.need("promtool"),
            "tsdb",
            "create-blocks-from",
            "openmetrics",
            past,
            self.folder / "data",
        ]
        made = start(words, self.log("blocks"))
        if made.popen.wait(300):
            raise RuntimeError(made.tail())


@contextmanager
def world(servers: Servers, size: Size) -> Iterator[tuple[Soak, dict[str, list[tuple[float, str]]]]]:
    """Everything started and measured once; SLO -> when which status of its page arrived."""
    with tempfile.TemporaryDirectory(prefix="winburn-soak-") as name, Group() as group, webhook() as (hook, arrived):
        folder, counters = Path(name), Counters(size.slos)
        soak = Soak(servers, size, folder, group, free_ports(3), counters, time.time(), hook=hook)
        with counters.served() as shop, moving_counts(folder / "shop.db", size.experiments + 1):
            soak.begin_servers(shop)
            soak.start_exporter()
            assert soak.exporter is not None
            wait_http(f"{soak.url(soak.ports[0])}/-/ready", 600, soak.exporter)
            yield soak, arrived
            if problems := [
                line
                for line in soak.log("exporter").read_text().splitlines()
                if not any(word in line for word in _ORDINARY)
            ]:
                print("\n".join(["", "log, without what is only told:", *problems[-40:]]))


def run(soak: Soak) -> Watchers:
    """The acts, at their times, until the time is over."""
    soak.began = began = time.time()
    length = soak.size.seconds
    watchers = Watchers(soak.ports[0], soak.size.clients, lambda: soak.down)

    def burn(slo: int) -> None:
        soak.counters.burn(slo)
        soak.say(f"slo-{slo:04d} burns")

    acts: list[tuple[float, Callable[[], None]]] = [
        (BURNS[0] * length, lambda: burn(0)),
        (_TERMINATED * length, lambda: soak.restart(signal.SIGTERM, lambda: None)),
        (_KILLED * length, lambda: soak.restart(signal.SIGKILL, lambda: burn(1))),
        (_BROKEN * length, soak.break_spec),
        (BURNS[2] * length, lambda: burn(2)),
    ]
    acts += [(60.0 * minute + 30, soak.reload) for minute in range(int(length // 60))]
    acts += [(60.0 * minute, soak.remember) for minute in range(1, int(length // 60) + 1)]
    for at, act in sorted(acts, key=lambda pair: pair[0]):
        time.sleep(max(0.0, began + at - time.time()))
        act()
    time.sleep(max(0.0, began + length - time.time()))
    return watchers


def judge(soak: Soak, arrived: dict[str, list[tuple[float, str]]], watchers: Watchers) -> bool:
    """Print what was found; whether all of it is as it must be."""
    seen, length = watchers.seen, time.time() - soak.began
    failed, missing, scrapes = _scrapes(soak, length)
    print(f"\n{soak.size}; {soak.reloads} reloads by SIGHUP and one of a broken spec, 2 restarts")
    downs = ", ".join(f"{end - since:.1f} s" for since, end in soak.downs)
    print(f"scrapes: {scrapes}, failed {len(failed)}, left out {len(missing)}; besides, down by order for {downs}")
    took = {at: float(seconds) for at, seconds in _samples(soak, "scrape_duration_seconds", length)}
    for what, instants in (("failed", failed), ("left out after", missing)):
        for at in instants:
            print(f"  {what}: minute {(at - soak.began) / 60:.2f}, {took[at]:.3f} s")
    print(f"slowest scrape: {max(took.values()):.3f} s")
    _memory(soak)
    # Nobody can page while the exporter is down by order.
    ups = {slo: [end for since, end in soak.downs if since <= at <= end] for slo, at in soak.counters.burning.items()}
    burnt = {f"slo-{slo:04d}": max([at, *ups[slo]]) for slo, at in soak.counters.burning.items()}
    pages = {slo: arrived.get(slo, []) for slo in burnt}
    for slo, since in burnt.items():
        print(f"page of {slo}: " + (", ".join(f"{what} after {at - since:.1f} s" for at, what in pages[slo]) or "NONE"))
    others = sorted(arrived.keys() - burnt.keys())
    print(f"pages of SLOs that do not burn: {others or 'none'}")
    print(f"live clients: {seen.deltas} deltas, missed {seen.missed}, {seen.wrong} of {seen.compared} documents wrong")
    print(
        f"  {seen.snapshots} wholes, {seen.resumed} resumed, {seen.ended} ended ({seen.ended_unordered} of them not by "
        f"order), {seen.silent} silent for a minute, {seen.refused} refused"
    )
    paged = all(
        len(got) == 1 and got[0][1] == "firing" and got[0][0] - burnt[slo] < PAGE_SECONDS for slo, got in pages.items()
    )
    return paged and not (failed or others or seen.missed or seen.wrong or not seen.compared)


def _scrapes(soak: Soak, length: float) -> tuple[list[float], list[float], int]:
    """Outside the ordered downs: instants of failed scrapes, and of those that took so long, with what Prometheus does
    with their samples, that the next was never made, which is no failure of ours; and the number of all."""
    instants = _samples(soak, "up", length)

    def ordered(at: float) -> bool:
        return any(since - 1 <= at <= end + 1 for since, end in soak.downs)

    gaps = [a for (a, _), (b, _) in pairwise(instants) if not ordered(b) for _ in range(round(b - a) - 1)]
    return [at for at, value in instants if value != "1" and not ordered(at)], gaps, len(instants)


def _samples(soak: Soak, name: str, length: float) -> list[tuple[float, str]]:
    (series,) = soak.query(f'{name}{{job="winburn"}}[{length:.0f}s]')
    return [(float(at), value) for at, value in series["values"]]


def _memory(soak: Soak) -> None:
    print("memory, MB: " + " ".join(f"{megabytes:.0f}" for _, _, megabytes, _ in soak.memory))
    for pid in dict.fromkeys(pid for pid, *_ in soak.memory):
        marks = [(at, megabytes) for one, at, megabytes, _ in soak.memory if one == pid]
        late = [mark for mark in marks if mark[0] - marks[0][0] >= WARM_SECONDS - 60]
        if len(late) > 1:
            slope = linear_regression(*zip(*late, strict=True)).slope * 60
            print(f"  a process of {len(marks)} minutes: {slope:+.2f} MB a minute after the first two")


def _seconds(text: str) -> float:
    return float(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


def main() -> int:
    """Run one soak."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--for", type=_seconds, default=1200.0, dest="seconds", metavar="20m")
    for name, number in (("slos", 1000), ("experiments", 1000), ("clients", 500), ("refresh", 15)):
        parser.add_argument(f"--{name}", type=int, default=number)
    size = Size(**vars(parser.parse_args()))
    servers = fetch(cache_folder(os.environ), os.environ, lambda line: print(line, file=sys.stderr))
    with world(servers, size) as (soak, arrived):
        watchers = run(soak)
        watchers.close()
        good = judge(soak, arrived, watchers)
    print("good" if good else "NOT good")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
