"""What the files of a letter tell, read after the letter is on its ticket: text, codes, facts.

Slow and dangerous work, so it never holds a letter up: a letter's files wait in its own column, each is read in the
limited child and written in a transaction of its own. A file that cannot be read says why and stops no other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from . import failpoints, inbox, tickets
from .blobs import BlobError
from .db import Database
from .facts import cards, ocr
from .models import Attachment, Fact, InboundMail, Message, Ticket
from .reading import Reader, ReadError
from .scans import Scanner
from .settings import Settings

log = logging.getLogger(__name__)
ATTEMPTS = 3
LEASE = timedelta(seconds=180)  # for one file
LONGEST_TEXT = 200_000  # characters kept of one file
MOST = 50  # files of one letter that are read
REASONS = {"timeout": "too_slow", "crash": "too_much", "parse_failed": "damaged"}


class Opener:
    """Reads the files of letters, one after another, in a child of its own; has them scanned first."""

    def __init__(self, database: Database, conf: Settings, *, now_fn: Callable[[], datetime]) -> None:
        self.database, self.conf, self.now_fn = database, conf, now_fn
        self.reader = Reader(conf.files)
        self.scanner = Scanner(database, conf, self.reader, now_fn=now_fn)
        if ocr.available():
            with database.write() as session:
                read_again(session, now_fn())

    def run(self, *, limit: int = 50) -> int:
        """How many letters' files were read or given up."""
        self.scanner.run()
        done = 0
        while done < limit and (message := claim(self.database, self.now_fn())) is not None:
            failpoints.hit("contents.claimed")
            self._letter(message)
            done += 1
        return done

    def close(self) -> None:
        self.reader.close()

    def _letter(self, message: Message) -> None:
        try:
            assert message.inbound is not None
            raw = inbox.raw(self.conf, message.inbound)
        except BlobError as error:
            log.error("files of message %s: %s", message.id, error)
            with self.database.write() as session:
                _give_up(session, message.id, "lost")
            return
        with self.database.read() as session:
            places = session.scalars(select(Attachment.place).where(
                Attachment.message_id == message.id, Attachment.state == "waiting",
                Attachment.scan != "infected").order_by(Attachment.place)).all()
        for place in places[:MOST]:
            self._file(message.id, raw, place)
        with self.database.write() as session:
            finish(session, message.id)
            failpoints.hit("contents.before_commit")

    def _file(self, message_id: int, raw: bytes, place: int) -> None:
        found: dict[str, Any] | None = None
        reason = ""
        try:
            found = self.reader.file(raw, place)
        except ReadError as error:
            log.warning("file %s of message %s: %s", place, message_id, error)
            reason = REASONS.get(error.reason, "damaged")
        with self.database.write() as session:
            if found is None:
                fail(session, message_id, place, reason)
            else:
                record(session, message_id, place, found)
            session.execute(update(Message).where(Message.id == message_id).values(
                contents_try_after=self.now_fn() + LEASE))


def claim(database: Database, now: datetime) -> Message | None:
    """The oldest letter whose files wait; it comes back by itself when its reader dies."""
    with database.write() as session:
        message = session.scalar(select(Message).where(
            Message.contents == "waiting", Message.contents_try_after <= now).order_by(
            Message.contents_try_after, Message.id).limit(1).options(
            joinedload(Message.inbound).undefer(InboundMail.raw)).with_for_update(of=Message, skip_locked=True))
        if message is not None:
            message.contents_try_after = now + LEASE
            message.contents_attempts += 1
            if message.contents_attempts > ATTEMPTS:  # its reader died each time
                _give_up(session, message.id, "too_much")
                return None
    return message


def record(session: Session, message_id: int, place: int, found: dict[str, Any]) -> None:
    """Text on the file, facts on the ticket; a second reading of the same file changes nothing."""
    attachment = _waiting(session, message_id, place)
    if attachment is None:
        return
    text = cards.mask(tickets.clean(found["text"]))[:LONGEST_TEXT]
    attachment.state, attachment.note, attachment.pages = "read", found["note"], found["pages"]
    if found["note"] in ("damaged", "too_large"):
        attachment.state = "failed"
    attachment.text, attachment.parts = text, found["parts"]
    message = session.get_one(Message, message_id)
    ticket = session.get_one(Ticket, message.ticket_id, options=[selectinload(Ticket.facts)])
    known = {(f.kind, f.value) for f in ticket.facts}
    for fact in found["facts"]:
        if (fact["kind"], fact["value"]) not in known:
            known.add((fact["kind"], fact["value"]))
            session.add(_fact(ticket.id, message_id, attachment.id, fact))


def fail(session: Session, message_id: int, place: int, reason: str) -> None:
    """`reason`: too_slow, too_much (memory, or its reader died), damaged, lost."""
    attachment = _waiting(session, message_id, place)
    if attachment is not None:
        attachment.state, attachment.note = "failed", reason


def finish(session: Session, message_id: int) -> None:
    """All its files were looked at; the letter says when one could not be read."""
    files = session.scalars(select(Attachment).where(Attachment.message_id == message_id)).all()
    for file in files:
        if file.state == "waiting":  # more than are read, or a virus in it
            file.state, file.note = "read", "not_opened"
    row = session.get_one(Message, message_id)
    row.contents, row.contents_try_after = "read", None
    if any(file.state == "failed" for file in files):
        row.contents = "failed"


def read_again(session: Session, now: datetime) -> int:
    """Files that wanted OCR before it was installed wait again; how many letters."""
    wanting = select(Attachment.message_id).where(Attachment.note == "no_ocr")
    letters = session.scalars(select(Message.id).where(Message.id.in_(wanting), Message.inbound_id.is_not(None))).all()
    session.execute(update(Attachment).where(Attachment.note == "no_ocr").values(state="waiting"))
    session.execute(update(Message).where(Message.id.in_(letters)).values(
        contents="waiting", contents_try_after=now, contents_attempts=0))
    return len(letters)


def again(session: Session, attachment_id: int, *, now: datetime) -> None:
    """One file is read once more."""
    file = session.get_one(Attachment, attachment_id)
    file.state = "waiting"
    session.execute(update(Message).where(Message.id == file.message_id).values(
        contents="waiting", contents_try_after=now, contents_attempts=0))


def _waiting(session: Session, message_id: int, place: int) -> Attachment | None:
    return session.scalar(select(Attachment).where(
        Attachment.message_id == message_id, Attachment.place == place, Attachment.state == "waiting"))


def _fact(ticket_id: int, message_id: int, attachment_id: int, fact: dict[str, Any]) -> Fact:
    return Fact(ticket_id=ticket_id, message_id=message_id, attachment_id=attachment_id, kind=fact["kind"],
                value=cards.mask_fact(fact["kind"], fact["value"])[:500],
                quote=cards.mask_fact(fact["kind"], fact["quote"])[:500], place=fact["place"],
                start=fact["start"], end=fact["end"], confidence=fact["confidence"], marketplace=fact["marketplace"])


def _give_up(session: Session, message_id: int, reason: str) -> None:
    session.execute(update(Attachment).where(
        Attachment.message_id == message_id, Attachment.state == "waiting").values(state="failed", note=reason))
    session.execute(update(Message).where(Message.id == message_id).values(
        contents="failed", contents_try_after=None))
