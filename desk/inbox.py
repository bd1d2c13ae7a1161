"""A mail becomes part of a ticket.

`accept` stores the unchanged bytes and moves the cursor (the fetcher's transaction). `drain` takes the
rows that wait, has them read in a limited child, and does everything a mail causes in one transaction
with the row's own end: done, linked, ignored or held. A worker whose lease ran out cannot commit.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, undefer

from . import audit, failpoints, reading, receiving
from .blobs import BlobError, Blobs
from .db import Database
from .facts import cards
from .models import InboundMail, Mailbox, Ticket
from .settings import Settings

log = logging.getLogger(__name__)
IN_ROW_BYTES = 1 << 20  # a file with two fsyncs costs as much as parsing: small mails live in their row
RETRY_SECONDS = (0, 2, 10, 60)
CLAIM = 25
TOGETHER = 10  # mails in one transaction: a commit costs as much as a third of the other work
SUSPECT_ATTEMPTS = 3
LONGEST_ATTEMPTS = 20  # for a mail whose workers die, and for errors of the database
MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\r\n]{1,900}>)", re.I | re.M)


class InboxError(Exception):
    """A verb of the held page cannot be done; `key` names why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


# --- storing -----------------------------------------------------------------------------------


def accept(session: Session, mailbox: Mailbox, *, uid: int, raw: bytes, arrived_at: datetime, size: int,
           historic: bool, truncated: bool, blobs: Blobs, now: datetime) -> int | None:
    """Store one mail and move the mailbox's cursor; the row's id, or None when this UID is stored already."""
    digest = hashlib.sha256(raw).hexdigest()
    if len(raw) > IN_ROW_BYTES:
        blobs.put(raw)
    found = MESSAGE_ID.search(raw[:65536])
    values = {
        "public_id": secrets.token_hex(16), "mailbox_id": mailbox.id, "uidvalidity": mailbox.uidvalidity, "uid": uid,
        "arrived_at": arrived_at, "received_at": now, "size": size, "sha256": digest,
        "raw": raw if len(raw) <= IN_ROW_BYTES else None,
        "message_id": found[1].decode("latin-1") if found else "", "historic": historic, "truncated": truncated,
        "state": "received", "reason": "", "error": "", "attempts": 0, "try_after": now,
    }
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    new_id: int | None = session.scalar(dialect.insert(InboundMail).values(values).on_conflict_do_nothing(
        index_elements=["mailbox_id", "uidvalidity", "uid"]).returning(InboundMail.id))
    mailbox.last_uid = max(mailbox.last_uid, uid)
    return new_id


def raw(conf: Settings, inbound: InboundMail) -> bytes:
    """The mail as it came, checked against its SHA-256; raises BlobError."""
    data = inbound.raw if inbound.raw is not None else Blobs(conf.blobs_path).get(inbound.sha256)
    if hashlib.sha256(data).hexdigest() != inbound.sha256:
        raise BlobError(f"mail {inbound.id} was changed in the database: restore it from a backup")
    return data


# --- processing --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claimed:
    id: int
    token: str
    raw: bytes | None
    sha256: str
    attempts: int


class Fenced(Exception):
    """The lease ran out and somebody else has the row; nothing may be committed."""


