"""200 mails through real parts that are killed everywhere: nothing is lost, nothing comes twice.

The only thing allowed twice is a letter cut off behind its final dot: with the same Message-ID, and `doubts` says so.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import itertools
import os
import random
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, update

from desk import audit, db, leases, people, queue
from desk.db import Database
from desk.models import Alert, Deadline, Event, Heartbeat, InboundMail, Lease, Message, Outbox, Ticket, User
from desk.settings import Settings

from ..servers import Dovecot, SmtpSink, Valkey, wait_until
from . import faketime, processes

MAILS, ADMINS, DUE_TICKETS = 200, 3, 5
TOLD = 5  # people whom 500 alerts are for
SEED = 20261124
_users = itertools.count(1)

FETCH = [f"fetch.{name}" for name in (
    "connected", "selected", "searched", "before_fetch", "fetched", "inserted", "before_commit:2", "committed:2", "rung",
    "flagged")]
RING = ["queue.ring", "queue.rung"]
WORK = ["work.rung", *(f"inbox.{name}" for name in (
    "claiming", "claiming:2", "claimed", "read", "message", "message:4", "acknowledged", "acknowledged:4",
    "before_commit", "before_commit:4", "committed", "committed:2"))]
SEND = ["outbox.claiming", "outbox.claimed", "smtp.connected", "smtp.rcpt", "smtp.before_data", *(
    f"{name}:{nth}" for name in ("outbox.before_data", "smtp.after_data", "smtp.accepted", "outbox.accepted",
                                 "outbox.recording", "outbox.recorded") for nth in (1, 3)), "smtp.before_quit"]
CLOCK = ["clock.leased", "clock.escalating", "clock.escalated", "clock.queued:1", "clock.queued:2", "clock.committed:1",
         "clock.sealing", "clock.sealed",
         "outbox.before_data:2", "outbox.accepted:2", "clock.settling", "clock.settled", "clock.reported", "clock.rung",
         "clock.sent"]


def mail(number: int) -> bytes:
    """Every sender writes once; some with a file, one above 1 MiB."""
    size = 1_200_000 if number == 100 else 40_000 if number % 10 == 0 else 0
    return (f"From: Anna <anna{number}@mail.example>\r\nTo: help@desk.example\r\nSubject: Ozon {number}\r\n"
            f"Message-ID: <{number}@mail.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
            f"Верните деньги за заказ {10000000 + number}-0131-{number}\r\n" + "x" * 70 * (size // 70) + "\r\n").encode()


@dataclass
class World:
    """The desk with its mailbox and its mail server; what went in, to compare with what came out."""

    conf: Settings
    database: Database
    dovecot: Dovecot
    user: str
    sink: SmtpSink
    valkey: Valkey | None
    manifest: list[str] = field(default_factory=list)

    def mail_in(self, numbers: range) -> None:
        for number in numbers:
            raw = mail(number)
            self.manifest.append(hashlib.sha256(raw).hexdigest())
            self.dovecot.deliver(self.user, raw)

    def flush(self) -> None:
        """Redis forgets everything."""
        if self.valkey is not None:
            connection = queue.connect(self.conf)
            assert connection is not None
            connection.flushall()
            connection.close()

    def expire_leases(self) -> None:
        """The time has passed after which nobody waits for a dead process any more."""
        with self.database.write() as session:
            for table in (InboundMail, Outbox):
                session.execute(update(table).where(table.lease_until.is_not(None)).values(
                    lease_until=db.now() - timedelta(hours=1)))

    def count(self, what: Any, *where: Any) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(what).where(*where)) or 0

    def make_alerts_due(self) -> None:
        """One alert of some tickets, for every admin."""
        with self.database.write() as session:
            first = select(Deadline.id).order_by(Deadline.id).limit(DUE_TICKETS)
            session.execute(update(Alert).where(Alert.deadline_id.in_(first), Alert.threshold == "overdue").values(
                due_at=db.now()))

    def letters(self, kind: str) -> list[Outbox]:
        with self.database.read() as session:
            return list(session.scalars(select(Outbox).where(Outbox.kind == kind)))


@pytest.fixture(params=["sqlite-off", "postgresql-valkey"])
def world(request: pytest.FixtureRequest, conf: Settings, dovecot: Dovecot, smtp_sink: SmtpSink) -> World:
    which, _, bell = str(request.param).partition("-")
    database: Database = request.getfixturevalue(which)
    valkey: Valkey | None = request.getfixturevalue("valkey") if bell == "valkey" else None
    user = f"faults{os.getpid()}-{next(_users)}"
    box = conf.mailbox[0].model_copy(update={"port": dovecot.port, "username": user, "after": "flag"})
    conf = conf.model_copy(update={
        "mailbox": (box,), "smtp": conf.smtp.model_copy(update={"port": smtp_sink.port}),
        "database": conf.database.model_copy(update={"url": SecretStr(database.url.render_as_string(False))}),
        "redis": conf.redis.model_copy(update={"url": SecretStr(valkey.url if valkey else "off")}),
        "fetch": conf.fetch.model_copy(update={"batch_mails": 8}),
        "work": conf.work.model_copy(update={"uncertain_retry_seconds": 0, "sweep_seconds": 1}),
        "alerts": conf.alerts.model_copy(update={"look_seconds": 0.2, "digest_above": 1000, "late_minutes": 1000,
                                                  "morning_hour": -1})})
    with database.write() as session:
        for number in range(ADMINS):
            people.create(session, email=f"admin{number}@desk.example", name="Admin", role="admin", actor="t", now=db.now())
    return World(conf, database, dovecot, user, smtp_sink, valkey)


def leased(world: World, seconds: float) -> Settings:
    work = world.conf.work.model_copy(update={"inbound_lease_seconds": seconds, "outbox_lease_seconds": seconds})
    return world.conf.model_copy(update={"work": work})


# --- at every place --------------------------------------------------------------------------------


@pytest.mark.timeout(400)  # some fifty processes, one after another
def test_killed_before_and_after_everything_nothing_is_lost_or_doubled(world: World) -> None:
    conf = world.conf
    world.mail_in(range(MAILS))
    for what, names in ((processes.fetch_once, [*FETCH, *(RING if world.valkey else ())]), (processes.work_once, WORK),
                        (processes.send_once, SEND)):
        for name in names:
            assert processes.died(what, conf, name), f"{what.__name__} was not killed at {name}"
            world.flush()
            world.expire_leases()
            if what is processes.fetch_once:
                assert len(set(world.dovecot.flags(world.user)) - {""}) <= 1
        assert not processes.died(what, conf, "")
    calm(world, conf)
    world.make_alerts_due()
    with world.database.write() as session:
        audit.record(session, None, "test.event", actor="t", now=db.now())  # something to seal
    for name in CLOCK:
        assert processes.died(processes.clock_once, conf, name), name
        world.expire_leases()
    calm(world, conf)
    check(world)


def calm(world: World, conf: Settings) -> None:
    """Every part runs undisturbed until nothing waits."""
    for what in (processes.fetch_once, processes.work_once, processes.clock_once, processes.clock_once):
        assert not processes.died(what, conf, "")


# --- at any moment ---------------------------------------------------------------------------------


class Chaos:
    """Two of each process; random ones are killed, stopped for longer than their leases, or robbed of them."""

    def __init__(self, world: World, conf: Settings, seed: int) -> None:
        self.world, self.conf, self.random = world, conf, random.Random(seed)
        self.kinds = [processes.fetch_always, processes.work_always, processes.clock_always] * 2
        self.running: list[BaseProcess] = [processes.start(kind, conf) for kind in self.kinds]
        self.stopped: dict[int, threading.Timer] = {}
        self.done: Counter[str] = Counter()

    def strike(self) -> None:
        place = self.random.randrange(len(self.kinds))
        pid = self.running[place].pid or 0
        what = self.random.choices(["kill", "stop", "rob", "flush"], [6, 2, 1, 1])[0]
        self.done[what] += 1
        if what == "kill":
            self.wake(pid)
            processes.kill(self.conf, self.running[place])
            self.running[place] = processes.start(self.kinds[place], self.conf)
        elif what == "stop":
            self.wake(pid)
            os.kill(pid, signal.SIGSTOP)
            self.stopped[pid] = threading.Timer(3, os.kill, (pid, signal.SIGCONT))
            self.stopped[pid].start()
        elif what == "rob":
            processes.free(self.conf, pid)
        else:
            self.world.flush()

    def wake(self, *pids: int) -> None:
        for pid in pids or list(self.stopped):
            if timer := self.stopped.pop(pid, None):
                timer.cancel()
                os.kill(pid, signal.SIGCONT)

    def end(self) -> None:
        self.wake()
        for child in self.running:
            child.kill()
            child.join(10)


@pytest.fixture
def chaos(world: World) -> Iterator[Chaos]:
    out = Chaos(world, leased(world, 2), SEED)
    yield out
    out.end()


def test_two_of_each_killed_at_random_lose_and_double_nothing(world: World, chaos: Chaos) -> None:
    print(f"seed {SEED}")
    feed = iter([range(n, n + 20) for n in range(0, MAILS, 20)])
    ends, next_feed, alerted = time.monotonic() + 11, 0.0, False
    while time.monotonic() < ends:
        if time.monotonic() > next_feed:
            world.mail_in(next(feed, range(0)))
            next_feed = time.monotonic() + 0.8
        if not alerted and world.count(Deadline) >= DUE_TICKETS:
            world.make_alerts_due()
            alerted = True
        time.sleep(chaos.random.uniform(0.02, 0.25))
        chaos.strike()
    print(dict(chaos.done))
    for numbers in feed:  # on a slow machine
        world.mail_in(numbers)
    chaos.wake()
    wait_until(lambda: world.count(InboundMail, InboundMail.state != "received") == MAILS, 120, "all mails handled")
    if not alerted:
        world.make_alerts_due()
    wait_until(lambda: world.count(Outbox, Outbox.state.in_(("pending", "sending"))) == 0
               and world.count(Alert, Alert.state.in_(("sent", "failed"))) == DUE_TICKETS * ADMINS, 60, "all letters sent")
    chaos.end()
    check(world)


# --- on a machine whose time is set ----------------------------------------------------------------


class Time:
    """Two clocks on one machine, under libfaketime; the machine shows the right time until it is set."""

    def __init__(self, world: World, conf: Settings) -> None:
        self.world, self.conf = world, conf
        self.random = random.Random(SEED)
        self.passed = 0.0  # in which the machine was off
        self.server = faketime.Server(conf, conf.home)
        self.running = [self.server.start() for _ in range(2)]

    def true(self) -> datetime:
        return db.now() + timedelta(seconds=self.passed)

    def step(self, seconds: float) -> None:
        """Somebody sets the machine's clock, and after a while right again; clocks die and begin meanwhile."""
        self._look()
        self.server.set(self.passed + seconds)
        wait_until(lambda: "frozen" in self._beat().detail, 60, "frozen")
        for _ in range(2):
            self.strike()
        self._look()
        assert "frozen" in self._beat().detail
        self.server.set(self.passed)
        wait_until(lambda: "frozen" not in self._beat().detail, 60, "the time is right again")

    def _look(self) -> None:
        before = self._beat().at
        wait_until(lambda: self._beat().at > before, 60, "one look is over")

    def _beat(self) -> Heartbeat:
        with self.world.database.read() as session:
            return session.get_one(Heartbeat, "clock")

    def strikes(self, number: int) -> None:
        for _ in range(number):
            time.sleep(self.random.uniform(0.1, 0.4))
            self.strike()

    def strike(self) -> None:
        place = self.random.randrange(2)
        self._kill(self.running[place])
        self.running[place] = self.server.start()

    def _kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), 20, "it is dead")
        processes.free(self.conf, pid)

    def stop(self, hours: float) -> None:
        """The machine is off for so long, and starts anew."""
        for pid in self.running:
            self._kill(pid)
        self.passed += hours * 3600
        self.server.set(self.passed)
        self.server.boot += 1
        self.running = [self.server.start() for _ in range(2)]

    def end(self) -> None:
        for pid in self.running:
            os.kill(pid, signal.SIGKILL)
        self.server.close()


