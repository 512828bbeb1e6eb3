"""An application as a statement, in a transaction of its own on a connection that may write."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from exporter.apply_outcome import Act, Outcome, PointOfNoReturn
from exporter.spec import SecretError, SqlSource, source_url
from exporter.state import Application

_GRACE = 5.0
_TRANSACTIONAL = ("sqlite", "postgresql")
"""Databases of which we know that nothing has happened before the commit. Others may have no transactions."""


def execute(source: SqlSource, statement: str) -> Act:
    """Executes the statement in the source's database; done where it was committed, whatever number of rows it met."""
    return Act(
        lambda application, at, point: _execute(source, statement, application, at, point),
        2 * source.timeout + _GRACE,
    )


def values_of(application: Application, at: float) -> dict[str, Any]:
    """What the statement may name."""
    facts = application.facts
    return {
        "persona" if application.kind == "variant" else "experiment": application.entity,
        "variant": application.member,
        "action": application.action,
        "reason": facts.get("reason", ""),
        "at": facts.get("at", at),
        "weight": facts.get("weight"),
    }


def _execute(source: SqlSource, statement: str, application: Application, at: float, point: PointOfNoReturn) -> Outcome:
    text = sa.text(statement)
    values = {name: value for name, value in values_of(application, at).items() if name in text.compile().params}
    try:
        url = sa.make_url(source_url(source))
        engine = _engine(url, source.timeout)
    except SecretError as error:
        return Outcome("refused", str(error))
    except (SQLAlchemyError, ValueError):
        return Outcome("refused", "the source's url is not one that SQLAlchemy knows")
    except ImportError:
        return Outcome("refused", "the database's driver is not installed")
    try:
        return _transaction(engine, text, values, point)
    except (SQLAlchemyError, sqlite3.Error) as error:
        return Outcome("refused", _clean(error, url))
    except _DoubtError as doubt:
        return Outcome("unknown", _clean(doubt.error, url))
    finally:
        engine.dispose()


class _DoubtError(Exception):
    """It may have happened."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def _transaction(engine: sa.Engine, text: sa.TextClause, values: dict[str, Any], point: PointOfNoReturn) -> Outcome:
    late = Outcome("refused", "given up before it was committed")
    certain = engine.dialect.name in _TRANSACTIONAL
    with engine.connect() as connection:
        if not certain and not point.pass_by():
            return late
        try:
            rows = connection.execute(text, values).rowcount
        except SQLAlchemyError as error:
            if certain or isinstance(error, ProgrammingError | IntegrityError | DataError):
                raise
            raise _DoubtError(error) from None
        if certain and not point.pass_by():
            return late
        try:
            connection.commit()
        except (SQLAlchemyError, sqlite3.Error) as error:
            if _refused_commit(error):
                raise
            raise _DoubtError(error) from None
    return Outcome("done", f"{rows} row{'' if rows == 1 else 's'}" if rows >= 0 else "executed")


def _refused_commit(error: BaseException) -> bool:
    """Whether the database itself says that it did not commit, and not the line to it that broke."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CONSTRAINT)
    state = getattr(cause, "sqlstate", None)
    return isinstance(state, str) and not state.startswith(("08", "57P"))


def _engine(url: sa.URL, timeout: float) -> sa.Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine("sqlite://", creator=lambda: _sqlite(url, timeout), poolclass=NullPool)
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine
    options: dict[str, Any] = {}
    if url.get_backend_name() == "postgresql":
        milliseconds = round(timeout * 1000)
        options["connect_args"] = {
            "options": f"{url.query.get('options', '')} -c statement_timeout={milliseconds}".strip(),
            "connect_timeout": max(round(timeout), 2),  # libpq takes less than 2 for 2
            "tcp_user_timeout": milliseconds,
        }
    return sa.create_engine(url, poolclass=NullPool, hide_parameters=True, **options)


def _sqlite(url: sa.URL, timeout: float) -> sqlite3.Connection:
    """Of a file that is there: a new and empty one would be nobody's."""
    path = Path(url.database or "").absolute()
    # Transactions are ours to begin: the driver would begin one for some statements only.
    return sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, timeout=timeout, isolation_level=None, check_same_thread=False
    )


def _clean(error: BaseException, url: sa.URL) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    line = next(iter(str(cause).splitlines()), "") or type(cause).__name__
    return (line.replace(url.password, "***") if url.password else line)[:300]
