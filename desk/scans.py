"""Every file is shown to the virus scanner, when one is set up: [files] clamd.

An infected file is marked and is neither opened nor sent on; a scanner that does not answer is asked again later, and
the files stay marked as not scanned meanwhile. Files that came before the scanner was set up are scanned too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, undefer

from . import audit, clamd, inbox
from .blobs import BlobError
from .db import Database
from .models import Attachment, InboundMail, Message, Ticket
from .reading import Reader, ReadError
from .settings import Settings

log = logging.getLogger(__name__)
AGAIN = timedelta(seconds=60)
TOGETHER = 20  # files before other work has its turn


@dataclass(frozen=True)
class Waiting:
    """A file to be scanned, and the mail it is in."""

    id: int
    place: int
    inbound: InboundMail


class Scanner:
    """Shares its reader with the one who opens the files."""

    def __init__(self, database: Database, conf: Settings, reader: Reader, *, now_fn: Callable[[], datetime]) -> None:
        self.database, self.conf, self.reader, self.now_fn = database, conf, reader, now_fn
        self.silent_until: datetime | None = None  # the scanner did not answer

    def run(self) -> int:
        """How many files got a verdict; 0 at once when no scanner is set up or it does not answer."""
        if not self.conf.files.clamd or (self.silent_until and self.now_fn() < self.silent_until):
            return 0
        done = 0
        while done < TOGETHER and (file := claim(self.database, self.now_fn())) is not None:
            if not self._scan(file):
                break
            done += 1
        return done

    def _scan(self, file: Waiting) -> bool:
        try:
            data = self.reader.attachment(inbox.raw(self.conf, file.inbound), file.place)
            state, note = clamd.scan(self.conf.files.clamd, data)
        except clamd.ClamdError as error:
            log.warning("%s", error)
            if not error.permanent:
                self.silent_until = self.now_fn() + AGAIN
                return False
            state, note = "failed", str(error)
        except (ReadError, BlobError) as error:
            log.warning("file %s is not scanned: %s", file.id, error)
            state, note = "failed", str(error)
        with self.database.write() as session:
            record(session, file.id, state, note, now=self.now_fn())
        return True


def claim(database: Database, now: datetime) -> Waiting | None:
    """The newest file without a verdict; it comes back by itself after a minute."""
    with database.write() as session:
        row = session.execute(select(Attachment, InboundMail).join(
            Message, Attachment.message_id == Message.id).join(InboundMail, Message.inbound_id == InboundMail.id).where(
            Attachment.scan == "waiting", or_(Attachment.scan_after.is_(None), Attachment.scan_after <= now)).order_by(
            Attachment.id.desc()).limit(1).options(undefer(InboundMail.raw)).with_for_update(
            of=Attachment, skip_locked=True)).first()
        if row is None:
            return None
        row[0].scan_after = now + AGAIN
        return Waiting(row[0].id, row[0].place, row[1])


def record(session: Session, attachment_id: int, state: str, note: str, *, now: datetime) -> None:
    attachment = session.get_one(Attachment, attachment_id)
    attachment.scan, attachment.scan_note, attachment.scan_after = state, note[:200], None
    if state == "infected":
        ticket_id = session.scalar(select(Message.ticket_id).where(Message.id == attachment.message_id))
        audit.record(session, session.get(Ticket, ticket_id), "file.infected", actor="mail", now=now,
                     file=attachment.filename, virus=note[:200])


def waiting(session: Session) -> int:
    """Files that nobody has scanned yet."""
    return session.scalar(select(func.count()).select_from(Attachment).where(Attachment.scan == "waiting")) or 0
