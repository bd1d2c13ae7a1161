"""From a real mailbox into the database, on SQLite and PostgreSQL, with everything that goes wrong in between."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from desk import db, failpoints, leases, queue
from desk.db import Database
from desk.imap import ImapError, Inbox, Size
from desk.models import Heartbeat, InboundMail, Lease, Mailbox
from desk.settings import Settings
from workers import fetch, fetch_trouble, fetch_watch
from workers.fetch import Fetcher, Stop

from ..servers import Dovecot, wait_until

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what does not depend on the database
_users = itertools.count(1)
FAILPOINTS = ("connected", "selected", "searched", "before_fetch", "fetched", "inserted", "before_commit", "committed",
              "rung", "flagged")


def mail(number: int, size: int = 0) -> bytes:
    return (f"From: anna@mail.example\r\nMessage-ID: <{number}@mail.example>\r\nSubject: {number}\r\n\r\n"
            + "x" * size + "\r\n").encode()


@pytest.fixture
def user() -> str:
    return f"fetch{os.getpid()}-{next(_users)}"


@pytest.fixture
def conf(conf: Settings, database: Database, dovecot: Dovecot, user: str) -> Settings:
    url = SecretStr(database.url.render_as_string(hide_password=False))
    box = conf.mailbox[0].model_copy(update={"port": dovecot.port, "username": user})
    return conf.model_copy(update={"mailbox": (box,), "database": conf.database.model_copy(update={"url": url})})


def changed(conf: Settings, **values: Any) -> Settings:
    """Other settings of the mailbox, or of [fetch]."""
    inner = {k: v for k, v in values.items() if hasattr(conf.fetch, k)}
    box = conf.mailbox[0].model_copy(update={k: v for k, v in values.items() if k not in inner})
    return conf.model_copy(update={"mailbox": (box,), "fetch": conf.fetch.model_copy(update=inner)})


class Running:
    """A fetcher in a thread of this process."""

    def __init__(self, conf: Settings, database: Database) -> None:
        self.stop = Stop()
        self.fetcher = Fetcher(conf, conf.mailbox[0], database, stop=self.stop)
        self.thread = threading.Thread(target=self.fetcher.run)
        self.thread.start()

    def end(self) -> None:
        if not self.thread.is_alive():
            return
        self.stop.set()
        self.thread.join(10)
        assert not self.thread.is_alive()
        self.stop.close()


@pytest.fixture
def running(database: Database) -> Iterator[Callable[[Settings], Running]]:
    made: list[Running] = []

    def start(conf: Settings) -> Running:
        made.append(Running(conf, database))
        return made[-1]
    yield start
    for one in made:
        one.end()


def stored(database: Database) -> list[InboundMail]:
    with database.read() as session:
        return list(session.scalars(select(InboundMail).order_by(InboundMail.uid)))


def uids(database: Database) -> list[int]:
    return [row.uid for row in stored(database)]


def box_row(database: Database) -> Mailbox:
    with database.read() as session:
        row = session.scalar(select(Mailbox).where(Mailbox.name == "main"))
        assert row is not None
        return row


def test_mails_are_stored_unchanged_and_the_mailbox_too(conf: Settings, database: Database, dovecot: Dovecot,
                                                        user: str) -> None:
    mails = [mail(n, 10_000 * n) for n in range(60)]
    dovecot.load(user, mails)
    assert fetch.main(conf, "main", once=True) == 60
    assert fetch.main(conf, "main", once=True) == 0
    with database.read() as session:
        assert list(session.scalars(select(InboundMail.raw).order_by(InboundMail.uid))) == mails
    assert box_row(database).last_uid == 60
    assert box_row(database).looked_at is not None
    assert not any(row.historic or row.truncated for row in stored(database))
    assert "S" not in "".join(dovecot.flags(user))


def test_mail_from_before_the_first_day_stays_on_the_server(conf: Settings, database: Database, dovecot: Dovecot,
                                                            user: str) -> None:
    for days in (400, 30, 1):
        dovecot.deliver(user, mail(days), db.now() - timedelta(days=days))
    dovecot.deliver(user, mail(0))
    assert fetch.main(conf, "main", once=True) == 1
    assert [(row.uid, row.historic) for row in stored(database)] == [(4, False)]
    dovecot.deliver(user, mail(5), db.now() - timedelta(days=9))  # moved here from another folder
    fetch.main(conf, "main", once=True)
    assert [(row.uid, row.historic) for row in stored(database)] == [(4, False), (5, True)]


@pytest.mark.parametrize("late", [False, True])
def test_since_imports_older_mail_as_historic(conf: Settings, database: Database, dovecot: Dovecot, user: str,
                                              late: bool) -> None:
    for days in (400, 30, 1):
        dovecot.deliver(user, mail(days), db.now() - timedelta(days=days))
    dovecot.deliver(user, mail(0))
    if late:  # the desk knows the mailbox already
        fetch.main(conf, "main", once=True)
    fetch.main(conf, "main", once=True, since=(db.now() - timedelta(days=40)).date())
    assert [(row.uid, row.historic) for row in stored(database)] == [(2, True), (3, True), (4, False)]
    assert box_row(database).last_uid == 4


@SQLITE
def test_the_day_begins_in_the_desks_time_zone(conf: Settings, database: Database, dovecot: Dovecot, user: str) -> None:
    noon = datetime(2026, 5, 6, 9, tzinfo=UTC)  # 12:00 in Moscow, where the day began at 21:00 UTC
    dovecot.deliver(user, mail(1), datetime(2026, 5, 5, 20, 59, tzinfo=UTC))
    dovecot.deliver(user, mail(2), datetime(2026, 5, 5, 21, 1, tzinfo=UTC))
    stop = Stop()
    Fetcher(conf, conf.mailbox[0], database, stop=stop, now_fn=lambda: noon).run(once=True)
    stop.close()
    assert [(row.uid, row.historic, row.arrived_at.minute) for row in stored(database)] == [(2, False, 1)]


def test_a_rebuilt_mailbox_is_read_again(conf: Settings, database: Database, dovecot: Dovecot, user: str) -> None:
    dovecot.load(user, [mail(n) for n in range(3)])
    fetch.main(conf, "main", once=True)
    old = box_row(database).uidvalidity
    assert old is not None
    dovecot.rebuild(user, [mail(n) for n in range(4)], old + 5)
    fetch.main(conf, "main", once=True)
    assert [(row.uidvalidity - old, row.uid) for row in sorted(stored(database), key=lambda r: r.id)] == [
        (0, 1), (0, 2), (0, 3), (5, 1), (5, 2), (5, 3), (5, 4)]
    assert (box_row(database).uidvalidity, box_row(database).last_uid) == (old + 5, 4)


@SQLITE
def test_a_mail_that_is_too_large_keeps_its_beginning(conf: Settings, database: Database, dovecot: Dovecot,
                                                      user: str) -> None:
    large = mail(1, 3_000_000)
    dovecot.load(user, [large, mail(2)])
    fetch.main(changed(conf, max_mail_bytes=2_000_000), "main", once=True)
    with database.read() as session:
        row, other = session.scalars(select(InboundMail).order_by(InboundMail.uid))
        assert (row.truncated, row.size, row.raw) == (True, len(large), large[:1 << 20])
        assert not other.truncated


@SQLITE
def test_batches_are_bounded(conf: Settings, database: Database) -> None:
    stop = Stop()
    one = Fetcher(changed(conf, batch_mails=3, batch_bytes=1000), conf.mailbox[0], database, stop=stop)
    one.suspects = {9}
    sizes = {uid: Size(400, None) for uid in range(1, 12)} | {4: Size(5000, None)}
    assert list(one._batches(list(range(1, 12)), sizes)) == [[1, 2], [3], [4], [5, 6], [7, 8], [9], [10, 11]]
    stop.close()


@SQLITE
@pytest.mark.parametrize(("after", "flags"), [("flag", ["a", "a"]), ("move", [])])
def test_handled_mail_is_marked_after_the_commit(conf: Settings, database: Database, dovecot: Dovecot, user: str,
                                                 monkeypatch: pytest.MonkeyPatch, after: str, flags: list[str]) -> None:
    dovecot.load(user, [mail(1), mail(2)])
    rung: list[tuple[int, list[str]]] = []
    monkeypatch.setattr(queue, "ring", lambda *_: rung.append((len(stored(database)), dovecot.flags(user))))
    fetch.main(changed(conf, after=after, move_to="Handled"), "main", once=True)
    assert rung == [(2, ["", ""])]  # at that moment: committed, and nothing changed on the server
    assert dovecot.flags(user) == flags


@SQLITE
def test_a_missing_folder_is_shown_and_stops_nothing(conf: Settings, database: Database, dovecot: Dovecot,
                                                     user: str) -> None:
    dovecot.load(user, [mail(1)])
    assert fetch.main(changed(conf, after="move", move_to="Nowhere"), "main", once=True) == 1
    assert "move_to" in box_row(database).error


@pytest.mark.parametrize("name", FAILPOINTS)
def test_killed_anywhere_no_mail_is_lost_or_doubled(conf: Settings, database: Database, dovecot: Dovecot, user: str,
                                                    name: str) -> None:
    conf = changed(conf, after="flag", batch_mails=2)
    dovecot.load(user, [mail(n) for n in range(6)])
    for nth in (1, 2):
        assert killed(conf, f"fetch.{name}", nth) == (signal.SIGKILL if nth == 1 or name not in FAILPOINTS[:3] else 0)
        assert len(set(dovecot.flags(user)) - {""}) <= (1 if stored(database) else 0)
        with database.write() as session:  # a killed fetcher's lease would run out by itself
            session.query(Lease).delete()
    fetch.main(conf, "main", once=True)
    assert uids(database) == [1, 2, 3, 4, 5, 6]
    assert box_row(database).last_uid == 6


def killed(conf: Settings, name: str, nth: int) -> int:
    """Fetch once in a child that dies at the failpoint; the signal that ended it."""
    child = os.fork()
    if child == 0:
        try:
            failpoints._name, failpoints._left, failpoints._action = name, nth, "kill"
            fetch.main(conf, "main", once=True)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) * -1


# --- the loop --------------------------------------------------------------------------------------


def test_a_new_mail_is_there_within_two_seconds(conf: Settings, database: Database, dovecot: Dovecot, user: str,
                                                running: Callable[[Settings], Running]) -> None:
    running(conf)
    wait_until(lambda: heartbeat(database))
    dovecot.deliver(user, mail(1))
    wait_until(lambda: uids(database) == [1], 2)


def heartbeat(database: Database) -> Heartbeat | None:
    with database.read() as session:
        return session.get(Heartbeat, "fetch:main")


@SQLITE
def test_it_comes_back_after_the_server_was_away(conf: Settings, database: Database, user: str,
                                                 monkeypatch: pytest.MonkeyPatch,
                                                 running: Callable[[Settings], Running]) -> None:
    monkeypatch.setattr(fetch_watch.random, "uniform", lambda *_: 0.1)  # a tenth of the usual waits
    server = Dovecot()
    try:
        server.deliver(user, mail(1))
        running(changed(conf, port=server.port))
        wait_until(lambda: uids(database) == [1])
        server.stop()
        wait_until(lambda: "host" in box_row(database).error)
        assert box_row(database).error_since is not None
        server.deliver(user, mail(2))
        server.start()
        wait_until(lambda: uids(database) == [1, 2])
        wait_until(lambda: box_row(database).error == "" and box_row(database).error_since is None)
    finally:
        server.close()


@SQLITE
def test_a_wrong_password_is_shown_in_words(conf: Settings, database: Database) -> None:
    with pytest.raises(ImapError):
        fetch.main(changed(conf, password=SecretStr("wrong")), "main", once=True)
    assert "Неверный логин или пароль" in box_row(database).error


@SQLITE
@pytest.mark.parametrize(("failures", "permanent", "least", "most"), [
    (1, False, 0.75, 1.25), (4, False, 6, 10), (30, False, 225, 375), (3, True, 3, 5), (4, True, 300, 360)])
def test_how_long_it_rests(database: Database, conf: Settings, failures: int, permanent: bool, least: float,
                           most: float) -> None:
    class Noted(Stop):
        waited = 0.0

        def wait(self, seconds: float) -> None:
            self.waited, self._set = seconds, True

    stop = Noted()
    fetcher = Fetcher(conf, conf.mailbox[0], database, stop=stop)
    fetcher.watch.failures = failures
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetch_watch, "BEAT_SECONDS", 10_000)
        fetcher.watch.rest(permanent=permanent)
    assert least - 0.1 <= stop.waited <= most
    stop.close()


def test_two_fetchers_and_one_lease(conf: Settings, database: Database, dovecot: Dovecot, user: str,
                                    monkeypatch: pytest.MonkeyPatch, running: Callable[[Settings], Running]) -> None:
    monkeypatch.setattr(fetch, "LEASE_CHECK_SECONDS", 0.05)
    first = running(conf)
    wait_until(lambda: heartbeat(database))
    monkeypatch.setattr(leases, "owner_name", lambda: "elsewhere:1")
    second = running(conf)
    dovecot.deliver(user, mail(1))
    wait_until(lambda: uids(database) == [1])
    assert second.fetcher.stored == 0
    first.end()
    dovecot.deliver(user, mail(2))
    wait_until(lambda: second.fetcher.stored == 1)
    assert uids(database) == [1, 2]


@SQLITE
def test_sigterm_ends_it_and_frees_the_mailbox(conf: Settings, database: Database) -> None:
    child = os.fork()
    if child == 0:
        fetch.main(conf, "main")
        os._exit(7)
    wait_until(lambda: heartbeat(database))
    os.kill(child, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    with database.read() as session:
        assert session.get(Lease, "fetch:main") is None


@SQLITE
def test_every_mailbox_has_a_process_that_comes_back(conf: Settings, database: Database, dovecot: Dovecot,
                                                     user: str) -> None:
    other = conf.mailbox[0].model_copy(update={"name": "second", "username": f"{user}-b"})
    conf = conf.model_copy(update={"mailbox": (*conf.mailbox, other)})
    dovecot.deliver(user, mail(1))
    dovecot.deliver(f"{user}-b", mail(2))
    child = os.fork()
    if child == 0:
        fetch.run_all(conf)
        os._exit(7)
    wait_until(lambda: len(stored(database)) == 2, 30)
    beat = heartbeat(database)
    assert beat is not None
    os.kill(beat.pid, signal.SIGKILL)
    with database.write() as session:
        session.query(Lease).delete()
    dovecot.deliver(user, mail(3))
    wait_until(lambda: len(stored(database)) == 3, 30)
    os.kill(child, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


# --- mails that do not come ------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between tries."""
    monkeypatch.setattr(fetch_trouble, "WAIT", 0.0)
    monkeypatch.setattr(fetch_watch.random, "uniform", lambda *_: 0.0)


