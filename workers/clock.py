"""The clock: makes letters of due alerts, sends the letters that are due, rings again for lost rings. No Redis needed.

Alerts are looked at every `alerts.look_seconds` by the one clock that holds the lease; letters leave in a thread of
their own, and what goes through the other channels in another one, so that a server that hangs stops no alert from
being made and shown in the desk.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import alerts, audit, db, failpoints, leases, machine_time, outbox, queue, status
from desk.db import Database
from desk.models import Heartbeat, InboundMail, Outbox, User
from desk.settings import Settings

from . import sending

log = logging.getLogger(__name__)
LEASE_SECONDS = 60
RECONCILE_EVERY_SECONDS, RECONCILE_SECONDS = 300, 5
UNDELIVERED_MINUTES = 5
PEOPLE_AT_ONCE = 20
LOOKS = 3  # after so many a clock whose time is believed has beaten
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
    looked = threading.Event()
    senders = [threading.Thread(target=sending.letters, args=(database, conf, stop), daemon=True),
               threading.Thread(target=sending.notices, args=(database, conf, stop, looked), daemon=True)]
    for sender in senders:
        sender.start()
    clock = Clock(database, conf, machine_time.this_machine())
    while not stop.is_set():
        try:
            if clock.look(db.now()):
                looked.set()
        except Exception:
            log.exception("clock")
        stop.wait(conf.alerts.look_seconds)
    for sender in senders:
        sender.join(STOP_SECONDS)
    clock.release()
    database.dispose()


def look(database: Database, conf: Settings, now: datetime) -> bool:
    """One look and the letters it brings, as if it were `now`; False while another clock holds the lease."""
    clock = Clock(database, conf)
    if not clock.look(now):
        return False
    outbox.drain(database, conf, now_fn=lambda: now)
    alerts.drain(database, conf, now_fn=lambda: now)
    failpoints.hit("clock.sent")
    clock.settle(now)
    return True


def queue_alerts(database: Database, conf: Settings, now: datetime) -> int:
    """Alerts that are due become letters, some people's in one transaction; the trouble of one stops no other."""
    count, people = 0, list(_waiting(database, now))
    for start in range(0, len(people), PEOPLE_AT_ONCE):
        try:
            with database.write() as session:
                count += sum(_queue(session, conf, user_id, now) for user_id in people[start:start + PEOPLE_AT_ONCE])
            failpoints.hit("clock.committed")
        except Exception:
            log.exception("alerts")
    return count


def _waiting(database: Database, now: datetime) -> dict[int, datetime]:
    with database.read() as session:
        return alerts.due_people(session, now=now)


def _queue(session: Session, conf: Settings, user_id: int, now: datetime) -> int:
    try:
        with session.begin_nested():
            count = len(alerts.queue_due(session, conf, user_id, _mailer(session, conf, now), now=now))
            failpoints.hit("clock.queued")
    except Exception:
        log.exception("alerts of user %s", user_id)
        return 0
    return count


def _mailer(session: Session, conf: Settings, now: datetime) -> alerts.WriteMail:
    def write_mail(user: User, key: str, kind: str, subject: str, text: str) -> Outbox:
        return _letter(session, conf, user.email, key, kind, subject, text, now)
    return write_mail