class Drain:
    """Reads ahead in one child while the rows before are being written."""

    def __init__(self, database: Database, conf: Settings, *, now_fn: Callable[[], datetime],
                 progress: Callable[[], None] = lambda: None) -> None:
        self.database, self.conf, self.now_fn, self.progress = database, conf, now_fn, progress
        self.reader = reading.Reader(conf.work)
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self.busy = False  # letters wait: slower work had better stand back

    def run(self, *, seconds: float = 60) -> int:
        """Process what waits, for about `seconds` at most; how many rows were taken.

        `progress` is called after every row, and when nothing waits.
        """
        self.busy = True
        try:
            return self._run(time.monotonic() + seconds)
        finally:
            self.busy = False

    def _run(self, limit: float) -> int:
        taken = 0
        while time.monotonic() < limit and (rows := claim(self.database, self.conf, self.now_fn())):
            taken += len(rows)
            failpoints.hit("inbox.claimed")
            started = time.monotonic()
            ahead = list(self._read_ahead(rows))
            for batch in (ahead[n:n + TOGETHER] for n in range(0, len(ahead), TOGETHER)):
                if time.monotonic() - started > self.conf.work.inbound_lease_seconds / 2:
                    self._renew(batch[0][0])
                if len(batch) == 1 or not self._together(batch):
                    for row, future in batch:
                        self._one(row, future)
                        self.progress()
                self.progress()
        self.progress()
        return taken

    def close(self) -> None:
        self.thread.shutdown(cancel_futures=True)
        self.reader.close()

    def _read_ahead(self, rows: list[Claimed]) -> Iterator[tuple[Claimed, Future[reading.Reading]]]:
        for row in rows:
            yield row, self.thread.submit(self._read, row)

    def _read(self, row: Claimed) -> reading.Reading:
        data = row.raw if row.raw is not None else Blobs(self.conf.blobs_path).get(row.sha256)
        return self.reader.read(data)

    def _renew(self, row: Claimed) -> None:
        with self.database.write() as session:
            session.execute(update(InboundMail).where(InboundMail.lease_token == row.token).values(
                lease_until=self.now_fn() + timedelta(seconds=self.conf.work.inbound_lease_seconds)))

    def _together(self, batch: list[tuple[Claimed, Future[reading.Reading]]]) -> bool:
        """Several mails in one transaction, for speed; False, and nothing written, when anything is wrong with one."""
        try:
            results = [(row, future.result()) for row, future in batch]
            failpoints.hit("inbox.read")
            with self.database.write() as session:
                for row, result in results:
                    finish(session, self.conf, row, result, now=self.now_fn())
            failpoints.hit("inbox.committed")
        except Exception:
            # Whatever it is: each of them is tried alone now, and only the one that is to blame fails.
            log.info("%s mails are processed one by one", len(batch), exc_info=True)
            return False
        return True

    def _one(self, row: Claimed, future: Future[reading.Reading]) -> None:
        try:
            result = future.result()
            failpoints.hit("inbox.read")
            self.database.retry(lambda session: finish(session, self.conf, row, result, now=self.now_fn()))
            failpoints.hit("inbox.committed")
        except Fenced:
            log.warning("mail %s was taken by another worker", row.id)
        except (reading.ReadError, BlobError) as error:
            reason = getattr(error, "reason", "blob_missing")
            self._failed(row, reason, str(error), permanent=error.permanent)
        except Exception as error:
            # One mail must never stop the others, whatever is wrong with it.
            log.exception("mail %s", row.id)
            passing = isinstance(error, SQLAlchemyError)
            self._failed(row, "crash", f"{type(error).__name__}: {error}", permanent=False, passing=passing)

    def _failed(self, row: Claimed, reason: str, words: str, *, permanent: bool, passing: bool = False) -> None:
        """Record the error in a transaction of its own; hold the mail when trying again cannot help."""
        now = self.now_fn()
        hold = permanent or row.attempts >= (LONGEST_ATTEMPTS if passing else self.conf.work.inbound_attempts)
        wait = RETRY_SECONDS[min(row.attempts, len(RETRY_SECONDS)) - 1] + (1 if passing else 0)
        with self.database.write() as session:
            session.execute(update(InboundMail).where(
                InboundMail.id == row.id, InboundMail.lease_token == row.token, InboundMail.state == "received").values(
                state="held" if hold else "received", reason=reason if hold else "", error=_storable(words),
                try_after=now + timedelta(seconds=wait), lease_token=None, lease_until=None))


def claim(database: Database, conf: Settings, now: datetime, count: int = CLAIM) -> list[Claimed]:
    """Lease the oldest rows that wait, in one short transaction.

    A row whose workers keep dying comes last and alone: it may be what kills them.
    """
    token = secrets.token_hex(16)
    died, suspect = InboundMail.lease_until < now, InboundMail.attempts >= SUSPECT_ATTEMPTS
    with database.write() as session:
        rows = _waiting(session, now, or_(InboundMail.lease_until.is_(None), and_(died, ~suspect)), count) or \
            _waiting(session, now, and_(died, suspect), 1)
        for row in rows:
            row.lease_token, row.attempts = token, row.attempts + 1
            row.lease_until = now + timedelta(seconds=conf.work.inbound_lease_seconds)
            if row.attempts > LONGEST_ATTEMPTS:
                row.state, row.reason, row.lease_until = "held", "worker_died", None
        failpoints.hit("inbox.claiming")
        return [Claimed(r.id, token, r.raw, r.sha256, r.attempts) for r in rows if r.state == "received"]


