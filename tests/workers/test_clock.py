"""The clock as a process: its time, its heartbeat, its lease, and letters that hang."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from desk import db, deadlines, inbox, leases, machine_time, outbox, queue, tickets
from desk.blobs import Blobs
from desk.db import Database
from desk.models import Alert, Heartbeat, Lease, Mailbox, Outbox, User
from desk.settings import Settings
from workers import clock

from ..servers import SmtpSink, Valkey, wait_until
from . import processes

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
NOON = datetime(2026, 5, 12, 9, tzinfo=UTC)


@pytest.fixture
def conf(conf: Settings, smtp_sink: SmtpSink, database: Database) -> Settings:
    url = SecretStr(database.url.render_as_string(hide_password=False))
    return conf.model_copy(update={
        "smtp": conf.smtp.model_copy(update={"port": smtp_sink.port}),
        "alerts": conf.alerts.model_copy(update={"look_seconds": 0.2, "morning_hour": -1}),
        "database": conf.database.model_copy(update={"url": url})})


@pytest.fixture
def due(database: Database, conf: Settings) -> datetime:
    """One advocate and one running deadline; the moment of its first alert."""
    with database.write() as session:
        user = User(email="a@desk.example", name="A", created_at=NOON)
        session.add(user)
        session.flush()
        ticket = tickets.open_(session, conf, subject="s", person=None, arrived_at=NOON, historic=True, actor="t", now=NOON)
        tickets.assign(session, conf, ticket, user, actor="t", now=NOON)
        one = deadlines.start(session, conf, ticket, "zpp22_money", start_on=NOON.date(), actor="t", now=NOON)
        return min(alert.due_at for alert in one.alerts)


def put_off(database: Database) -> None:
    """By the machine's clock nothing is due yet."""
    with database.write() as session:
        for alert in session.scalars(select(Alert)):
            alert.due_at = db.now() + timedelta(days=1)


def make_due(database: Database) -> None:
    with database.write() as session:
        session.scalars(select(Alert).order_by(Alert.due_at).limit(1)).one().due_at = db.now()


def beat(database: Database, name: str) -> Heartbeat | None:
    with database.read() as session:
        return session.get(Heartbeat, name)


# --- the machine's clock ---------------------------------------------------------------------------


class Machine:
    """A wall clock that can be set, and the time since the machine's start, which cannot."""

    def __init__(self, database: Database, conf: Settings, start: datetime, host: str = "here") -> None:
        self.database, self.conf, self.host = database, conf, host
        self.wall, self.ticks, self.boot = start, 1000.0, "first"
        self.restart()

    def restart(self) -> None:
        """The process; what it knew is in the database."""
        self.clock = clock.Clock(self.database, self.conf, machine_time.Machine(
            lambda: self.wall, lambda: self.ticks, self.boot, self.host))
        self.clock.owner = f"{self.host}:1"

    def look(self, *, passed: float = 10, step: float = 0) -> bool:
        """One look after `passed` seconds; is sending frozen?"""
        self.ticks += passed
        self.wall += timedelta(seconds=passed + step)
        self.clock.look(self.wall)
        with self.database.read() as session:
            return self.host in [row.host for row in machine_time.frozen(session)]


def queued(database: Database, kind: str = "alert") -> int:
    with database.read() as session:
        return len(session.scalars(select(Outbox).where(Outbox.kind == kind)).all())


def frozen_detail(database: Database) -> object:
    shown = beat(database, "clock")
    assert shown is not None
    return shown.detail.get("frozen")