@pytest.mark.usefixtures("quick")
def test_one_mail_that_cannot_be_fetched_stops_no_other(
        conf: Settings, database: Database, dovecot: Dovecot, user: str, monkeypatch: pytest.MonkeyPatch,
        running: Callable[[Settings], Running]) -> None:
    fetch_all, part, cursors = Inbox.fetch, Inbox._part, []

    def evil(uid: int) -> None:
        if uid == 3:
            cursors.append(box_row(database).last_uid)
            raise ImapError("the server announced 4000000000 bytes")

    def evil_fetch(self: Inbox, sizes: dict[int, int]) -> dict[int, bytes]:
        for uid in sizes:
            evil(uid)
        return fetch_all(self, sizes)

    def evil_part(self: Inbox, uid: int, start: int, count: int) -> bytes | None:
        evil(uid)
        return part(self, uid, start, count)

    monkeypatch.setattr(Inbox, "fetch", evil_fetch)
    monkeypatch.setattr(Inbox, "_part", evil_part)
    dovecot.load(user, [mail(n) for n in range(1, 7)])
    running(conf)
    wait_until(lambda: uids(database) == [1, 2, 3, 4, 5, 6])
    assert max(cursors) == 2  # never past the mail that is not stored
    assert len(cursors) == 1 + fetch_trouble.TRIES
    assert box_row(database).last_uid == 6
    with database.read() as session:
        note = session.scalars(select(InboundMail).where(InboundMail.uid == 3)).one()
        assert b"4000000000" in (note.raw or b"")
        assert (note.truncated, note.size, note.message_id) == (True, len(mail(3)), "")


