"""Whether a database has changed, without reading it: PostgreSQL says so (NOTIFY winburn, the triggers of
deploy/sql/notify.postgresql.sql), SQLite counts its commits (PRAGMA data_version)."""

from __future__ import annotations

import importlib
import sqlite3
import threading
import time
from pathlib import Path
from typing import Protocol, cast

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from exporter.sources.sql import SqlSource

_POLL, _SLOW_POLL = 0.05, 0.2
_QUIET = 30.0  # after so long without a change SQLite is asked less often


class _Teller(Protocol):
    """See Changes."""

    changed_at: float | None

    def wait(self, timeout: float) -> bool: ...

    def close(self) -> None: ...


class Changes:
    """Waits for commits of others to an SqlSource's database; for one thread, but for :meth:`close`.

    ``supported`` is False for databases that cannot tell: there :meth:`wait` only waits. ``changed_at`` is when the
    change that was last told of happened, in Unix seconds of the database's machine; None where that is not known.
    """

    def __init__(self, source: SqlSource) -> None:
        self._closed = threading.Event()
        self._teller = _teller(source.url, self._closed)
        self.supported = self._teller is not None

    @property
    def closed(self) -> bool:
        """Whether nobody listens any more."""
        return self._closed.is_set()

    @property
    def changed_at(self) -> float | None:
        """See the class."""
        return None if self._teller is None else self._teller.changed_at

    def wait(self, timeout: float) -> bool:
        """Whether something changed since the last True, waited for at most ``timeout`` seconds.

        A connection that was lost is made again; then True once, because what happened meanwhile is not known. The
        first wait tells of nothing that was before it. Never raises for a database that cannot be reached.
        """
        if self._teller is None:
            self._closed.wait(timeout)
            return False
        return self._teller.wait(timeout)

    def close(self) -> None:
        """End a wait in another thread soon, and give the connection back."""
        self._closed.set()
        if self._teller is not None:
            self._teller.close()


class _Sqlite:
    """Asks for the data version, which differs after each commit of another connection, and costs microseconds."""

    def __init__(self, path: Path, closed: threading.Event) -> None:
        self._path, self._closed = path, closed
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[object, ...] | None = None
        self._changed = time.monotonic()
        self.changed_at: float | None = None

    def wait(self, timeout: float) -> bool:
        """See Changes."""
        end = time.monotonic() + timeout
        while not self._closed.is_set():
            if self._has_changed():
                self._changed = time.monotonic()
                self.changed_at = self._written_at()
                return True
            left = end - time.monotonic()
            if left <= 0:
                break
            quiet = time.monotonic() - self._changed > _QUIET
            self._closed.wait(min(left, _SLOW_POLL if quiet else _POLL))
        return False

    def close(self) -> None:
        """See Changes."""
        with self._turn:
            self._forget()

    def _has_changed(self) -> bool:
        with self._turn:
            now = None if self._closed.is_set() else self._state()  # closed meanwhile: open nothing again
        if now is None or now == self._seen:
            return False
        first, self._seen = self._seen is None, now
        return not first

    def _state(self) -> tuple[object, ...] | None:
        """The file and its version; None where it cannot be asked now."""
        try:
            found = self._path.stat()
            file = (found.st_dev, found.st_ino)
            if self._seen is not None and self._seen[:2] != file:
                self._forget()
            if self._connection is None:
                uri = f"{self._path.absolute().as_uri()}?mode=ro"
                self._connection = sqlite3.connect(uri, uri=True, timeout=0, check_same_thread=False)
            return (*file, self._connection.execute("PRAGMA data_version").fetchone()[0])
        except (OSError, sqlite3.Error):
            return None  # not there yet, or a writer is about to commit: the next look will tell

    def _written_at(self) -> float | None:
        """When the newer of the file and its log was written."""
        times = []
        for path in (self._path, Path(f"{self._path}-wal")):
            try:
                times.append(path.stat().st_mtime)
            except OSError:
                continue
        return max(times, default=None)

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _teller(url: str, closed: threading.Event) -> _Teller | None:
    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return _Sqlite(Path(parsed.database or ""), closed)
    if parsed.get_backend_name() == "postgresql":
        plain = parsed.set(drivername="postgresql")
        try:
            found = importlib.import_module("exporter.sources.changes_postgresql")
        except ImportError:  # without psycopg the source itself says what to install
            return None
        return cast(_Teller, found.Postgresql(plain.render_as_string(hide_password=False), closed))
    return None
