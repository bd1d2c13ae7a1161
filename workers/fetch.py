"""Reads one mailbox for ever: waits for mail, stores it unchanged, and only then rings.

Promises: the bytes and the cursor are committed together, before anything changes on the server; the
cursor never passes a mail that is not stored; a mail that cannot be fetched stops no other one and ends
as a row that says so. One fetcher for a mailbox: a lease in the database.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from datetime import time as clock_time
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from desk import db, failpoints, inbox, models, queue, settings
from desk.blobs import Blobs
from desk.db import Database
from desk.imap import ImapError, Inbox, Size
from desk.settings import Settings

from . import fetch_watch
from .fetch_trouble import Mail, Trouble, stub
from .fetch_watch import BEAT_SECONDS, Lost, Stop, Watch

log = logging.getLogger(__name__)
HEAD_BYTES = 1 << 20  # kept of a mail that is too large
LEASE_CHECK_SECONDS = 5
BATCH = 25  # rows in one transaction at most, whatever is set


def main(conf: Settings, mailbox_name: str, *, since: date | None = None, once: bool = False) -> int:
    """Fetch until SIGTERM, or with `once` what is there now; how many mails were stored.

    `since`: import older mail from that day on; it is historic and never acknowledged. Raises ImapError
    with `once` only, and SettingsError for a mailbox that is not configured.
    """
    box = next((b for b in conf.mailbox if b.name == mailbox_name), None)
    if box is None:
        raise settings.SettingsError(f"There is no mailbox {mailbox_name!r}: add a [[mailbox]] block with this name.")
    database, stop = Database(conf.database_url), Stop()
    before = {n: signal.signal(n, stop.set) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        return Fetcher(conf, box, database, stop=stop, since=since).run(once=once)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()
        database.dispose()


def run_all(conf: Settings) -> None:
    """Every configured mailbox until SIGTERM: one child process each, restarted when it ends."""
    if len(conf.mailbox) == 1:
        main(conf, conf.mailbox[0].name)
        return
    stop, context = Stop(), multiprocessing.get_context("spawn")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop.set)
    children: dict[str, multiprocessing.process.BaseProcess] = {}
    while not stop.is_set():
        for box in conf.mailbox:
            if box.name not in children or not children[box.name].is_alive():
                children[box.name] = context.Process(target=main, args=(conf, box.name), name=f"fetch {box.name}")
                children[box.name].start()
        stop.wait(2)
    for child in children.values():
        child.terminate()
    for child in children.values():
        child.join(20)


class Fetcher:
    """The loop for one mailbox; `position` is the highest UID looked at, `trouble` what waits for another try."""

    def __init__(self, conf: Settings, box: settings.Mailbox, database: Database, *, stop: Stop,
                 since: date | None = None, now_fn: Callable[[], datetime] = db.now) -> None:
        self.conf, self.box, self.database, self.stop, self.now_fn = conf, box, database, stop, now_fn
        self.zone, self.blobs = ZoneInfo(conf.desk.timezone), Blobs(conf.blobs_path)
        self.watch = Watch(database, box.name, self.zone, stop, now_fn)
        self.since, self.historic_before = since, date.min
        self.row_id = self.uidvalidity = self.position = self.stored = 0
        self.suspects: set[int] = set()  # were in a batch that failed: fetched one by one
        self.trouble: dict[int, Trouble] = {}
        self.mark_error = ""

    def run(self, *, once: bool = False) -> int:
        """Until `stop`; with `once` one look, whose errors are raised. How many mails were stored."""
        while not self.stop.is_set():
            try:
                if self.watch.keep():
                    self._session(once)
                elif not once:
                    self.stop.wait(LEASE_CHECK_SECONDS)
            except Lost as lost:
                log.warning("mailbox %s: %s", self.box.name, lost)
            except ImapError as error:
                log.warning("%s", error)
                self._failed(error, once)
            except Exception as error:
                log.exception("mailbox %s", self.box.name)
                self._failed(error, once)
            if once:
                break
        self.watch.release()
        return self.stored

    def _session(self, once: bool) -> None:
        with Inbox(self.box) as box:
            failpoints.hit("fetch.selected")
            self._begin(box)
            while not self.stop.is_set():
                self._look(box)
                self.watch.looked(self.mark_error)
                if once:
                    return
                box.wait(min(self.conf.fetch.look_seconds, BEAT_SECONDS, self._next_try()), self.stop.fileno())
                self.watch.keep()

    def _failed(self, error: Exception, once: bool) -> None:
        self.watch.failed(error)
        if once:
            self.watch.release()
            raise error
        self.watch.rest(permanent=getattr(error, "permanent", False))

    # --- where to begin ------------------------------------------------------------------------

    def _begin(self, box: Inbox) -> None:
        """Find the position: the cursor, or for a new or rebuilt mailbox the first mail that counts."""
        today = self.watch.today()
        with self.database.write() as session:
            row = fetch_watch.row(session, self.box.name, today)
            known, cursor, self.row_id = row.uidvalidity, row.last_uid, row.id
            self.historic_before = row.since or today
        same = known == box.uidvalidity
        if not same:
            self.position, self.suspects, self.trouble = 0, set(), {}
        if same and self.since is None:
            self.position = max(self.position, cursor)
        else:
            day = min(self.since or self.historic_before, today)
            first, skipped = box.first_since(datetime.combine(day, clock_time.min, self.zone))
            self.position = max(self.position, first)
            log.warning("mailbox %s: %s; %s mails before %s stay on the server only", self.box.name,
                        "looked through again" if same else "new" if known is None else
                        f"rebuilt (UIDVALIDITY {known} is now {box.uidvalidity}), everything is read again",
                        skipped, day)
        if not same:
            with self.database.write() as session:
                row = fetch_watch.row(session, self.box.name, today)
                row.uidvalidity, row.last_uid = box.uidvalidity, self.position
        self.uidvalidity, self.since = box.uidvalidity, None

    # --- one look --------------------------------------------------------------------------------

    def _look(self, box: Inbox) -> None:
        while not self.stop.is_set() and (uids := box.uids_above(self.position)):
            failpoints.hit("fetch.searched")
            sizes = box.sizes(uids)
            for batch in self._batches(uids, sizes):
                if self.stop.is_set():
                    return
                self.watch.keep()
                self._take(box, batch, sizes)
        for uid in [u for u, t in self.trouble.items() if t.next_try <= time.monotonic()]:
            self._try_again(box, uid)

    def _batches(self, uids: list[int], sizes: Mapping[int, Size]) -> Iterator[list[int]]:
        """Bounded by count and bytes; a suspect is alone."""
        count = min(self.conf.fetch.batch_mails, BATCH)
        batch: list[int] = []
        total = 0
        for uid in uids:
            size = min(sizes[uid].bytes, self.conf.fetch.max_mail_bytes) if uid in sizes else 0
            alone = uid in self.suspects or (batch and batch[-1] in self.suspects)
            if batch and (alone or len(batch) >= count or total + size > self.conf.fetch.batch_bytes):
                yield batch
                batch, total = [], 0
            batch.append(uid)
            total += size
        if batch:
            yield batch

    def _take(self, box: Inbox, uids: list[int], sizes: Mapping[int, Size]) -> None:
        """Fetch a batch, commit it, ring, and only then touch the server."""
        failpoints.hit("fetch.before_fetch")
        try:
            mails = self._fetch(box, uids, sizes)
        except ImapError as error:
            if len(uids) > 1:
                self.suspects.update(uids)
            else:
                self.position = uids[0]
                self._troubled(uids[0], sizes.get(uids[0]), str(error), gone=False)
            raise
        failpoints.hit("fetch.fetched")
        for uid in uids:
            if uid not in mails:
                self._troubled(uid, sizes.get(uid), "the server has no body for it", gone=True)
        self._store(mails, position=uids[-1])
        self.suspects.difference_update(uids)
        self._mark(box, list(mails))

    def _fetch(self, box: Inbox, uids: list[int], sizes: Mapping[int, Size]) -> dict[int, Mail]:
        limit, now = self.conf.fetch.max_mail_bytes, self.now_fn()
        known = {uid: sizes[uid] for uid in uids if uid in sizes}
        fits = {uid: size.bytes for uid, size in known.items() if size.bytes <= limit}
        if len(uids) == 1 and uids[0] in self.suspects:
            bodies = {uid: box.whole(uid, size) for uid, size in fits.items()}
        else:
            bodies = dict(box.fetch(fits))
        for uid in known.keys() - fits.keys():
            bodies[uid] = box.head(uid, HEAD_BYTES)
        return {uid: Mail(raw, known[uid].bytes, known[uid].arrived_at or now, len(raw) < known[uid].bytes)
                for uid in uids if (raw := bodies.get(uid)) is not None}

    def _store(self, mails: Mapping[int, Mail], *, position: int, settled: int = 0) -> None:
        """Rows and cursor in one transaction, then the bell; only then the position moves."""
        if mails:
            cursor = min([position, *(uid - 1 for uid in self.trouble if uid != settled)])
            self.stored += self.database.retry(lambda session: self._insert(session, mails, cursor))
            failpoints.hit("fetch.committed")
            queue.ring(self.conf, "inbox")
            failpoints.hit("fetch.rung")
            self.watch.failures = 0
        self.position = position
        self.trouble.pop(settled, None)

    def _insert(self, session: Session, mails: Mapping[int, Mail], cursor: int) -> int:
        row = session.get_one(models.Mailbox, self.row_id, with_for_update=True)
        if row.uidvalidity != self.uidvalidity:
            raise Lost("it was rebuilt while it was being read")
        before, now, new = row.last_uid, self.now_fn(), 0
        with session.no_autoflush:  # otherwise the cursor is written once for every mail
            for uid, mail in mails.items():
                historic = mail.arrived_at.astimezone(self.zone).date() < self.historic_before
                new += inbox.accept(
                    session, row, uid=uid, raw=mail.raw, arrived_at=mail.arrived_at, size=mail.size, historic=historic,
                    truncated=mail.truncated, blobs=self.blobs, now=now) is not None
        failpoints.hit("fetch.inserted")
        row.last_uid = max(before, cursor)
        session.flush()
        failpoints.hit("fetch.before_commit")
        return new

    def _mark(self, box: Inbox, uids: list[int]) -> None:
        """What the settings want done with handled mail; a missing folder must not stop the fetching."""
        if not uids or self.box.after == "nothing":
            return
        try:
            if self.box.after == "flag":
                box.flag(uids)
            else:
                box.move(uids, self.box.move_to)
            self.mark_error = ""
        except ImapError as error:
            if not error.permanent:
                raise
            log.warning("%s", error)
            self.mark_error = str(error)
        failpoints.hit("fetch.flagged")

    # --- mails that do not come --------------------------------------------------------------------

    def _troubled(self, uid: int, size: Size | None, why: str, *, gone: bool) -> None:
        log.warning("mailbox %s, UID %s: %s", self.box.name, uid, why)
        self.trouble.setdefault(uid, Trouble(size.bytes if size else 0, size.arrived_at if size else None))
        self.trouble[uid].again(why, gone=gone)

    def _try_again(self, box: Inbox, uid: int) -> None:
        """The other mails have passed it; the cursor has not."""
        trouble = self.trouble[uid]
        try:
            self.suspects.add(uid)
            found = {} if trouble.is_hopeless else self._fetch(box, [uid], box.sizes([uid]))
        except ImapError as error:
            trouble.again(str(error), gone=False)
            raise
        finally:
            self.suspects.discard(uid)
        if uid not in found and not trouble.is_hopeless:
            trouble.again("the server has no body for it", gone=True)
            return
        if uid not in found:
            log.error("mailbox %s, UID %s cannot be fetched, a note is kept instead: %s", self.box.name, uid,
                      trouble.why)
            found = {uid: stub(self.box, uid, trouble, self.now_fn())}
        self._store(found, position=self.position, settled=uid)
        self._mark(box, [] if trouble.is_hopeless else [uid])

    def _next_try(self) -> float:
        return max(0.05, min((t.next_try for t in self.trouble.values()), default=1e9) - time.monotonic())


__all__ = ["Fetcher", "Stop", "main", "run_all"]
