"""The clock: queues deadline alerts, sends the letters that are due and rings again for lost rings. No Redis needed."""

from __future__ import annotations

import logging
import signal
import threading
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import alerts, db, failpoints, leases, outbox, queue
from desk.db import Database
from desk.models import InboundMail, Outbox, User
from desk.settings import Settings

log = logging.getLogger(__name__)
LEASE_SECONDS = 60
LONGEST_WAIT_SECONDS = 1.0


def main(conf: Settings, *, once: bool = False) -> None:
    """Run until SIGTERM; of several clocks one works, the others wait for its lease."""
    database, stop = Database(conf.database_url), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        try:
            look(database, conf, db.now())
        except Exception:
            log.exception("clock")
        if once:
            break
        stop.wait(LONGEST_WAIT_SECONDS)
    database.dispose()


def look(database: Database, conf: Settings, now: datetime) -> bool:
    """One look; False while another clock holds the lease."""
    owner = leases.owner_name()
    with database.write() as session:
        if leases.take(session, "clock", owner=owner, seconds=LEASE_SECONDS, now=now) is None:
            return False
        leases.beat(session, "clock", now=now)
    queue_alerts(database, conf, now)
    failpoints.hit("clock.committed")
    outbox.drain(database, conf, now_fn=db.now, limit=20)
    failpoints.hit("clock.sent")
    with database.write() as session:
        alerts.settle(session, now=now)
    with database.read() as session:
        lost = session.scalar(select(InboundMail.id).where(
            InboundMail.state == "received",
            InboundMail.try_after < now - timedelta(seconds=conf.work.sweep_seconds)).limit(1))
    if lost is not None:
        queue.ring(conf, "inbox")
    return True


def queue_alerts(database: Database, conf: Settings, now: datetime) -> int:
    """Alerts that are due become letters, in one transaction."""
    with database.write() as session:
        def write_mail(user: User, key: str, kind: str, subject: str, text: str) -> Outbox:
            return _letter(session, conf, user, key, kind, subject, text, now)

        count = alerts.queue_due(session, conf, write_mail, now=now)
        failpoints.hit("clock.queued")
    return count


def _letter(session: Session, conf: Settings, user: User, key: str, kind: str, subject: str, text: str,
            now: datetime) -> Outbox:
    return outbox.put(session, conf, dedup_key=key, kind=kind, to=[user.email], subject=subject, text=text, now=now,
                      headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"})
