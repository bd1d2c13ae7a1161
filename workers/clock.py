"""The clock: makes letters of due alerts, sends the letters that are due, rings again for lost rings. No Redis needed.

Alerts are looked at every `alerts.look_seconds` by the one clock that holds the lease; letters leave in a thread of
their own, so that a mail server that hangs stops no alert from being made and shown in the desk.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import alerts, audit, db, failpoints, leases, outbox, queue
from desk.db import Database
from desk.models import Heartbeat, InboundMail, Outbox, User
from desk.settings import Settings

from .clock_jump import Steadiness

log = logging.getLogger(__name__)
LEASE_SECONDS = 60
SEND_EVERY_SECONDS = 1.0
RECONCILE_EVERY_SECONDS = 300
UNDELIVERED_MINUTES = 5
STOP_SECONDS = 8  # for the letter that is just being sent


def main(conf: Settings, *, once: bool = False) -> None:
    """Run until SIGTERM; of several clocks one looks at the alerts, the others wait for its lease."""
    database, stop = Database(conf.database_url), threading.Event()
    if once:
        look(database, conf, db.now())
        database.dispose()
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sender = threading.Thread(target=send_letters, args=(database, conf, stop), daemon=True)
    sender.start()
    clock = Clock(database, conf)
    while not stop.is_set():
        try:
            clock.look(db.now())
        except Exception:
            log.exception("clock")
        stop.wait(conf.alerts.look_seconds)
    sender.join(STOP_SECONDS)
    clock.release()
    database.dispose()


def look(database: Database, conf: Settings, now: datetime) -> bool:
    """One look and the letters it brings, as if it were `now`; False while another clock holds the lease."""
    clock = Clock(database, conf)
    if not clock.look(now):
        return False
    outbox.drain(database, conf, now_fn=lambda: now)
    failpoints.hit("clock.sent")
    clock.settle(now)
    return True


def queue_alerts(database: Database, conf: Settings, now: datetime) -> int:
    """Alerts that are due become letters, in one transaction for each person: the trouble of one stops no other."""
    count = 0
    for user_id in _waiting(database, now):
        try:
            count += _queue(database, conf, user_id, now)
        except Exception:
            log.exception("alerts of user %s", user_id)
    return count


def _waiting(database: Database, now: datetime) -> dict[int, datetime]:
    with database.read() as session:
        return alerts.due_people(session, now=now)


def _queue(database: Database, conf: Settings, user_id: int, now: datetime) -> int:
    with database.write() as session:
        def write_mail(user: User, key: str, kind: str, subject: str, text: str) -> Outbox:
            return _letter(session, conf, user, key, kind, subject, text, now)

        count = len(alerts.queue_due(session, conf, user_id, write_mail, now=now))
        failpoints.hit("clock.queued")
    failpoints.hit("clock.committed")
    return count


def _letter(session: Session, conf: Settings, user: User, key: str, kind: str, subject: str, text: str,
            now: datetime) -> Outbox:
    return outbox.put(session, conf, dedup_key=key, kind=kind, to=[user.email], subject=subject, text=text, now=now,
                      headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"})


class Clock:
    """What one clock remembers from look to look."""

    def __init__(self, database: Database, conf: Settings, steadiness: Steadiness | None = None) -> None:
        self.database, self.conf = database, conf
        self.steadiness = steadiness or Steadiness()
        self.owner = leases.owner_name()
        self.lag = 0.0  # seconds between the moment of the last alerts and their becoming letters
        self._team: object = None
        self._reconciled_at = 0.0

    def look(self, now: datetime) -> bool:
        """False while another clock holds the lease."""
        self._look_at_the_time(now)
        with self.database.write() as session:
            if leases.take(session, "clock", owner=self.owner, seconds=LEASE_SECONDS, now=now) is None:
                return False
            leases.beat(session, "clock", now=now, detail=self._detail(session, now))
        failpoints.hit("clock.leased")
        self._reconcile(now)
        if self.steadiness.frozen is None:
            self._tell(now)
        self.settle(now)
        self._ring_again(now)
        self._seal()
        return True

    def settle(self, now: datetime) -> None:
        """Record what became of the letters."""
        with self.database.write() as session:
            alerts.settle(session, self.conf, now=now)
            failpoints.hit("clock.settling")
        failpoints.hit("clock.settled")

    def release(self) -> None:
        with self.database.write() as session:
            leases.release(session, "clock", owner=self.owner)

    def _look_at_the_time(self, now: datetime) -> None:
        was = self.steadiness.frozen
        # The demo's skipped days are no jump of the machine's clock.
        beat = None if self.steadiness.began else self._beat_before()
        self.steadiness.look(now - db.ahead(), last_beat=beat and beat - db.ahead())
        frozen = self.steadiness.frozen
        if frozen and frozen != was:
            log.error("the machine's clock jumped by %s s: no alert is sent until it is steady", frozen["step_seconds"])
        elif was and not frozen:
            log.warning("the machine's clock is steady again: alerts are sent")

    def _beat_before(self) -> datetime | None:
        with self.database.read() as session:
            row = session.get(Heartbeat, "clock")
            return row.at if row else None

    def _detail(self, session: Session, now: datetime) -> dict[str, Any]:
        detail: dict[str, Any] = {"lag": round(self.lag, 1), "undelivered": alerts.undelivered(
            session, before=now - timedelta(minutes=UNDELIVERED_MINUTES))}
        return detail | ({"frozen": self.steadiness.frozen} if self.steadiness.frozen else {})

    def _reconcile(self, now: datetime) -> None:
        """When the team changed, and now and then: alerts for whoever answers for each ticket."""
        with self.database.read() as session:
            team = alerts.team(session, self.conf, now=now).snapshot()
        if team == self._team and time.monotonic() - self._reconciled_at < RECONCILE_EVERY_SECONDS:
            return
        while self._reconcile_some(now):
            failpoints.hit("clock.reconciled")
        self._team, self._reconciled_at = team, time.monotonic()

    def _reconcile_some(self, now: datetime) -> int:
        with self.database.write() as session:
            return alerts.reconcile(session, self.conf, now=now)

    def _tell(self, now: datetime) -> None:
        with self.database.write() as session:
            alerts.escalate(session, self.conf, now=now)
            failpoints.hit("clock.escalating")
        failpoints.hit("clock.escalated")
        oldest = min(_waiting(self.database, now).values(), default=now)
        if queue_alerts(self.database, self.conf, now):
            self.lag = (now - oldest).total_seconds()

    def _ring_again(self, now: datetime) -> None:
        with self.database.read() as session:
            lost = session.scalar(select(InboundMail.id).where(
                InboundMail.state == "received",
                InboundMail.try_after < now - timedelta(seconds=self.conf.work.sweep_seconds)).limit(1))
        if lost is not None:
            queue.ring(self.conf, "inbox")
        failpoints.hit("clock.rung")

    def _seal(self) -> None:
        """Only the holder of the lease gets here, so seals have no gap and no fork."""
        with self.database.read() as session:
            if not audit.is_unsealed(session):
                return
        with self.database.write() as session:
            audit.seal(session)
            failpoints.hit("clock.sealing")
        failpoints.hit("clock.sealed")


def send_letters(database: Database, conf: Settings, stop: threading.Event) -> None:
    """Send what is due, every second until stopped; a mail server that hangs stops its heartbeat."""
    pulse = leases.Pulse(database, "outbox", now_fn=db.now)
    while not stop.is_set():
        try:
            tried = outbox.drain(database, conf, now_fn=db.now, limit=10)
            pulse()
        except Exception:
            log.exception("sending letters")
            tried = 0
        if not tried:
            stop.wait(SEND_EVERY_SECONDS)