@pytest.mark.parametrize("step", [86400, -2 * 3600])
def test_a_jump_freezes_alerts_until_the_times_agree_again(database: Database, conf: Settings, due: datetime, step: int,
                                                           caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(database, conf, due - timedelta(seconds=60))
    assert not machine.look()
    assert machine.look(step=step)
    if step < 0:
        machine.ticks += 60  # the alert's moment passes while nobody knows what the time is
        machine.wall += timedelta(seconds=60)
    assert [machine.look(passed=p) for p in (10, 20, 29)] == [True, True, True]
    assert queued(database) == 0
    assert frozen_detail(database)["step_seconds"] == step  # type: ignore[index]
    assert "jumped" in caplog.text
    assert not machine.look(passed=5, step=-step)
    assert queued(database) == 1
    assert frozen_detail(database) is None
    assert "believed again" in caplog.text


def test_an_admin_says_that_the_time_is_right_and_alerts_go_on(
        database: Database, conf: Settings, due: datetime) -> None:
    machine = Machine(database, conf, due - timedelta(seconds=60))
    machine.look()
    assert machine.look(step=3600)
    with database.write() as session:
        assert machine_time.confirm(session) == ["here"]
        assert machine_time.confirm(session) == []
    assert not machine.look()
    assert queued(database) == 1
    assert machine.look(step=-7200)
    with database.write() as session:
        machine_time.confirm(session)
    assert not machine.look()
    assert not machine.look()


def test_the_leads_are_asked_once_and_after_hours_without_an_answer_alerts_go_on(
        database: Database, conf: Settings, due: datetime) -> None:
    machine = Machine(database, conf, due - timedelta(seconds=60))
    machine.look()
    assert all(machine.look(step=step) for step in (86400, 0, 0, -7200, 0))
    assert queued(database, "report") == 1
    assert machine.look(passed=conf.alerts.jump_hold_hours * 3600 - 60)
    assert not machine.look(passed=60)
    assert queued(database) == 1


def test_a_process_that_begins_while_the_time_is_wrong_knows_it(
        database: Database, conf: Settings, due: datetime) -> None:
    machine = Machine(database, conf, due - timedelta(hours=2))
    assert not machine.look()
    machine.wall += timedelta(hours=9)  # while no process runs
    machine.restart()
    assert machine.look()
    machine.restart()
    assert machine.look()
    assert queued(database) == 0
    assert not machine.look(step=-9 * 3600)


@pytest.mark.parametrize("stopped", ["process", "machine"])
def test_a_stop_of_26_hours_is_no_jump(database: Database, conf: Settings, due: datetime, stopped: str) -> None:
    machine = Machine(database, conf, due - timedelta(hours=1))
    assert not machine.look()
    if stopped == "machine":
        machine.ticks, machine.boot = -26 * 3600 + 30.0, "second"
    machine.restart()
    assert not machine.look(passed=26 * 3600)
    assert queued(database) == 1


def test_a_machine_that_starts_in_the_past_is_not_believed(database: Database, conf: Settings, due: datetime) -> None:
    machine = Machine(database, conf, due + timedelta(hours=1))
    machine.look()
    later = Machine(database, conf, due + timedelta(minutes=1))
    later.boot = "second"
    later.restart()
    assert later.look()
    assert later.look(passed=60)
    assert not later.look(passed=1, step=3600)


def test_the_clock_of_another_machine_goes_on(database: Database, conf: Settings, due: datetime) -> None:
    first = Machine(database, conf, due - timedelta(seconds=60))
    second = Machine(database, conf, due - timedelta(seconds=60), host="there")
    assert not first.look()
    assert not second.look()
    assert first.look(step=86400)
    assert not second.look(passed=40)  # the lease was given back: it is there for the taking
    assert frozen_detail(database) is None
    assert first.look(passed=30)
    assert frozen_detail(database) is None
    assert not second.look(passed=30)
    assert queued(database) == 1


@SQLITE
def test_small_steps_are_no_jump(database: Database, conf: Settings, due: datetime) -> None:
    machine = Machine(database, conf, due)
    assert not any(machine.look(step=s) for s in (599, -59, 300, 0, -30))
    assert machine.look(step=-61)


# --- the process -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("due")
def test_an_alert_leaves_within_seconds_and_sigterm_ends_the_clock(
        database: Database, conf: Settings, smtp_sink: SmtpSink) -> None:
    put_off(database)
    child = processes.start(processes.clock_hasty, conf)
    try:
        wait_until(lambda: beat(database, "clock"), 30)
        make_due(database)
        wait_until(lambda: smtp_sink.letters, 30)

        def sent() -> bool:
            with database.read() as session:
                return session.scalar(select(Alert.id).where(Alert.state == "sent")) is not None
        wait_until(sent, 30)
        with database.read() as session:
            assert {r.name: r.pid for r in session.scalars(select(Heartbeat))} == dict.fromkeys(("channels", "clock", "outbox"), child.pid)
        child.terminate()
        child.join(20)
        assert child.exitcode == 0
    finally:
        child.kill()
    with database.read() as session:
        assert session.get(Lease, "clock") is None
    assert len(smtp_sink.letters) == 1


@SQLITE
@pytest.mark.usefixtures("due")
def test_a_mail_server_that_hangs_is_seen_and_stops_no_alert(
        database: Database, conf: Settings, smtp_sink: SmtpSink) -> None:
    smtp_sink.answers["MAIL"] = "stall"
    put_off(database)
    child = processes.start(processes.clock_hasty, conf)
    try:
        wait_until(lambda: beat(database, "outbox"), 30)
        make_due(database)
        wait_until(lambda: smtp_sink.sessions, 30)
        hung = beat(database, "outbox")
        last = beat(database, "clock")
        assert last is not None
        wait_until(lambda: beat(database, "clock").at > last.at + timedelta(seconds=1), 30)  # type: ignore[union-attr]
        now = beat(database, "outbox")
        assert hung is not None
        assert now is not None
        assert now.at - hung.at < timedelta(seconds=0.5)
        with database.read() as session:
            silent = leases.stale(session, now.at + timedelta(seconds=121))
        assert "outbox" in silent
        assert "clock" not in silent
    finally:
        child.kill()
        child.join(10)


def test_of_two_clocks_one_looks(database: Database, conf: Settings, due: datetime) -> None:
    first, second = clock.Clock(database, conf), clock.Clock(database, conf)
    second.owner = "elsewhere:1"
    assert first.look(due - timedelta(seconds=1))
    assert not second.look(due)
    assert queued(database) == 0
    assert second.look(due + timedelta(seconds=clock.LEASE_SECONDS))
    assert queued(database) == 1
    assert not first.look(due + timedelta(seconds=clock.LEASE_SECONDS + 1))


@SQLITE
def test_a_new_user_gets_the_alerts_at_the_next_look(database: Database, conf: Settings, due: datetime) -> None:
    one = clock.Clock(database, conf)
    one.look(due - timedelta(hours=1))
    with database.write() as session:
        session.scalars(select(User)).one().active = False
        session.add(User(email="b@desk.example", name="B", created_at=NOON))
    one.look(due - timedelta(hours=1) + timedelta(seconds=10))
    with database.read() as session:
        waiting = session.scalars(select(Alert).where(Alert.state == "pending")).all()
        assert {alert.user.name for alert in waiting} == {"B"}


@SQLITE
def test_a_lost_ring_is_rung_again(database: Database, conf: Settings, valkey: Valkey) -> None:
    conf = conf.model_copy(update={"redis": conf.redis.model_copy(update={"url": SecretStr(valkey.url)})})
    with database.write() as session:
        box = Mailbox(name="main", uidvalidity=1, last_uid=0)
        session.add(box)
        session.flush()
        inbox.accept(session, box, uid=1, raw=b"Subject: x\r\n\r\n", arrived_at=NOON, size=1, historic=False,
                     truncated=False, blobs=Blobs(conf.blobs_path), now=NOON)
    connection = queue.connect(conf)
    assert connection is not None
    clock.Clock(database, conf).look(NOON + timedelta(seconds=conf.work.sweep_seconds - 1))
    assert queue.queue(connection).count == 0
    clock.Clock(database, conf).look(NOON + timedelta(seconds=conf.work.sweep_seconds + 1))
    assert queue.queue(connection).count == 1
    connection.close()


@SQLITE
def test_one_persons_trouble_stops_no_other(database: Database, conf: Settings, due: datetime,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    with database.write() as session:
        user = User(email="b@desk.example", name="B", created_at=NOON)
        session.add(user)
        session.flush()
        session.add(Alert(deadline_id=1, threshold="T-3", user_id=user.id, due_at=due))
    put = outbox.put

    def fails_for_a(*args: object, **kwargs: object) -> Outbox:
        if kwargs["to"] == ["a@desk.example"]:
            raise RuntimeError("trouble")
        return put(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(outbox, "put", fails_for_a)
    assert clock.queue_alerts(database, conf, due) == 1


def test_only_one_thread_sends_at_a_time(database: Database, conf: Settings, smtp_sink: SmtpSink) -> None:
    """Letters of two senders at once: each row is taken by one."""
    with database.write() as session:
        for number in range(20):
            outbox.put(session, conf, dedup_key=str(number), kind="alert", to=["a@mail.example"], subject="s", text="t",
                       now=db.now())
    threads = [threading.Thread(target=outbox.drain, args=(database, conf), kwargs={"now_fn": db.now}) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(smtp_sink.letters) == 20
