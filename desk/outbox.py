"""A reply becomes a mail: exact bytes and Message-ID first, then claim, commit, send, record.

A letter is accepted twice only if the connection or the process died between the final dot and our
commit; then with the same Message-ID, and `doubts` says so on the page.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, selectinload, undefer

from . import audit, deadlines, failpoints, mail, smtp, tickets
from .db import Database
from .facts import cards
from .models import Message, Outbox, OutboxRecipient, Person, Ticket, User
from .settings import Settings

log = logging.getLogger(__name__)
# Minutes between attempts: 1, 5, 15, 60 min, 3 h, then every 6 h for two days.
RETRY_MINUTES = (1, 5, 15, 60, 180, *[360] * 8)


class OutboxError(Exception):
    """A letter cannot be written; `key` names why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


# --- writing -----------------------------------------------------------------------------------


def write(session: Session, conf: Settings, ticket: Ticket, *, text: str, author: User, nonce: str,
          to: Person | None = None, now: datetime) -> Outbox:
    """A reply, leaving after the undo window. The same nonce again gives the same letter.

    `to`: somebody of the ticket; nobody named means the consumer whose ticket it is.
    """
    key = f"reply:{author.id}:{nonce}"
    if (known := session.scalar(select(Outbox).where(Outbox.dedup_key == key))) is not None:
        return known
    if not text.strip():
        raise OutboxError("empty_text")
    person = to or ticket.consumer
    if person is None or not person.address:
        raise OutboxError("no_address")
    if to is not None and not tickets.is_participant(session, ticket, to):
        raise OutboxError("not_on_ticket")
    letters = [m for m in ticket.messages if m.message_id and m.kind != "note"]
    answered = _answered(letters, person)
    body = cards.mask(tickets.clean(text))
    out = put(session, conf, dedup_key=key, kind="reply", to=[person.address],
              subject=f"Re: {without_tag(ticket.subject)} [#{ticket.number}]", text=body, ticket=ticket,
              in_reply_to=answered.message_id if answered else "",
              references=[m.message_id for m in letters], try_after=now + timedelta(seconds=conf.smtp.undo_seconds),
              now=now)
    session.add(Message(ticket=ticket, outbox=out, direction="out", kind="reply", author=author, text=body,
                        subject=ticket.subject, message_id=out.message_id, created_at=now,
                        sender_name=conf.desk.name, sender_address=conf.sender_address))
    ticket.state, ticket.unread, ticket.last_message_at = "waiting", False, now
    audit.record(session, ticket, "reply.written", actor=f"user:{author.id}", now=now, message_id=out.message_id)
    return out


def _answered(letters: Sequence[Message], person: Person) -> Message | None:
    """The newest letter of this person; if there is none, the newest that came in."""
    came = [m for m in reversed(letters) if m.direction == "in"]
    return next((m for m in came if m.person_id == person.id), came[0] if came else None)


def put(session: Session, conf: Settings, *, dedup_key: str, kind: str, to: Sequence[str], subject: str, text: str,
        ticket: Ticket | None = None, in_reply_to: str = "", references: Sequence[str] = (),
        headers: Mapping[str, str] | None = None, envelope_from: str | None = None,
        attachments: Sequence[tuple[str, str, bytes]] = (), try_after: datetime | None = None,
        now: datetime) -> Outbox:
    """Store a letter with its exact bytes; one row for a dedup_key, for ever. ValueError for a bad address."""
    if (known := session.scalar(select(Outbox).where(Outbox.dedup_key == dedup_key))) is not None:
        return known
    sender, subject, text = conf.sender_address, cards.mask(subject), cards.mask(text)
    # An e-mail never acts as staff: alerts take no answer.
    answerable = ticket if kind in ("reply", "ack", "letter") else None
    message_id = f"<{uuid.uuid4().hex}.{secrets.token_hex(6)}@{sender.rpartition('@')[2]}>"
    mime = mail.compose(
        message_id=message_id, from_=mail.Address(conf.desk.name, sender), to=[mail.Address("", a) for a in to],
        subject=subject, text=text, date=now, reply_to=reply_address(conf, answerable) if answerable else "",
        in_reply_to=in_reply_to, references=references, headers=headers or {}, attachments=attachments)
    out = Outbox(dedup_key=dedup_key, ticket_id=ticket.id if ticket else None, kind=kind, message_id=message_id,
                 envelope_from=sender if envelope_from is None else envelope_from, mime=mime,
                 try_after=try_after or now, created_at=now,
                 recipients=[OutboxRecipient(address=address) for address in dict.fromkeys(to)])
    session.add(out)
    session.flush()
    return out


