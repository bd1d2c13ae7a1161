"""Who reads a mailbox and how it goes: lease, heartbeat, and the error that people see."""

from __future__ import annotations

import logging
import multiprocessing
import os
import random
import select
import time
from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select as sql_select
from sqlalchemy.orm import Session

from desk import leases, models
from desk.db import Database

log = logging.getLogger(__name__)
LEASE_SECONDS, BEAT_SECONDS = 90, 15
SLOWEST_RETRY = 300
QUICK_SIGN_INS = 3  # then a wrong password is tried every five minutes: providers lock accounts


class Lost(Exception):
    """Another fetcher has the mailbox now, or it was rebuilt meanwhile: begin again."""


class Stop:
    """Set by SIGTERM, or when the parent process is gone; a pipe, because IDLE waits in poll()."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self._set = False

    def set(self, *_: object) -> None:
        self._set = True
        os.write(self._writer, b"x")

    def is_set(self) -> bool:
        parent = multiprocessing.parent_process()
        return self._set or (parent is not None and not parent.is_alive())

    def fileno(self) -> int:
        return self._reader

    def wait(self, seconds: float) -> None:
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        poll.poll(seconds * 1000)

    def close(self) -> None:
        os.close(self._reader)
        os.close(self._writer)


class Watch:
    """Written to the database every 15 seconds at most, and at once when an error comes or goes."""

    def __init__(self, database: Database, mailbox: str, zone: ZoneInfo, stop: Stop,
                 now_fn: Callable[[], datetime]) -> None:
        self.database, self.mailbox, self.zone, self.stop, self.now_fn = database, mailbox, zone, stop, now_fn
        self.name, self.owner = f"fetch:{mailbox}", leases.owner_name()
        self.failures = 0
        self._kept_at = self._looked_at = 0.0
        self._shown: str | None = None  # unknown at the start

    def keep(self) -> bool:
        """Renew lease and heartbeat when it is time; False while another fetcher has the mailbox.

        Raises Lost when another one took it over.
        """
        if self._kept_at and time.monotonic() - self._kept_at < BEAT_SECONDS - 1:
            return True
        now = self.now_fn()
        with self.database.write() as session:
            if leases.take(session, self.name, owner=self.owner, seconds=LEASE_SECONDS, now=now) is None:
                if not self._kept_at:
                    return False
                self._kept_at = 0.0
                raise Lost("another fetcher took it over")
            leases.beat(session, self.name, now=now)
        self._kept_at = time.monotonic()
        return True

    def looked(self, error: str) -> None:
        """A look went well, but for `error` (handled mail that cannot be moved)."""
        self.failures = 0
        if error == self._shown and time.monotonic() - self._looked_at < BEAT_SECONDS - 1:
            return
        self._write(error, looked=True)
        self._looked_at = time.monotonic()

    def failed(self, error: Exception) -> None:
        self.failures += 1
        self._write(str(error) or type(error).__name__)

    def rest(self, *, permanent: bool) -> None:
        """Wait 1, 2, 4 … 300 seconds after a failure; five minutes after a third wrong password."""
        wait = min(2.0 ** (self.failures - 1), SLOWEST_RETRY) * random.uniform(0.75, 1.25)  # noqa: S311 - only jitter
        if permanent and self.failures > QUICK_SIGN_INS:
            wait = SLOWEST_RETRY * random.uniform(1, 1.2)  # noqa: S311 - only jitter
        until = time.monotonic() + wait
        while not self.stop.is_set() and (left := until - time.monotonic()) > 0:
            self.stop.wait(min(left, BEAT_SECONDS))
            try:
                self.keep()
            except Exception:
                log.exception("mailbox %s: no heartbeat", self.mailbox)

    def release(self) -> None:
        try:
            with self.database.write() as session:
                leases.release(session, self.name, owner=self.owner)
        except Exception:
            log.exception("mailbox %s: the lease ends by itself in %s s", self.mailbox, LEASE_SECONDS)

    def today(self) -> date:
        return self.now_fn().astimezone(self.zone).date()

    def _write(self, error: str, *, looked: bool = False) -> None:
        now = self.now_fn()
        try:
            with self.database.write() as session:
                mailbox = row(session, self.mailbox, self.today())
                mailbox.looked_at = now if looked else mailbox.looked_at
                mailbox.error, mailbox.error_since = error[:2000], (mailbox.error_since or now) if error else None
            self._shown = error
        except Exception:
            log.exception("mailbox %s: its state cannot be shown", self.mailbox)


def row(session: Session, name: str, today: date) -> models.Mailbox:
    """The mailbox's row, locked; made when it is seen for the first time."""
    mailbox = session.scalar(sql_select(models.Mailbox).where(models.Mailbox.name == name).with_for_update())
    if mailbox is None:
        mailbox = models.Mailbox(name=name, last_uid=0, error="")
        session.add(mailbox)
    mailbox.since = mailbox.since or today
    session.flush()
    return mailbox
