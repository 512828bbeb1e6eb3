"""The demo's shop: an SQLite database that fills while the demo runs.

Single requests and visits are kept for a quarter of an hour; older ones, and the thirty days of history, stand in
tables by minute and by hour. The views ``request_log`` and ``visit_log`` show both as one. Posts and what people do
with them stand in the tables of ``deploy/sql``.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from winburn.demo import content, traffic
from winburn.demo.traffic import HOUR, MINUTE, Requests, Story, Visits

KEEP_SINGLE = 15 * MINUTE
"""Seconds for which single events are kept: longer than the exporter can be behind."""
_STEP = 60.0

_SCHEMA = f"""
PRAGMA journal_mode = WAL;
CREATE TABLE requests (at REAL NOT NULL, route TEXT NOT NULL, ok INTEGER NOT NULL, milliseconds REAL NOT NULL);
CREATE INDEX requests_by_route ON requests (route, at, ok, milliseconds);
CREATE TABLE requests_by_minute (
  route TEXT NOT NULL, minute INTEGER NOT NULL, requests INTEGER NOT NULL, failed INTEGER NOT NULL,
  slow INTEGER NOT NULL, PRIMARY KEY (route, minute)
) WITHOUT ROWID;
CREATE TABLE visits (at REAL NOT NULL, experiment TEXT NOT NULL, variant TEXT NOT NULL, converted INTEGER NOT NULL);
CREATE INDEX visits_by_variant ON visits (experiment, variant, converted);
CREATE TABLE visits_by_hour (
  experiment TEXT NOT NULL, hour INTEGER NOT NULL, variant TEXT NOT NULL, visits INTEGER NOT NULL,
  converted INTEGER NOT NULL, PRIMARY KEY (experiment, hour, variant)
) WITHOUT ROWID;
CREATE VIEW request_log AS
  SELECT route, at, 1 AS requests, 1 - ok AS failed, milliseconds >= {traffic.SLOW_MILLISECONDS} AS slow FROM requests
  UNION ALL SELECT route, minute, requests, failed, slow FROM requests_by_minute;
CREATE VIEW visit_log AS
  SELECT experiment, variant, 1 AS visits, converted FROM visits
  UNION ALL SELECT experiment, variant, visits, converted FROM visits_by_hour;
"""  # noqa: S608 - only our own numbers are put in

# Whole minutes at once, so that no minute comes twice; an hour does. (An upsert from a SELECT needs the WHERE there.)
_ROLL_UP = (
    f"""
INSERT INTO requests_by_minute
  SELECT route, CAST(at / {MINUTE} AS INTEGER) * {MINUTE} AS slot, COUNT(*), SUM(1 - ok),
    SUM(milliseconds >= {traffic.SLOW_MILLISECONDS})
  FROM requests WHERE at < :before GROUP BY route, slot""",  # noqa: S608 - as above
    "DELETE FROM requests WHERE at < :before",
    f"""
INSERT INTO visits_by_hour
  SELECT experiment, CAST(at / {HOUR} AS INTEGER) * {HOUR} AS slot, variant, COUNT(*), SUM(converted)
  FROM visits WHERE at < :before GROUP BY experiment, slot, variant
