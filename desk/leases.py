"""Leases: one owner for a loop at a time; and heartbeats: who is alive.

A lease is taken and renewed in short transactions of its own. `fence` grows when the owner changes.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from .db import Database
from .models import Heartbeat, Lease

HOST = socket.gethostname()
BEAT_SECONDS = 14  # a living part beats at least so often …
SILENT = timedelta(minutes=2)  # … and after so much silence people are told


def owner_name() -> str:
    return f"{HOST}:{os.getpid()}"


def take(session: Session, name: str, *, owner: str, seconds: float, now: datetime) -> int | None:
    """Take or renew the lease; its fence, or None while somebody else holds it."""
    lease = session.scalar(select(Lease).where(Lease.name == name).with_for_update())
    if lease is None:
        lease = Lease(name=name, owner=owner, fence=1, until=now)
        session.add(lease)
    elif lease.owner != owner:
        if lease.until > now:
            return None
        lease.owner, lease.fence = owner, lease.fence + 1
    lease.until = now + timedelta(seconds=seconds)
    session.flush()
    return lease.fence


def release(session: Session, name: str, *, owner: str) -> None:
    session.execute(delete(Lease).where(Lease.name == name, Lease.owner == owner))


def beat(session: Session, name: str, *, now: datetime, detail: dict[str, Any] | None = None) -> None:
    session.merge(Heartbeat(name=name, host=HOST, pid=os.getpid(), at=now, detail=detail or {}))


class Pulse:
    """A part calls it whenever it got on with its work; a heartbeat is written when the last one is old enough.

    No thread beats for the work: a part that hangs must be seen to hang.
    """

    def __init__(self, database: Database, name: str, *, now_fn: Callable[[], datetime]) -> None:
        self.database, self.name, self.now_fn = database, name, now_fn
        self._beaten = 0.0

    def __call__(self) -> None:
        if self._beaten and time.monotonic() - self._beaten < BEAT_SECONDS:
            return
        with self.database.write() as session:
            beat(session, self.name, now=self.now_fn())
        self._beaten = time.monotonic()


def stale(session: Session, now: datetime) -> list[str]:
    """The parts that did nothing useful for two minutes: work, clock, outbox, fetch:<mailbox>."""
    return list(session.scalars(select(Heartbeat.name).where(
        Heartbeat.at < now - SILENT).order_by(Heartbeat.name)))
