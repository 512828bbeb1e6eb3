"""Spec, clock and blows of the rehearsal."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from winburn.processes import Process, stop

SPEC = """\
refresh: 1s
lag: 2s
max_age: 5s
sources:
  prod: {{type: prometheus, url: "{prometheus}", rules: true}}
  db: {{type: sql, url: "sqlite:///shop.db"}}
state: {{url: "sqlite:///{name}.state.db"}}
slos:
  - name: checkout
    service: shop
    objective: 99.9
    period: 30d
    sli:
      source: prod
      total: shop_requests_total{{job="shop"}}
      bad: shop_requests_total{{job="shop",code="500"}}
  - name: orders
    service: shop
    objective: {objective}
    period: 7d
    sli:
      source: db
      sql: >-
        SELECT :start + CAST((at - :start) / :step AS INTEGER) * :step AS slot, SUM(total) AS total, SUM(bad) AS bad
        FROM events WHERE at >= :start AND at < :end GROUP BY 1
{more}alerting:
  receivers:
    page: {{webhook: "{webhook}page"}}
    ticket: {{webhook: "{webhook}ticket"}}
"""

# The program with a clock that can be set: a step of the machine's, without the rights that one needs for that.
CLOCK = """\
import pathlib, sys, time
real, by = time.time, pathlib.Path(sys.argv.pop(1))
time.time = lambda: real() + float(by.read_text())
from winburn.cli import main
main()
"""


def kill(process: Process | None) -> None:
    """As the kernel does where memory runs out."""
    assert process is not None
    process.popen.send_signal(signal.SIGKILL)
    process.popen.wait()


def end(process: Process | None) -> None:
    assert process is not None
    stop(process)


def known(blocks: Path) -> None:
    """Add to the past what the native records would have counted, had they been there: else 1.44 % of an hour pass
    until they can know of a burn, even of one in which everything fails."""
    last = time.time() // 15 * 15 - 60
    lines = [blocks.read_text().removesuffix("# EOF\n")]
    for role, value in (("total", 100), ("bad", 0)):
        name = f"slo:sli_{role}:rate5m"
        lines.append(f"# TYPE {name} gauge\n")
        lines += [f'{name}{{slo="checkout"}} {value} {last - 15 * i}\n' for i in range(240, -1, -1)]
    blocks.write_text("".join([*lines, "# EOF\n"]))


def events(database: Path, first: float, seconds: int, total: int, bad: int) -> None:
    """So many events in each of these seconds."""
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS events (at, total, bad)")
        connection.executemany("INSERT INTO events VALUES (?, ?, ?)", [(first + i, total, bad) for i in range(seconds)])
