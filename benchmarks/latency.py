"""From a commit in a database to a watcher: through `winburn serve` to the snapshot, to WebSocket clients, to pixels.

By hand: ``python -m benchmarks.latency``; needs PostgreSQL's programs and Chromium for their rows. Clients and browser
share the machine with the server and take part in what is measured.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

import requests

from benchmarks.live import _connected, _frame, _resident
from benchmarks.result import Result, table
from winburn.processes import LOOPBACK, Group, free_port, start, wait_http

ROOT = Path(__file__).resolve().parents[1]
SQL = ROOT / "deploy" / "sql"
CLIENTS = (1, 100, 500)
COMMITS, EVERY = 40, 0.3
MEDIAN_MS, P99_MS, MEMORY_MB = 100.0, 1000.0, 130.0
VARIANTS = 30

SPEC = """\
refresh: 15s
lag: 2s
sources: {{shop: {{type: sql, url: "{url}"}}}}
engagement: {{source: shop}}
state: {{url: "sqlite:///{folder}/state.db"}}
"""
_MARK = "UPDATE variant_performance SET impressions = {number} WHERE variant_id = 'v0'"
_SEEN = re.compile(rb'"impressions":(\d+)')
_WATCH = """
window.seen = {};
new MutationObserver(() => {
  const rows = [...document.querySelectorAll("#variants-body tr")];
  const row = rows.find((each) => /^\\s*v0(?!\\d)/.test(each.textContent));
  const number = row && row.cells[3].textContent.replace(/[^0-9]/g, "");
  if (number && !(number in window.seen)) {
    window.seen[number] = 0;
    requestAnimationFrame(() => setTimeout(() => { window.seen[number] = Date.now() / 1000; }));
  }
}).observe(document.getElementById("variants-body"), {subtree: true, childList: true, characterData: true});
"""

Commit = Callable[[str], None]
Opened = Callable[[Path], AbstractContextManager[tuple[str, Commit]]]


def run() -> Iterator[Result]:
    """Each database, each number of clients; then a page in the browser."""
    for name, opened in (("SQLite", _sqlite), ("PostgreSQL", _postgresql)):
        for clients in CLIENTS:
            with _world(opened) as (_, pid, port, commit):
                times, memory = asyncio.run(_watched(pid, port, commit, clients))
                yield from _rows(f"{name}: commit to {clients} clients", times)
                yield from _buckets(f"{name}: commit to snapshot, {clients} clients", port)
            if clients == max(CLIENTS):
                what = f"{name}: resident, {clients} clients"
                yield Result(what, f"{memory:.1f} MB", "130 MB", MEMORY_MB / memory, 1.0)
        with _world(opened) as (folder, _, port, commit):
            yield from _rows(f"{name}: commit to pixels", _pixels(folder, port, commit))


def _rows(what: str, milliseconds: list[float]) -> Iterator[Result]:
    median, p99 = statistics.median(milliseconds), statistics.quantiles(milliseconds, n=100)[98]
    yield Result(f"{what}, median", f"{median:.0f} ms", "100 ms", MEDIAN_MS / median, 1.0)
    yield Result(f"{what}, p99", f"{p99:.0f} ms", "1000 ms", P99_MS / p99, 1.0)


def _buckets(what: str, port: int) -> Iterator[Result]:
    """Upper bounds of the histogram's buckets with the median and the 99th percentile."""
    text = _get(port, "/metrics")
    found = re.findall(r'winburn_event_latency_seconds_bucket\{le="([^"]+)"\} ([0-9.]+)', text)
    buckets = [(float(bound), float(count)) for bound, count in found]
    for name, share, bar in (("median", 0.5, MEDIAN_MS), ("p99", 0.99, P99_MS)):
        bound = 1000 * next(bound for bound, count in buckets if count >= share * buckets[-1][1])
        yield Result(f"{what}, {name}", f"<= {bound:.0f} ms", f"{bar:.0f} ms", bar / bound, 1.0)


async def _watched(pid: int, port: int, commit: Commit, clients: int) -> tuple[list[float], float]:
    """Milliseconds from each commit to each client, and the server's resident megabytes with them all."""
    committed: dict[int, float] = {}
    times: list[float] = []

    async def watch(ready: asyncio.Event) -> None:
        async with _connected(port) as reader:
            ready.set()
            known = 0
            while known < COMMITS:
                frame = await _frame(reader)
                found = _SEEN.search(frame) if frame.startswith(b'{"type":"delta"') else None
                if found is not None:
                    now, newest = time.time(), int(found[1]) - 1000
                    times.extend(1000 * (now - committed[number]) for number in range(known + 1, newest + 1))
                    known = max(known, newest)

    readies = [asyncio.Event() for _ in range(clients)]
    tasks = [asyncio.create_task(watch(ready)) for ready in readies]
    for ready in readies:
        await ready.wait()
    await asyncio.sleep(2)
    for number in range(1, COMMITS + 1):
        committed[number] = time.time()
        await asyncio.to_thread(commit, _MARK.format(number=1000 + number))
        await asyncio.sleep(EVERY)
    await asyncio.wait_for(asyncio.gather(*tasks), 60)
    return times, _resident(pid)