@pytest.mark.timeout(400)  # the bounds of its waits together
def test_500_alerts_each_once_none_early_late_ones_marked(world: World) -> None:
    conf = leased(world, 2)
    began = db.now()
    make_alerts(world, began)
    clocks = Time(world, conf.model_copy(update={"alerts": conf.alerts.model_copy(update={"late_minutes": 30})}))
    try:
        wait_until(lambda: world.count(Heartbeat, Heartbeat.name == "clock"), 60, "the first look")
        clocks.strikes(10)
        wait_until(lambda: unsent(world, began + timedelta(seconds=10)) == 0, 120, "the first ones sent")
        for seconds in (8 * 3600, -3 * 3600):
            clocks.step(seconds)
            assert world.count(Alert, Alert.due_at > clocks.true(), Alert.state != "pending") == 0
        clocks.stop(26)
        clocks.strikes(6)
        wait_until(lambda: unsent(world, clocks.true()) == 0, 120, "all due alerts sent")
        ends = clocks.true()
    finally:
        clocks.end()
    with world.database.read() as session:
        told = session.scalars(select(Alert).where(Alert.due_at <= ends)).all()
        assert len(told) == 500
        assert {a.state for a in told} <= {"sent", "failed"}
        for alert in told:
            assert alert.outbox is not None
            assert alert.outbox.created_at >= alert.due_at
            assert alert.late == (alert.due_at > began + timedelta(seconds=10)), (alert.due_at, alert.late)
        assert world.count(Alert, Alert.due_at > ends, Alert.state != "pending") == 0
        assert world.count(Outbox, Outbox.kind != "report") == len({a.outbox_id for a in told})
        assert delivered(world) == Counter(a.id for a in told)
    assert len(world.letters("report")) == 2 * TOLD  # each jump was told of once
    check_letters(world, acks=0)