def _letter(session: Session, conf: Settings, address: str, key: str, kind: str, subject: str, text: str,
            now: datetime) -> Outbox:
    return outbox.put(session, conf, dedup_key=key, kind=kind, to=[address], subject=subject, text=text, now=now,
                      headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"})


class Clock:
    """What one clock remembers from look to look. `machine`: what to compare the time with; None: it is believed."""

    def __init__(self, database: Database, conf: Settings, machine: machine_time.Machine | None = None) -> None:
        self.database, self.conf, self.machine = database, conf, machine
        self.owner = leases.owner_name()
        self.lag = 0.0  # seconds between the moment of the last alerts and their becoming letters
        self._team: object = None
        self._reconciled_at = 0.0
        self._nothing_to_say: set[tuple[int, date]] = set()

    def look(self, now: datetime) -> bool:
        """False while another clock holds the lease, or the time cannot be believed."""
        belief = self._believe(now)
        if belief.step_seconds:
            self._hold(belief)
            return False
        now = belief.now
        with self.database.write() as session:
            if leases.take(session, "clock", owner=self.owner, seconds=LEASE_SECONDS, now=now) is None:
                return False
            leases.beat(session, "clock", now=now, detail=self._detail(session, now))
        failpoints.hit("clock.leased")
        self._reconcile(now)
        self._tell(now)
        self.settle(now)
        self._report(now)
        self._ring_again(now)
        self._seal()
        return True

    def settle(self, now: datetime) -> None:
        """Record what became of the letters."""
        with self.database.write() as session:
            alerts.settle(session, self.conf, now=now)
            status.settle(session, self.conf, now=now)
            failpoints.hit("clock.settling")
        failpoints.hit("clock.settled")

    def release(self) -> None:
        with self.database.write() as session:
            leases.release(session, "clock", owner=self.owner)

    def _believe(self, now: datetime) -> machine_time.Belief:
        if self.machine is None:
            return machine_time.Belief(now)
        with self.database.write() as session:
            belief = machine_time.look(session, self.conf, self.machine)
        if belief.frozen_since == belief.now:
            log.error("the machine's clock jumped by %s s: alerts are held back", belief.step_seconds)
        elif belief.resumed:
            log.warning("the machine's time is believed again: alerts are sent")
        return belief

    def _hold(self, belief: machine_time.Belief) -> None:
        """Send no alert, say so, and leave the work to a clock on another machine; all by the time that is believed."""
        assert belief.frozen_since is not None
        frozen = {"step_seconds": belief.step_seconds, "since": belief.frozen_since.isoformat(timespec="seconds")}
        with self.database.write() as session:
            leases.release(session, "clock", owner=self.owner)
            beat = session.get(Heartbeat, "clock")
            patience = timedelta(seconds=LOOKS * self.conf.alerts.look_seconds)
            if beat and "frozen" not in beat.detail and belief.now - beat.at < patience:
                return
            leases.beat(session, "clock", now=belief.now, detail=self._detail(session, belief.now) | {"frozen": frozen})
            # Not later than now by the wall clock, after which letters are sent.
            leaves = min(belief.now, belief.now + timedelta(seconds=belief.step_seconds))
            alerts.reports.jump(session, self.conf, _mailer(session, self.conf, leaves), belief, leases.HOST,
                                now=leaves)
        self.settle(belief.now)
        self._ring_again(belief.now)

    def _detail(self, session: Session, now: datetime) -> dict[str, Any]:
        return {"lag": round(self.lag, 1), "undelivered": alerts.undelivered(
            session, before=now - timedelta(minutes=UNDELIVERED_MINUTES))}

    def _reconcile(self, now: datetime) -> None:
        """When the team changed, and now and then: alerts for whoever answers for each ticket."""
        with self.database.read() as session:
            team = alerts.team(session, self.conf, now=now).snapshot()
        if team == self._team and time.monotonic() - self._reconciled_at < RECONCILE_EVERY_SECONDS:
            return
        ends = time.monotonic() + RECONCILE_SECONDS
        while self._reconcile_some(now):
            failpoints.hit("clock.reconciled")
            if time.monotonic() > ends:
                return  # the rest at the next look: alerts wait for nothing
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

    def _report(self, now: datetime) -> None:
        """Letters about the day and about the desk itself, each once."""
        with self.database.write() as session:
            write_mail = _mailer(session, self.conf, now)
            alerts.reports.outages(session, self.conf, write_mail, now=now)
            alerts.reports.paused(session, self.conf, write_mail, now=now)
            if key := alerts.canary.due(session, self.conf, now=now):
                _letter(session, self.conf, self.conf.alerts.duty_address, key, alerts.canary.KIND,
                        *alerts.canary.words(self.conf, now), now)
        failpoints.hit("clock.reported")
        with self.database.read() as session:
            waiting = alerts.morning.waiting(session, self.conf, now=now)
        for user in waiting:
            self._tell_of_the_day(user, now)

    def _tell_of_the_day(self, user: User, now: datetime) -> None:
        """The trouble of one stops no other."""
        today = (user.id, now.date())
        if today in self._nothing_to_say:
            return
        try:
            with self.database.write() as session:
                told = alerts.morning.tell(session, self.conf, session.get_one(User, user.id),
                                           _mailer(session, self.conf, now), now=now)
                failpoints.hit("clock.morning")
        except Exception:
            log.exception("the day of user %s", user.id)
            told = False
        if not told:
            self._nothing_to_say.add(today)

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