def _pixels(folder: Path, port: int, commit: Commit) -> list[float]:
    """Milliseconds from each commit to the frame in which a page of headless Chromium shows it."""
    from tests.e2e.browser import chromium  # noqa: PLC0415 - a helper of the tests, needed here only

    committed: dict[int, float] = {}
    with chromium(folder / "profile") as page:
        page.open(f"http://{LOOPBACK}:{port}/live", width=1440)
        page.wait("document.querySelectorAll('#variants-body tr').length > 1", 30)
        page.run(_WATCH)
        for number in range(1, COMMITS + 1):
            committed[number] = time.time()
            commit(_MARK.format(number=1000 + number))
            time.sleep(EVERY)
        time.sleep(2)
        seen = {int(number) - 1000: at for number, at in page.run("window.seen").items() if at}
    shown = sorted(seen)
    first = {number: min(each for each in shown if each >= number) for number in committed if number <= shown[-1]}
    if len(first) < COMMITS:
        raise RuntimeError(f"the page showed {len(first)} of {COMMITS} commits")
    return [1000 * (seen[first[number]] - at) for number, at in committed.items()]


def _get(port: int, path: str) -> str:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"http://{LOOPBACK}:{port}{path}", timeout=10).text


@contextmanager
def _world(opened: Opened) -> Iterator[tuple[Path, int, int, Commit]]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with opened(folder) as (url, commit), _served(folder, url) as (pid, port):
            yield folder, pid, port, commit


@contextmanager
def _served(folder: Path, url: str) -> Iterator[tuple[int, int]]:
    spec, port = folder / "winburn.yml", free_port()
    spec.write_text(SPEC.format(url=url, folder=folder), encoding="utf-8")
    command = [sys.executable, "-m", "winburn", "serve", "--config.file", str(spec)]
    command += ["--web.listen-address", f"{LOOPBACK}:{port}"]
    with Group() as group:
        process = group.add(start(command, folder / "log", env={**os.environ, "PYTHONPATH": str(ROOT)}))
        wait_http(f"http://{LOOPBACK}:{port}/-/ready", 60, process)
        yield process.popen.pid, port


def _fill() -> Iterator[str]:
    for number in range(VARIANTS):
        yield f"INSERT INTO variants (id, persona_id, predicted_er) VALUES ('v{number}', 'ann', 0.06)"
        yield (
            "INSERT INTO variant_performance (variant_id, impressions, successes) "
            f"VALUES ('v{number}', {1000 if number == 0 else 900}, 60)"
        )


@contextmanager
def _sqlite(folder: Path) -> Iterator[tuple[str, Commit]]:
    path = folder / "shop.db"

    def commit(statement: str) -> None:
        with closing(sqlite3.connect(path, timeout=10)) as connection, connection:
            connection.execute(statement)

    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript((SQL / "variants.sqlite.sql").read_text(encoding="utf-8"))
        connection.executescript(";".join(_fill()))
    yield f"sqlite:///{path}", commit


@contextmanager
def _postgresql(_folder: Path) -> Iterator[tuple[str, Commit]]:
    import psycopg  # noqa: PLC0415 - may not be installed

    programs = Path(shutil.which("initdb") or sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))[-1]).parent
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    port = free_port()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="winburn-bench-")))
        folder.chmod(0o777)

        def call(program: str, *arguments: str) -> None:
            command = [str(programs / program), "-D", str(folder / "data"), *arguments]
            subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

        call("initdb", "-A", "trust", "-U", "ann")
        call("pg_ctl", "-o", f"-p {port} -k {folder} -h 127.0.0.1", "-l", str(folder / "log"), "-w", "start")
        stack.callback(call, "pg_ctl", "-m", "immediate", "-w", "stop")
        address = f"postgresql://ann@127.0.0.1:{port}/postgres"
        connection = stack.enter_context(psycopg.connect(address, autocommit=True))
        for name in ("variants.postgresql.sql", "notify.postgresql.sql"):
            connection.execute((SQL / name).read_bytes())
        for statement in _fill():
            connection.execute(statement.encode())

        def commit(statement: str) -> None:
            connection.execute(statement.encode())

        yield address, commit


if __name__ == "__main__":
    print(table(list(run())))