def undo(session: Session, out: Outbox, *, actor: str, now: datetime) -> bool:
    """Take a reply back while it still waits; False when it is too late."""
    session.flush()
    session.refresh(out, with_for_update=True)
    if out.state != "pending" or out.attempts or out.try_after <= now:
        return False
    out.state = "cancelled"
    ticket = session.get(Ticket, out.ticket_id)
    if ticket is not None:
        ticket.state = "open" if ticket.state == "waiting" else ticket.state
        audit.record(session, ticket, "reply.undone", actor=actor, now=now, message_id=out.message_id)
    return True


def again(session: Session, out: Outbox, *, actor: str, now: datetime) -> bool:
    """Send a failed or uncertain letter once more: the same bytes, the same Message-ID."""
    session.flush()
    session.refresh(out, with_for_update=True)
    if out.state not in ("failed", "uncertain"):
        return False
    out.state, out.try_after, out.attempts, out.data_started, out.lease_token = "pending", now, 0, False, None
    for recipient in out.recipients:
        if recipient.state != "accepted":
            recipient.state = "pending"
    audit.record(session, session.get(Ticket, out.ticket_id or 0), "reply.sent_again", actor=actor, now=now,
                 message_id=out.message_id)
    return True


def without_tag(subject: str) -> str:
    """A subject without our tag and without reply prefixes in front."""
    subject = re.sub(r"\s*\[#\d+\]", "", subject)
    return re.sub(r"^(?:(?:re|fwd?|fw|отв(?:ет)?|ha|на)(?:\[\d+\])?:\s*)+", "", subject, flags=re.I).strip()


# --- reply addresses ---------------------------------------------------------------------------


def reply_address(conf: Settings, ticket: Ticket) -> str:
    """``desk+<number>.<mac>@…``: knowing it is the right to answer on this ticket."""
    local, _, domain = conf.sender_address.rpartition("@")
    return f"{local}+{ticket.number}.{_mac(conf, ticket)}@{domain}"


def from_token(session: Session, conf: Settings, addresses: Sequence[str]) -> Ticket | None:
    """The ticket named by a genuine reply address among those a mail was sent to."""
    for address in addresses:
        token = address.lower().partition("@")[0].rpartition("+")[2]
        number, _, mac = token.partition(".")
        if not (number.isascii() and number.isdigit() and len(number) < 10 and mac):
            continue
        ticket = session.scalar(select(Ticket).where(Ticket.number == int(number)))
        if ticket is not None and hmac.compare_digest(mac.encode(), _mac(conf, ticket).encode()):
            return tickets.joined(session, ticket)
    return None


def _mac(conf: Settings, ticket: Ticket) -> str:
    digest = hmac.digest(conf.secret_key(), f"reply|{ticket.public_id}".encode(), hashlib.sha256)
    return base64.b32encode(digest[:20]).decode().lower()


# --- sending -----------------------------------------------------------------------------------


def drain(database: Database, conf: Settings, *, now_fn: Callable[[], datetime], limit: int = 500) -> int:
    """Send every letter that is due, one after another over one connection; how many were tried."""
    tried = 0
    with smtp.Connection(conf.smtp) as connection:
        while tried < limit:
            claimed = _claim(database, conf, now_fn())
            if claimed is None:
                break
            tried += 1
            _send(database, conf, connection, claimed, now_fn)
    return tried


def _claim(database: Database, conf: Settings, now: datetime) -> Outbox | None:
    """Take one due letter; one whose sender died after DATA began becomes uncertain instead."""
    with database.write() as session:
        due = or_(and_(Outbox.state == "pending", Outbox.try_after <= now),
                  and_(Outbox.state == "uncertain", Outbox.doubts == 1, Outbox.try_after <= now),
                  and_(Outbox.state == "sending", Outbox.lease_until < now))
        out = session.scalar(select(Outbox).where(due).order_by(Outbox.try_after, Outbox.id).limit(1).options(
            undefer(Outbox.mime), selectinload(Outbox.recipients)).with_for_update(skip_locked=True))
        if out is None:
            return None
        if out.state == "sending" and out.data_started:
            _doubt(session, conf, out, "the process ended while the letter was handed over", now)
            return _nothing(out)
        out.state, out.attempts, out.data_started = "sending", out.attempts + 1, False
        out.lease_token = secrets.token_hex(16)
        out.lease_until = now + timedelta(seconds=conf.work.outbox_lease_seconds)
        failpoints.hit("outbox.claiming")
    failpoints.hit("outbox.claimed")
    return out


def _nothing(out: Outbox) -> Outbox:
    out.lease_token = None
    return out


def _send(database: Database, conf: Settings, connection: smtp.Connection, out: Outbox,
          now_fn: Callable[[], datetime]) -> None:
    if out.lease_token is None:
        return
    try:
        _hand_over(database, conf, connection, out, now_fn)
    except Fenced:
        log.warning("letter %s was taken by another sender", out.message_id)


