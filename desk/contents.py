"""What the files of a letter tell, read after the letter is on its ticket: text, codes, facts.

Slow and dangerous work, so it never holds a letter up: a letter's files wait in their own column, are read in the
limited child, and what was found is written in one transaction. A file that cannot be read is shown as not read.
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
from .facts import cards
from .models import Attachment, Fact, InboundMail, Message, Ticket
from .reading import Reader, ReadError
from .settings import Settings

log = logging.getLogger(__name__)
ATTEMPTS = 3
LEASE = timedelta(seconds=120)
LONGEST_TEXT = 200_000  # characters kept of one file


class Opener:
    """Reads the files of letters, one letter after another, in a child of its own."""

    def __init__(self, database: Database, conf: Settings, *, now_fn: Callable[[], datetime]) -> None:
        self.database, self.conf, self.now_fn = database, conf, now_fn
        self.reader = Reader(conf.work)

    def run(self, *, limit: int = 50) -> int:
        """How many letters' files were read or given up."""
        done = 0
        while done < limit and (message := claim(self.database, self.now_fn())) is not None:
            failpoints.hit("contents.claimed")
            self._one(message)
            done += 1
        return done

    def close(self) -> None:
        self.reader.close()

    def _one(self, message: Message) -> None:
        try:
            assert message.inbound is not None
            found = self.reader.files(inbox.raw(self.conf, message.inbound))
        except (ReadError, BlobError) as error:
            log.warning("files of message %s: %s", message.id, error)
            with self.database.write() as session:
                _failed(session, message.id, permanent=error.permanent, now=self.now_fn())
            return
        with self.database.write() as session:
            record(session, session.get_one(Message, message.id), found)
            failpoints.hit("contents.before_commit")


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
                message.contents = "failed"
                return None
    return message


def record(session: Session, message: Message, found: list[dict[str, Any]]) -> None:
    """Text on each file, facts on the ticket; a second reading of the same letter changes nothing."""
    if message.contents != "waiting":
        return
    message.contents, message.contents_try_after = "read", None
    by_place = {a.place: a for a in session.scalars(select(Attachment).where(Attachment.message_id == message.id))}
    ticket = session.get_one(Ticket, message.ticket_id, options=[selectinload(Ticket.facts)])
    known = {(f.kind, f.value) for f in ticket.facts}
    for file in found:
        attachment = by_place.get(file["place"])
        if attachment is None:
            continue
        attachment.text = cards.mask(tickets.clean(file["text"]))[:LONGEST_TEXT]
        for fact in file["facts"]:
            if (fact["kind"], fact["value"]) not in known:
                known.add((fact["kind"], fact["value"]))
                session.add(_fact(ticket.id, message.id, attachment.id, fact))


def _fact(ticket_id: int, message_id: int, attachment_id: int, fact: dict[str, Any]) -> Fact:
    return Fact(ticket_id=ticket_id, message_id=message_id, attachment_id=attachment_id, kind=fact["kind"],
                value=fact["value"][:500], quote=fact["quote"][:500], place="attachment", start=fact["start"],
                end=fact["end"], confidence=fact["confidence"], marketplace=fact["marketplace"])


def _failed(session: Session, message_id: int, *, permanent: bool, now: datetime) -> None:
    row = session.get_one(Message, message_id)
    if permanent or row.contents_attempts >= ATTEMPTS:
        row.contents, row.contents_try_after = "failed", None
    else:
        session.execute(update(Message).where(Message.id == message_id).values(
            contents_try_after=now + timedelta(seconds=10 * row.contents_attempts)))
