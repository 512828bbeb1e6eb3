"""A real `winburn serve` as a child of the test, and what it says."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from prometheus_client.parser import text_string_to_metric_families

from winburn.demo.shop import create
from winburn.demo.spec import Places, spec_text
from winburn.processes import LOOPBACK, Group, Process, free_port, start, wait_http

Series = tuple[str, tuple[tuple[str, str], ...]]


class Scrape(dict[Series, float]):
    """Name and sorted labels -> value."""

    def values(self, name: str, **labels: str) -> list[float]:  # type: ignore[override]
        """The values of a name's series that have these labels (among others)."""
        wanted = labels.items()
        return [value for (found, pairs), value in self.items() if found == name and wanted <= dict(pairs).items()]

    def names(self, **labels: str) -> set[str]:
        """The names of all series that have these labels."""
        return {found for found, pairs in self if labels.items() <= dict(pairs).items()}


@dataclass(frozen=True, slots=True)
class Exporter:
    """A running exporter: its address without slash at the end, and its process."""

    url: str
    process: Process

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        """An answer, whatever its status."""
        with requests.Session() as session:
            session.trust_env = False  # no proxy for loopback
            return session.get(f"{self.url}{path}", headers=dict(headers or {}), timeout=60)

    def scrape(self) -> Scrape:
        """What /metrics says now."""
        answer = self.get("/metrics")
        answer.raise_for_status()
        return parsed(answer.text)

    def log(self) -> list[dict[str, str]]:
        """The events that were logged so far; of one that is being written there may be a part."""
        lines = self.process.log.read_bytes().rpartition(b"\n")[0].decode().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def parsed(text: str) -> Scrape:
    """The series of a body in the text format."""
    return Scrape(
        ((sample.name, tuple(sorted(sample.labels.items()))), sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    )


@contextmanager
def serving_shop(folder: Path) -> Iterator[Exporter]:
    """The exporter over the demo's shop with eight days of the past, once it has something to say of content."""
    places = Places(folder / "winburn.yml", folder / "shop.db", folder / "state.db", "http://127.0.0.1:9")
    shop = create(places.database, 22, time.time(), days=8)
    shop.open(int(time.time()) + 1)
    shop.advance(time.time() + 300)
    places.spec.write_text(spec_text(places))
    with Group() as group:
        running = serve(group, places.spec)
        end = time.monotonic() + 60
        while not running.scrape().values("variant_kill_e_value") and time.monotonic() < end:
            time.sleep(0.5)  # views count against a post once they are old enough
        yield running
    shop.close()


def serve(group: Group, spec: Path, *, port: int | None = None, ready: bool = True) -> Exporter:
    """Start `winburn serve` for a spec; it is stopped with the group. Waits for /-/ready, or else for /-/healthy."""
    port = port or free_port()
    command = [sys.executable, "-m", "winburn", "serve", "--config.file", str(spec), "--log.format", "json"]
    command += ["--web.listen-address", f"{LOOPBACK}:{port}"]
    process = group.add(start(command, spec.with_suffix(f".{port}.log"), env=os.environ))
    url = f"http://{LOOPBACK}:{port}"
    wait_http(f"{url}/-/{'ready' if ready else 'healthy'}", 180, process)
    return Exporter(url, process)