@SQLITE
@pytest.mark.usefixtures("quick")
def test_a_mail_that_vanished_leaves_a_note(conf: Settings, database: Database, dovecot: Dovecot, user: str,
                                            monkeypatch: pytest.MonkeyPatch,
                                            running: Callable[[Settings], Running]) -> None:
    fetch_all, tries = Inbox.fetch, []

    def without_two(self: Inbox, sizes: dict[int, int]) -> dict[int, bytes]:
        tries.append(1)
        return {uid: raw for uid, raw in fetch_all(self, sizes).items() if uid != 2}

    monkeypatch.setattr(Inbox, "fetch", without_two)
    monkeypatch.setattr(Inbox, "whole", lambda *_: None)
    dovecot.load(user, [mail(n) for n in range(1, 4)])
    running(conf)
    wait_until(lambda: uids(database) == [1, 2, 3])
    with database.read() as session:
        note = session.scalars(select(InboundMail).where(InboundMail.uid == 2)).one()
        assert "исчезло".encode() in (note.raw or b"")
    assert box_row(database).last_uid == 3


@pytest.mark.usefixtures("quick")
def test_a_database_that_fails_once_loses_nothing(conf: Settings, database: Database, dovecot: Dovecot, user: str,
                                                  monkeypatch: pytest.MonkeyPatch,
                                                  running: Callable[[Settings], Running]) -> None:
    insert, failed = Fetcher._insert, []

    def insert_or_fail(self: Fetcher, *args: Any) -> int:
        if not failed:
            failed.append(1)
            raise OSError("disk full")
        return insert(self, *args)

    monkeypatch.setattr(Fetcher, "_insert", insert_or_fail)
    dovecot.load(user, [mail(1), mail(2)])
    running(conf)
    wait_until(lambda: uids(database) == [1, 2])