ON CONFLICT DO UPDATE SET visits = visits + excluded.visits, converted = converted + excluded.converted""",  # noqa: S608 - as above
    "DELETE FROM visits WHERE at < :before",
)

Observer = Callable[[str, str, int], None]
"""Is told a route, a response code and how many such requests were just written."""


class Shop:
    """A shop that goes on from where its history ends; safe to use from several threads.

    ``observe`` hears of the requests after they were committed.
    """

    def __init__(self, database: sqlite3.Connection, story: Story, observe: Observer | None = None) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._written = float(story.origin)
        self.story = story
        self.observe = observe

    def open(self, at: int) -> None:
        """From this second on the incidents and experiments run. It must not be written yet: ValueError if it is."""
        with self._lock:
            if at < self._written:
                raise ValueError(f"the shop is written up to {self._written}; it cannot open at {at}")
            self.story = replace(self.story, opening=at)

    def advance(self, to: float) -> None:
        """Write what happens between the last written instant and ``to``, which is not included.

        How often it is called makes no difference to what is written in the end. An earlier ``to`` does nothing.
        """
        with self._lock:
            while self._written < to:
                self._write(min(to, self._written + _STEP))

    def run(self, stop: threading.Event, now: Callable[[], float] = time.time, every: float = 0.5) -> None:
        """Keep the shop going until ``stop`` is set."""
        while not stop.wait(every):
            self.advance(now())

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._database.close()

    def _write(self, to: float) -> None:
        start = self._written
        seconds = list(traffic.seconds(start, to))
        requests = [traffic.requests_of(route, self.story, each) for each in seconds for route in traffic.ROUTES]
        visits = [traffic.visits_of(each, self.story, second) for second in seconds for each in traffic.EXPERIMENTS]
        request_rows = [row for each in requests for row in _request_rows(each) if start <= row[0] < to]
        visit_rows = [row for each in visits for row in _visit_rows(each) if start <= row[0] < to]
        with self._database as transaction:
            transaction.executemany("INSERT INTO requests VALUES (?, ?, ?, ?)", request_rows)
            transaction.executemany("INSERT INTO visits VALUES (?, ?, ?, ?)", visit_rows)
            if start // MINUTE != to // MINUTE:
                for statement in _ROLL_UP:
                    transaction.execute(statement, {"before": to // MINUTE * MINUTE - KEEP_SINGLE})
            content.publish(transaction, self.story, int(start), int(to))  # whole seconds, each once
        self._written = to
        if self.observe:
            codes = Counter((route, "200" if ok else "503") for _, route, ok, _ in request_rows)
            for (route, code), count in sorted(codes.items()):
                self.observe(route, code, count)


def create(path: Path, seed: int, now: float, days: int = 30, progress: Callable[[str], None] | None = None) -> Shop:
    """A new shop in a new file, with ``days`` of history before ``now``: the same for the same seed and second.

    ``progress`` is told each table as it is filled. FileExistsError where the file is there already.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    story = Story(seed % 2**32, int(now))  # numpy takes no negative seeds
    # One thread at a time uses it, which the shop's lock sees to.
    database = sqlite3.connect(path, timeout=30, check_same_thread=False)
    database.executescript(_SCHEMA + content.schema())
    database.execute("PRAGMA synchronous = OFF")  # a demo's data need not outlive a power cut
    with database as transaction:
        for route in traffic.ROUTES:
            _tell(progress, f"{days} days of {route.name} requests")
            columns = traffic.requests_by_minute(route, story, days)
            rows = zip(*(column.tolist() for column in columns), strict=True)
            transaction.executemany(
                "INSERT INTO requests_by_minute VALUES (?, ?, ?, ?, ?)", ((route.name, *row) for row in rows)
            )
        for experiment in traffic.EXPERIMENTS:
            transaction.executemany(
                "INSERT INTO visits_by_hour VALUES (?, ?, ?, ?, ?)", _past_visits(experiment, story, days)
            )
        content.fill(transaction, story)
    return Shop(database, story)


def _past_visits(experiment: traffic.Experiment, story: Story, days: int) -> Iterable[tuple[str, int, str, int, int]]:
    hours, visits, converted = traffic.visits_by_hour(experiment, story, days)
    for index, variant in enumerate(experiment.variants):
        columns = zip(hours.tolist(), visits[:, index].tolist(), converted[:, index].tolist(), strict=True)
        yield from ((experiment.name, hour, variant.name, shown, bought) for hour, shown, bought in columns)


def _request_rows(requests: Requests) -> list[tuple[float, str, int, float]]:
    columns = zip(requests.at.tolist(), requests.ok.tolist(), requests.milliseconds.tolist(), strict=True)
    return [(at, requests.route, ok, round(milliseconds, 1)) for at, ok, milliseconds in columns]


def _visit_rows(visits: Visits) -> list[tuple[float, str, str, int]]:
    names = [variant.name for variant in visits.experiment.variants]
    columns = zip(visits.at.tolist(), visits.variant.tolist(), visits.converted.tolist(), strict=True)
    return [(at, visits.experiment.name, names[variant], converted) for at, variant, converted in columns]


def _tell(progress: Callable[[str], None] | None, what: str) -> None:
    if progress:
        progress(what)