def delivered(world: World) -> Counter[int]:
    """How many letters, by their Message-IDs, tell of each alert: each has a link of its own to acknowledge it."""
    letters = {identity(letter): email.message_from_bytes(letter.mime, policy=email.policy.default)
               for letter in world.sink.letters}
    return Counter(int(number) for letter in letters.values()
                   for number in re.findall(r"/alerts/(\d+)\.", letter.get_content()))


def make_alerts(world: World, now: datetime) -> None:
    """For five people: 16 due soon, 84 in the 26 hours in which nobody looks, 20 later."""
    with world.database.write() as session:
        for number in range(ADMINS, TOLD):
            people.create(session, email=f"admin{number}@desk.example", name="Admin", role="admin", actor="t", now=now)
        admins = session.scalars(select(User)).all()
        ticket = Ticket(number=1, subject="s", created_at=now, last_message_at=now)
        watchers = ",".join(str(u.id) for u in admins)
        for number in range(120):
            seconds = number / 5 if number < 16 else 3 * 3600 + number * 600 if number < 100 else 40 * 3600
            deadline = Deadline(
                ticket=ticket, rule="zpp22_money", rule_version="1", start_on=now.date(), start_event="x",
                timezone="Europe/Moscow", raw_due=now.date(), due=now.date(), due_at=now + timedelta(days=30),
                explanation_ru="x", explanation_en="x", created_at=now, created_by="t", watchers=watchers)
            for user in admins:
                session.add(Alert(deadline=deadline, threshold="T-1", user_id=user.id,
                                  due_at=now + timedelta(seconds=seconds)))


