"""Connecting and transactions, the same on SQLite and PostgreSQL.

`Database.write()` is one unit of work: committed when the block ends, rolled back when it raises.
`Database.read()` never takes SQLite's write lock.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import JSON, DateTime, Dialect, Engine, create_engine, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

Json = JSON().with_variant(JSONB(), "postgresql")
Result = TypeVar("Result")
_ahead: Callable[[], timedelta] = timedelta
RETRIED = {"40001", "40P01", "57P01", "08006"}  # serialization, deadlock, shutdown, connection lost


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime; naive ones are refused. SQLite keeps it as a naive UTC text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """Engines for one process; make it after forking, never before."""

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.writer = _engine(url, self.is_sqlite, pool_size)
        self.reader = self.writer
        if self.is_sqlite:
            self.reader = _engine(url, True, pool_size)
            event.listen(self.writer, "begin", _begin_immediate)

    @contextmanager
    def write(self) -> Iterator[Session]:
        with Session(self.writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        with Session(self.reader, expire_on_commit=False) as session:
            yield session

    def retry(self, work: Callable[[Session], Result], attempts: int = 3) -> Result:
        """Run a unit of work again after a deadlock or a lost connection, as a whole."""
        for left in range(attempts - 1, -1, -1):
            try:
                with self.write() as session:
                    return work(session)
            except DBAPIError as error:
                if not left or not _passing(error):
                    raise
        raise AssertionError("unreachable")

    def dispose(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


def now() -> datetime:
    """The only clock for rows; everything below the processes takes it as a parameter."""
    return datetime.now(UTC) + _ahead()


def ahead() -> timedelta:
    """How far `now` runs before the machine's clock: nothing, except in the demo."""
    return _ahead()


def run_ahead(by: Callable[[], timedelta]) -> None:
    """From now on `now` is the machine's clock and what `by` says. Only for the demo, whose days can be skipped."""
    global _ahead
    _ahead = by


def _engine(url: str, is_sqlite: bool, pool_size: int) -> Engine:
    if not is_sqlite:
        return create_engine(url, pool_pre_ping=True, pool_size=pool_size, max_overflow=10, json_serializer=_dump,
                             connect_args={"connect_timeout": 10, "options": "-c statement_timeout=30000 "
                                           "-c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"})
    engine = create_engine(url, json_serializer=_dump, pool_size=pool_size, max_overflow=10)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    # SQLite's own knows ASCII only: a name in Russian would not be found in another case.
    connection.create_function("lower", 1, lambda text: text.lower() if isinstance(text, str) else text,
                               deterministic=True)
    for pragma in ("journal_mode=WAL", "busy_timeout=10000", "foreign_keys=ON", "synchronous=FULL",
                   "cache_size=-16000", "mmap_size=134217728"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Any) -> None:
    # A deferred BEGIN fails at once when two processes read and then write, in spite of busy_timeout.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _passing(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state in RETRIED or error.connection_invalidated or (
        isinstance(error, OperationalError) and "locked" in str(error.orig))
