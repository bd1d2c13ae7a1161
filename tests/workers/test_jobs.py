"""The worker: one ring drains all, a forged job runs nothing, and without Redis it looks by itself."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr
from rq import Queue, SimpleWorker, Worker
from sqlalchemy import func, select

from desk import db, inbox, leases, queue
from desk.blobs import Blobs
from desk.db import Database
from desk.models import Heartbeat, InboundMail, Mailbox
from desk.settings import Settings
from workers import jobs

from ..servers import Valkey, wait_until
from . import processes

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def conf(conf: Settings, database: Database) -> Settings:
    url = SecretStr(database.url.render_as_string(hide_password=False))
    return conf.model_copy(update={"database": conf.database.model_copy(update={"url": url}),
                                   "work": conf.work.model_copy(update={"sweep_seconds": 1})})


def with_redis(conf: Settings, url: str) -> Settings:
    return conf.model_copy(update={"redis": conf.redis.model_copy(update={"url": SecretStr(url)})})


@pytest.fixture
def bell(valkey: Valkey) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey.url) as connection:
        yield connection


def arrive(database: Database, conf: Settings, count: int) -> None:
    with database.write() as session:
        box = session.scalar(select(Mailbox)) or Mailbox(name="main", uidvalidity=1, last_uid=0)
        session.add(box)
        session.flush()
        for uid in range(box.last_uid + 1, box.last_uid + count + 1):
            raw = f"From: a{uid}@mail.example\r\nSubject: {uid}\r\n\r\nтекст\r\n".encode()
            inbox.accept(session, box, uid=uid, raw=raw, arrived_at=db.now(), size=len(raw), historic=False,
                         truncated=False, blobs=Blobs(conf.blobs_path), now=db.now())


def done(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(InboundMail).where(InboundMail.state == "done")) or 0


def beat(database: Database) -> Heartbeat | None:
    with database.read() as session:
        return session.get(Heartbeat, "work")


def is_idle(bell: redis.Redis) -> bool:
    """The worker has finished its job and waits inside rq for the next ring."""
    return any(worker.get_state() == "idle" for worker in Worker.all(connection=bell)) and bell.llen("rq:queue:desk") == 0


def test_rings_are_heard_and_an_idle_worker_outlives_redis(
        database: Database, conf: Settings, valkey: Valkey, bell: redis.Redis) -> None:
    conf = with_redis(conf, valkey.url)
    child = processes.start(processes.work_always, conf)
    try:
        wait_until(lambda: beat(database), 30)
        arrive(database, conf, 3)
        assert queue.ring(conf, "inbox")
        wait_until(lambda: done(database) == 3, 30)
        wait_until(lambda: is_idle(bell), 30)  # killed while it works, rq gives up by itself; while it waits, never
        valkey.kill()
        arrive(database, conf, 3)
        assert not queue.ring(conf, "inbox")
        wait_until(lambda: done(database) == 6, 30)
        valkey.start()
        arrive(database, conf, 3)
        wait_until(lambda: queue.ring(conf, "inbox") and done(database) == 9, 30)
        child.terminate()
        child.join(30)
        assert child.exitcode == 0
    finally:
        child.kill()
        child.join(10)


@SQLITE
def test_a_ring_that_was_lost_costs_seconds(database: Database, conf: Settings, valkey: Valkey) -> None:
    conf = with_redis(conf, valkey.url)
    child = processes.start(processes.work_always, conf)
    try:
        wait_until(lambda: beat(database), 30)
        arrive(database, conf, 2)  # nobody rings
        wait_until(lambda: done(database) == 2, 40)
    finally:
        child.kill()
        child.join(10)


def test_a_forged_job_runs_nothing(bell: redis.Redis, tmp_path: Path) -> None:
    """Who can write to Redis must not run code."""
    mark = tmp_path / "ran"
    forged = Queue(queue.QUEUE, connection=bell, serializer="json")
    forged.enqueue("os.system", f"touch {mark}")
    forged.enqueue("workers.jobs.drain_inbox", "an argument")
    forged.enqueue("pathlib.Path.touch", str(mark))
    worker = SimpleWorker([queue.queue(bell)], connection=bell, serializer="json", job_class=queue.Job)
    worker.work(burst=True, logging_level="CRITICAL")
    assert not mark.exists()
    assert forged.count == 0
    assert len(queue.queue(bell).failed_job_registry) == 3


@SQLITE
def test_rings_do_not_pile_up(conf: Settings, valkey: Valkey, bell: redis.Redis) -> None:
    conf = with_redis(conf, valkey.url)
    for _ in range(10):
        assert queue.ring(conf, "inbox")
    assert queue.queue(bell).count == queue.WAITING_RINGS


@SQLITE
@pytest.mark.parametrize("kind", ["full", "hung", "absent"])
def test_a_broken_redis_delays_nobody_for_long(conf: Settings, valkey: Valkey, bell: redis.Redis, tmp_path: Path,
                                               kind: str) -> None:
    """The mail is committed before the ring: a ring may fail, not raise and not block."""
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "deaf"))
        deaf.listen()
        if kind == "full":
            bell.config_set("maxmemory", "1kb")
        url = {"full": valkey.url, "hung": f"unix://{tmp_path / 'deaf'}", "absent": f"unix://{tmp_path / 'none'}"}[kind]
        began = time.monotonic()
        assert not queue.ring(with_redis(conf, url), "inbox")
        assert time.monotonic() - began < 8
    client = queue._clients.pop(url)
    client.close()


# --- heartbeats mean progress ----------------------------------------------------------------------


@SQLITE
def test_a_worker_that_gets_nowhere_does_not_beat(database: Database, conf: Settings) -> None:
    child = processes.start(processes.work_hasty, conf)
    try:
        wait_until(lambda: beat(database), 30)
        first = beat(database)
        assert first is not None
        assert first.pid == child.pid
        wait_until(lambda: beat(database).at > first.at, 30)  # type: ignore[union-attr]
        with sqlite3.connect(str(database.url.database), isolation_level=None) as locked:
            locked.execute("BEGIN EXCLUSIVE")
            before = beat(database)
            time.sleep(2.5)  # longer than between two looks
            after = beat(database)
            locked.execute("ROLLBACK")
        locked.close()
        assert before is not None
        assert after is not None
        assert before.at == after.at
        wait_until(lambda: beat(database).at > before.at, 40)  # type: ignore[union-attr]
    finally:
        child.kill()
        child.join(10)


def test_parts_that_are_silent_for_two_minutes_are_named(database: Database) -> None:
    now = db.now()
    with database.write() as session:
        for name, seconds in (("clock", 121), ("work", 119), ("fetch:main", 7200)):
            leases.beat(session, name, now=now - timedelta(seconds=seconds))
        session.flush()
        assert leases.stale(session, now) == ["clock", "fetch:main"]


def test_a_pulse_is_written_when_it_is_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([db.now(), db.now() + timedelta(seconds=1)])
    pulse = leases.Pulse(database, "work", now_fn=lambda: next(moments))
    for _ in range(5):
        pulse()
    first = beat(database)
    monkeypatch.setattr(leases, "BEAT_SECONDS", -1)
    pulse()
    last = beat(database)
    assert first is not None
    assert last is not None
    assert (last.at - first.at, last.pid) == (timedelta(seconds=1), os.getpid()) or last.at > first.at


# --- mails that kill --------------------------------------------------------------------------------


def test_a_mail_whose_workers_die_comes_last_alone_and_is_held_in_the_end(database: Database, conf: Settings) -> None:
    arrive(database, conf, 3)
    now = db.now()
    with database.write() as session:
        row = session.get_one(InboundMail, 1)
        row.attempts, row.lease_until, row.lease_token = inbox.SUSPECT_ATTEMPTS, now - timedelta(seconds=1), "dead"
    assert [row.id for row in inbox.claim(database, conf, now)] == [2, 3]
    assert [row.id for row in inbox.claim(database, conf, now)] == [1]
    for _ in range(3 * inbox.LONGEST_ATTEMPTS):
        now += timedelta(hours=1)
        inbox.claim(database, conf, now, 1)
    with database.read() as session:
        rows = session.scalars(select(InboundMail)).all()
        assert {(row.state, row.reason, row.attempts) for row in rows} == {
            ("held", "worker_died", inbox.LONGEST_ATTEMPTS + 1)}


@SQLITE
def test_the_job_says_nothing_but_look(conf: Settings, database: Database) -> None:
    jobs.drain_inbox()  # in a process that is no worker: nothing happens
    arrive(database, conf, 2)
    processes.work_once(conf)
    assert done(database) == 2