def unsent(world: World, now: datetime) -> int:
    return world.count(Alert, Alert.due_at <= now, Alert.state.in_(("pending", "queued")))


# --- what must hold --------------------------------------------------------------------------------


def check(world: World) -> None:
    with world.database.read() as session:
        stored = session.scalars(select(InboundMail)).all()
        assert sorted(row.sha256 for row in stored) == sorted(world.manifest)
        assert Counter((row.state, row.reason) for row in stored) == {("done", ""): MAILS}
        assert [row.sha256 for row in stored if row.raw and hashlib.sha256(row.raw).hexdigest() != row.sha256] == []
        assert world.count(Ticket) == world.count(Event, Event.kind == "ticket.opened") == MAILS
        assert world.count(Message, Message.direction == "in") == MAILS
        assert session.scalar(select(func.count(Message.inbound_id.distinct()))) == MAILS
        assert world.count(Deadline) == MAILS
    check_letters(world)
    check_alerts(world)


def check_letters(world: World, acks: int = MAILS) -> None:
    with world.database.read() as session:
        out = {o.message_id: o for o in session.scalars(select(Outbox))}
        doubted = session.scalar(select(func.sum(Outbox.doubts))) or 0
    assert len(world.letters("ack")) == acks
    arrived = Counter(str(email.message_from_bytes(letter.mime)["Message-ID"]) for letter in world.sink.letters)
    copies = {letter.recipients[0] for letter in world.sink.letters}
    assert {f"anna{n}@mail.example" for n in range(acks)} <= copies
    assert set(arrived) == set(out)
    for message_id, times in arrived.items():
        row = out[message_id]
        assert row.state == "sent" or (row.state, row.doubts > 1) == ("uncertain", True)
        assert times == 1 or row.doubts, f"{row.kind} {row.id} came {times} times without a doubt"
    assert sum(arrived.values()) - len(arrived) <= doubted
    for _, same in itertools.groupby(sorted(world.sink.letters, key=identity), key=identity):
        assert len({letter.mime for letter in same}) == 1


def identity(letter: Any) -> str:
    return str(email.message_from_bytes(letter.mime)["Message-ID"])


def check_alerts(world: World) -> None:
    with world.database.read() as session:
        told = session.scalars(select(Alert).where(Alert.state.in_(("queued", "sent", "failed")))).all()
        assert len(told) == DUE_TICKETS * ADMINS == len({a.outbox_id for a in told})
        for alert in told:
            assert alert.outbox is not None
            assert (alert.state, alert.outbox.state) in (("sent", "sent"), ("failed", "uncertain"))
        assert session.scalar(select(func.count()).select_from(User)) == ADMINS
        assert set(session.scalars(select(Lease.name))) <= {"clock", "fetch:main"}
        assert leases.stale(session, db.now()) == []