def _waiting(session: Session, now: datetime, which: ColumnElement[bool], count: int) -> Sequence[InboundMail]:
    order = (InboundMail.id,) if count > 1 else (InboundMail.attempts, InboundMail.id)
    return session.scalars(select(InboundMail).where(
        InboundMail.state == "received", InboundMail.try_after <= now, which).order_by(*order).limit(count).options(
        undefer(InboundMail.raw)).with_for_update(skip_locked=True)).all()


def finish(session: Session, conf: Settings, row: Claimed, result: reading.Reading, *, now: datetime) -> None:
    """Everything this mail causes, in the caller's transaction; raises Fenced when the row is not ours any more."""
    inbound = session.scalar(update(InboundMail).where(
        InboundMail.id == row.id, InboundMail.lease_token == row.token, InboundMail.state == "received").values(
        lease_token=None, lease_until=None).returning(InboundMail).execution_options(populate_existing=True))
    if inbound is None:
        raise Fenced
    if _waits_for_parent(session, inbound, result, now):
        return
    with session.no_autoflush:  # it flushes where it must: each one costs as much as five queries
        receiving.receive(session, conf, inbound, result, now=now)
    inbound.error = ""
    session.flush()
    failpoints.hit("inbox.before_commit")


def _waits_for_parent(session: Session, inbound: InboundMail, result: reading.Reading, now: datetime) -> bool:
    """An answer must not be threaded before the mail it answers, which another worker may hold just now."""
    named = [result.letter.in_reply_to, *result.letter.references]
    if inbound.attempts > 3 or not any(named):
        return False
    earlier = session.scalar(select(InboundMail.id).where(
        InboundMail.message_id.in_([i for i in named if i]), InboundMail.state == "received",
        InboundMail.id < inbound.id).limit(1))
    if earlier is None:
        return False
    inbound.try_after = now + timedelta(seconds=1)
    return True


def _storable(text: str) -> str:
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()[:2000]


# --- held mail ---------------------------------------------------------------------------------


def held(session: Session) -> list[InboundMail]:
    return list(session.scalars(select(InboundMail).where(InboundMail.state == "held").order_by(InboundMail.id)))


def ignored(session: Session, limit: int = 200) -> list[InboundMail]:
    return list(session.scalars(select(InboundMail).where(InboundMail.state.in_(("ignored", "linked"))).order_by(
        InboundMail.id.desc()).limit(limit)))


def by_public_id(session: Session, public_id: str) -> InboundMail | None:
    return session.scalar(select(InboundMail).where(InboundMail.public_id == public_id))


def reprocess(session: Session, inbound: InboundMail, *, actor: str, now: datetime) -> None:
    """Let a held or dismissed mail be processed again from its stored bytes."""
    if inbound.state not in ("held", "ignored"):
        raise InboxError("not_held")
    inbound.state, inbound.attempts, inbound.try_after = "received", 0, now
    inbound.reason, inbound.lease_token, inbound.lease_until = "", None, None
    audit.record(session, None, "mail.reprocessed", actor=actor, now=now, mail=inbound.public_id)


def dismiss(session: Session, inbound: InboundMail, *, reason: str, actor: str, now: datetime) -> None:
    if inbound.state != "held":
        raise InboxError("not_held")
    if not reason.strip():
        raise InboxError("reason_needed")
    reason = cards.mask(_storable(reason))
    inbound.state, inbound.reason, inbound.error = "ignored", "dismissed", reason
    audit.record(session, None, "mail.dismissed", actor=actor, now=now, mail=inbound.public_id, reason=reason)


def make_ticket(session: Session, conf: Settings, inbound: InboundMail, *, actor: str, now: datetime) -> Ticket:
    """A ticket by hand from a mail that cannot be read: its bytes as far as they are text."""
    if inbound.state != "held":
        raise InboxError("not_held")
    return receiving.by_hand(session, conf, inbound, raw(conf, inbound), actor=actor, now=now)
