"""Fills the demo once: the sample complaints are mailed in, and the team does what their `desk` says.

`desk` of a sample: `assign` (a key of team.PEOPLE), `stage`, `case` with `domain`, `note`, `reply`, `papers` (where
consent and power of attorney lie), `clocks` (rule, days_ago, proof).
Everything goes the way real mail and real people go: SMTP, IMAP, worker, and the same verbs as the pages call.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import authority, db, deadlines, outbox, smtp, tickets
from ..db import Database
from ..models import PAPERS, InboundMail, Mailbox, Message, Outbox, Ticket, User
from ..settings import Settings
from . import letters, team
from .letters import Known, Sample

log = logging.getLogger(__name__)
LONGEST_WAIT = 90.0  # seconds for the letters to become tickets
ACTOR = "command"


def main(conf: Settings) -> None:
    """Does nothing when the desk has mail already."""
    database = Database(conf.database_url)
    try:
        if not _count(database, InboundMail):
            Telling(database, conf).tell()
    finally:
        database.dispose()


class Telling:
    """One filling: knows which ticket each sample became."""

    def __init__(self, database: Database, conf: Settings) -> None:
        self.database, self.conf, self.now = database, conf, db.now()
        self.known = Known(self.now, conf.desk.timezone)
        self.people: dict[str, User] = {}

    def tell(self) -> None:
        samples = letters.everything()
        with self.database.write() as session:
            self.people = team.gather(session, now=self.now)
        # A mailbox seen for the first time leaves older mail where it is: it has to be seen before they come.
        self._until(lambda: _count(self.database, Mailbox, Mailbox.uidvalidity.is_not(None)))
        # Before the fetcher's first look older mail would stay on the server: this is how a new mailbox is begun.
        self._until(lambda: _count(self.database, Mailbox, Mailbox.uidvalidity.is_not(None)))
        self._mail([s for s in samples if not s.later])
        for sample in samples:
            if sample.desk:
                with self.database.write() as session:
                    self._work(session, sample)
        self._until(lambda: not _count(self.database, Outbox, Outbox.kind == "reply", Outbox.state == "pending"))
        self._learn_replies(samples)
        self._mail([s for s in samples if s.later])

    def _mail(self, samples: list[Sample]) -> None:
        address = self.conf.sender_address
        before = _count(self.database, InboundMail)
        with smtp.Connection(self.conf.smtp) as connection:
            for sample in samples:
                at = sample.arrived_at(self.now, self.conf.desk.timezone)
                self.known.values["id", sample.key] = sample.message_id
                raw = letters.mail(sample, address, self.known, at)
                to = self.known.values.get(("address", sample.continues), address)
                connection.send(sender=sample.address, recipients=[to], before_data=lambda: None,
                                mime=f"X-Demo-Arrived: {at.isoformat()}\r\n".encode() + raw)
        self._until(lambda: _count(self.database, InboundMail) >= before + len(samples)
                    and not _count(self.database, InboundMail, InboundMail.state == "received"))

    def _until(self, true: Any) -> None:
        limit = time.monotonic() + LONGEST_WAIT
        while not true():
            if time.monotonic() > limit:
                log.error("the samples are not all there after %s s", LONGEST_WAIT)
                return
            time.sleep(0.1)

    def _work(self, session: Session, sample: Sample) -> None:
        """What the team did about it, through the same verbs as the pages."""
        ticket, desk, now = _ticket(session, sample), sample.desk, self.now
        if ticket is None:
            return
        author = session.merge(self.people[desk["assign"]])
        tickets.assign(session, self.conf, ticket, author, actor=ACTOR, now=now)
        tickets.change_stage(session, ticket, desk["stage"], actor=ACTOR, now=now)
        if "case" in desk:
            tickets.record_case(session, ticket, number=desk["case"], domain=desk["domain"], actor=ACTOR, now=now)
        if "note" in desk:
            tickets.note(session, ticket, text=self.known.fill(desk["note"]), author=author, now=now)
        if "papers" in desk:
            authority.record(session, ticket, kinds=PAPERS, scope=[], given_on=now.date(), expires_on=None, file="",
                             note=desk["papers"], author=author, now=now)
        for clock in desk.get("clocks", ()):
            self._start(session, ticket, clock)
        if "reply" in desk:
            outbox.write(session, self.conf, ticket, text=self.known.fill(desk["reply"]), author=author,
                         nonce=f"sample-{sample.key}", now=now - timedelta(minutes=1))

    def _start(self, session: Session, ticket: Ticket, clock: dict[str, Any]) -> None:
        today = self.now.astimezone(ZoneInfo(self.conf.desk.timezone)).date()
        deadlines.start(session, self.conf, ticket, clock["rule"], start_on=today - timedelta(days=clock["days_ago"]),
                        proof=self.known.fill(clock.get("proof", "")), length=clock.get("length"), actor=ACTOR,
                        now=self.now)

    def _learn_replies(self, samples: list[Sample]) -> None:
        """Numbers, Message-IDs and reply addresses for the letters that answer us."""
        with self.database.read() as session:
            for sample in samples:
                ticket = _ticket(session, sample)
                if ticket is None:
                    continue
                self.known.values["number", sample.key] = str(ticket.number)
                self.known.values["address", sample.key] = outbox.reply_address(self.conf, ticket)
                ours = session.scalar(select(Message.message_id).where(
                    Message.ticket_id == ticket.id, Message.kind == "reply").order_by(Message.id.desc()).limit(1))
                if ours:
                    self.known.values["reply", sample.key] = ours


def _ticket(session: Session, sample: Sample) -> Ticket | None:
    message = session.scalar(select(Message).where(Message.message_id == sample.message_id).limit(1))
    return session.get(Ticket, message.ticket_id) if message is not None else None


def _count(database: Database, table: Any, *where: Any) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table).where(*where)) or 0