def _hand_over(database: Database, conf: Settings, connection: smtp.Connection, out: Outbox,
               now_fn: Callable[[], datetime]) -> None:
    def before_data() -> None:
        with database.write() as session:
            _ours(session, out).data_started = True
        failpoints.hit("outbox.before_data")

    waiting = [r.address for r in out.recipients if r.state == "pending"]
    try:
        results = connection.send(sender=out.envelope_from, recipients=waiting, mime=out.mime, before_data=before_data)
    except smtp.SmtpError as error:
        failpoints.hit("outbox.refused")
        _record_error(database, conf, out, error, now_fn())
        return
    failpoints.hit("outbox.accepted")
    _record_results(database, conf, out, results, now_fn())
    failpoints.hit("outbox.recorded")


class Fenced(Exception):
    """Another sender holds this letter now; nothing may be written."""


def _ours(session: Session, out: Outbox) -> Outbox:
    row = session.get(Outbox, out.id, with_for_update=True)
    if row is None or row.lease_token != out.lease_token or row.state != "sending":
        raise Fenced
    return row


def _record_results(database: Database, conf: Settings, out: Outbox, results: Sequence[smtp.Result],
                    now: datetime) -> None:
    with database.write() as session:
        row = _ours(session, out)
        by_address = {r.address: r for r in row.recipients}
        for result in results:
            recipient = by_address[result.address]
            recipient.code, recipient.text = result.code, result.text[:500]
            if result.accepted:
                recipient.state = "accepted"
            elif result.code >= 500:
                recipient.state = "refused"
        _conclude(session, row, now)
        failpoints.hit("outbox.recording")


def _conclude(session: Session, row: Outbox, now: datetime) -> None:
    states = {r.state for r in row.recipients}
    refused = "; ".join(f"{r.address}: {r.code} {r.text}" for r in row.recipients if r.state != "accepted")
    if "pending" in states:
        _later(session, row, refused, now)
    elif "accepted" in states:
        row.state, row.sent_at, row.error, row.lease_token = "sent", now, refused, None
        _tell_ticket(session, row, "letter.sent", now, failed="refused" in states)
        ticket = session.get(Ticket, row.ticket_id) if row.kind == "reply" and row.ticket_id else None
        if ticket is not None:
            deadlines.reply_sent(session, ticket, actor="mail", now=now)
    else:
        _fail(session, row, refused, now)


def _record_error(database: Database, conf: Settings, out: Outbox, error: smtp.SmtpError, now: datetime) -> None:
    with database.write() as session:
        row = _ours(session, out)
        if error.uncertain:
            _doubt(session, conf, row, str(error), now)
        elif error.permanent:
            _fail(session, row, str(error), now)
        else:
            _later(session, row, str(error), now)


def _later(session: Session, row: Outbox, why: str, now: datetime) -> None:
    if row.attempts > len(RETRY_MINUTES):
        _fail(session, row, why, now)
        return
    row.state, row.error, row.lease_token, row.data_started = "pending", why[:1000], None, False
    row.try_after = now + timedelta(minutes=RETRY_MINUTES[row.attempts - 1])


def _doubt(session: Session, conf: Settings, row: Outbox, why: str, now: datetime) -> None:
    row.state, row.error, row.doubts, row.lease_token = "uncertain", why[:1000], row.doubts + 1, None
    row.try_after = now + timedelta(seconds=conf.work.uncertain_retry_seconds)
    _tell_ticket(session, row, "letter.uncertain", now)


def _fail(session: Session, row: Outbox, why: str, now: datetime) -> None:
    row.state, row.error, row.lease_token = "failed", why[:1000], None
    _tell_ticket(session, row, "letter.failed", now, failed=True)


def _tell_ticket(session: Session, row: Outbox, kind: str, now: datetime, *, failed: bool = False) -> None:
    ticket = session.get(Ticket, row.ticket_id) if row.ticket_id else None
    if ticket is None or row.kind not in ("reply", "ack", "letter"):
        return
    if failed:
        ticket.delivery_failed = True
    audit.record(session, ticket, kind, actor="mail", now=now, letter=row.kind, message_id=row.message_id,
                 error=row.error)


def bounced(session: Session, row: Outbox, failed: Mapping[str, str], *, now: datetime) -> None:
    """A delivery report came back for a letter of ours; `failed`: address in lower case → reason."""
    for recipient in row.recipients:
        alone = next(iter(failed.values())) if len(row.recipients) == 1 and failed else None
        reason = failed.get(recipient.address.lower(), alone)
        if reason is not None:
            recipient.state, recipient.text = "bounced", reason[:500]
    _tell_ticket(session, row, "letter.bounced", now, failed=True)
