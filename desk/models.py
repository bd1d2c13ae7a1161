"""The tables. Rows only: verbs stand in tickets, inbox, outbox, deadlines, people.

Moments are aware UTC and end in ``_at``. Text columns take NUL-free text without lone surrogates.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from .db import Json, Moment

TICKET_STATES = ("open", "waiting", "closed")
STAGES = ("check", "support", "claim", "payment", "regulator", "court")
INBOUND_STATES = ("received", "done", "linked", "ignored", "held")
OUTBOX_STATES = ("pending", "sending", "sent", "uncertain", "failed", "cancelled")
PROOF_CLASSES = ("", "reply", "post", "portal", "goods", "own", "other")
DEADLINE_STATES = ("running", "paused", "met", "missed", "cancelled")
ALERT_STATES = ("pending", "queued", "sent", "failed", "acknowledged", "cancelled")
ROLES = ("advocate", "lead", "admin")
STEP_STATES = ("prepared", "sent", "answered", "skipped", "cancelled")
CONTENTS_STATES = ("none", "waiting", "read", "failed")
FACT_STATES = ("found", "confirmed", "corrected", "rejected")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s", "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s"})
    type_annotation_map = {datetime: Moment, dict[str, Any]: Json, list[Any]: Json, str: Text, bytes: LargeBinary}


def new_public_id() -> str:
    """128 random bits: what an address of ours shows instead of a row number."""
    return uuid.uuid4().hex


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(v) for v in values)})", name=column)


# --- what came in ----------------------------------------------------------------------------


class Mailbox(Base):
    """Where a mailbox was read up to; its settings stand in desk.toml under the same name."""

    __tablename__ = "mailbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    uidvalidity: Mapped[int | None] = mapped_column(BigInteger)  # 32 bits unsigned (RFC 9051 2.3.1.1)
    last_uid: Mapped[int] = mapped_column(BigInteger, default=0)
    since: Mapped[date | None]  # mails that arrived before are historic: never acknowledged
    looked_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")
    error_since: Mapped[datetime | None]


class InboundMail(Base):
    """One mail as it lay in the mailbox: unchanged bytes first, understanding later.

    (mailbox, UIDVALIDITY, UID) is the only thing that ever refuses a second row.
    """

    __tablename__ = "inbound_mail"
    __table_args__ = (UniqueConstraint("mailbox_id", "uidvalidity", "uid"), _one_of("state", INBOUND_STATES),
                      Index(None, "state", "try_after"))
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id"))
    uidvalidity: Mapped[int] = mapped_column(BigInteger)
    uid: Mapped[int] = mapped_column(BigInteger)
    arrived_at: Mapped[datetime]  # INTERNALDATE: legal clocks count from it, never from the Date header
    received_at: Mapped[datetime]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    raw: Mapped[bytes | None] = mapped_column(deferred=True)  # up to 1 MiB; larger ones are blobs named by sha256
    message_id: Mapped[str] = mapped_column(String(998), default="", index=True)
    historic: Mapped[bool] = mapped_column(default=False)
    truncated: Mapped[bool] = mapped_column(default=False)  # too large to fetch whole; the rest is on the server
    state: Mapped[str] = mapped_column(String(16), default="received")
    reason: Mapped[str] = mapped_column(default="")  # key for ignored and held, shown in words
    error: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    try_after: Mapped[datetime]
    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    duplicate_of_id: Mapped[int | None] = mapped_column(ForeignKey("inbound_mail.id"))
    mailbox: Mapped[Mailbox] = relationship()


# --- people ----------------------------------------------------------------------------------


class User(Base):
    """Somebody of the team who signs in."""

    __tablename__ = "user_account"
    __table_args__ = (_one_of("role", ROLES),)
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16), default="advocate")
    password_hash: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(2), default="")  # '' follows the browser
    created_at: Mapped[datetime]


class WebSession(Base):
    """A signed-in browser; the cookie's secret is kept only as SHA-256."""

    __tablename__ = "web_session"
    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")
    revoked_at: Mapped[datetime | None]
    user: Mapped[User] = relationship()


class SignInAttempt(Base):
    """A failed sign-in, for throttling; account is the lower-cased e-mail typed in."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index(None, "account", "at"), Index(None, "address", "at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(String(320))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class SignInLink(Base):
    """A single-use link that signs a person in (first admin, the demo); kept only as SHA-256."""

    __tablename__ = "sign_in_link"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    reusable: Mapped[bool] = mapped_column(default=False)  # only the demo's
    user: Mapped[User] = relationship()


class Person(Base):
    """Somebody outside the team who writes: a consumer or a company's support."""

    __tablename__ = "person"
    __table_args__ = (_one_of("kind", ("consumer", "company")),)
    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(320), unique=True)  # lower-case; '' when unreadable
    name: Mapped[str] = mapped_column(String(200), default="")
    kind: Mapped[str] = mapped_column(String(16), default="consumer")
    created_at: Mapped[datetime]


# --- tickets ---------------------------------------------------------------------------------


class Ticket(Base):
    __tablename__ = "ticket"
    __table_args__ = (_one_of("state", TICKET_STATES), _one_of("stage", STAGES), Index(None, "state", "next_due_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    number: Mapped[int] = mapped_column(unique=True)
    subject: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(16), default="open")
    stage: Mapped[str] = mapped_column(String(16), default="check")
    consumer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    marketplace: Mapped[str] = mapped_column(String(32), default="")
    company_case: Mapped[str] = mapped_column(String(100), default="", index=True)  # the company's own number
    company_domain: Mapped[str] = mapped_column(String(255), default="")
    topics: Mapped[list[Any]] = mapped_column(default=list)  # keys, best first
    demands: Mapped[list[Any]] = mapped_column(default=list)
    missing: Mapped[list[Any]] = mapped_column(default=list)  # keys of what the consumer has not told yet
    hints: Mapped[list[Any]] = mapped_column(default=list)  # [{"kind": "names_ticket", "number": 1042}, …]
    delivery_failed: Mapped[bool] = mapped_column(default=False)  # a letter of ours bounced or failed
    unread: Mapped[bool] = mapped_column(default=True)  # a letter came in since staff last wrote or looked
    next_due_at: Mapped[datetime | None]  # end of the nearest running deadline
    created_at: Mapped[datetime]
    last_message_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
    consumer: Mapped[Person | None] = relationship()
    assignee: Mapped[User | None] = relationship()
    messages: Mapped[list[Message]] = relationship(back_populates="ticket", order_by="Message.id")
    deadlines: Mapped[list[Deadline]] = relationship(back_populates="ticket", order_by="Deadline.due_at")
    facts: Mapped[list[Fact]] = relationship(order_by="Fact.id")


class Participant(Base):
    """A person whose mail is appended to the ticket without a warning."""

    __tablename__ = "participant"
    __table_args__ = (UniqueConstraint("ticket_id", "person_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    person: Mapped[Person] = relationship()


class Message(Base):
    """One entry of the conversation: a mail in, a letter out, or an internal note."""

    __tablename__ = "message"
    __table_args__ = (_one_of("direction", ("in", "out", "note")), _one_of("contents", CONTENTS_STATES),
                      Index(None, "contents", "contents_try_after"))
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound_mail.id"), unique=True)
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id"), unique=True)
    direction: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(16), default="mail")  # a kind of letter, or reply, ack, note
    author_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    unconfirmed: Mapped[bool] = mapped_column(default=False)  # another person than those on the ticket wrote it
    sender_ambiguous: Mapped[bool] = mapped_column(default=False)
    sender_name: Mapped[str] = mapped_column(String(200), default="")
    sender_address: Mapped[str] = mapped_column(String(320), default="")
    subject: Mapped[str] = mapped_column(String(500), default="")
    text: Mapped[str] = mapped_column(default="")
    folds: Mapped[list[Any]] = mapped_column(default=list)  # [[start, end], …] of quotes in text
    html: Mapped[str] = mapped_column(default="", deferred=True)  # as received; only ever shown cleaned and sandboxed
    has_html: Mapped[bool] = mapped_column(default=False)
    forwarded: Mapped[dict[str, Any] | None]
    bounce: Mapped[dict[str, Any] | None]
    warnings: Mapped[list[Any]] = mapped_column(default=list)
    message_id: Mapped[str] = mapped_column(String(998), default="", index=True)  # with angle brackets
    references: Mapped[list[Any]] = mapped_column(default=list)
    contents: Mapped[str] = mapped_column(String(16), default="none")  # of its files: waiting to be read, read, failed
    contents_try_after: Mapped[datetime | None]
    contents_attempts: Mapped[int] = mapped_column(default=0)
    dated_at: Mapped[datetime | None]  # what the Date header claims
    created_at: Mapped[datetime]  # when it reached us (INTERNALDATE) or was written
    ticket: Mapped[Ticket] = relationship(back_populates="messages")
    author: Mapped[User | None] = relationship()
    person: Mapped[Person | None] = relationship()
    inbound: Mapped[InboundMail | None] = relationship()
    outbox: Mapped[Outbox | None] = relationship()
    attachments: Mapped[list[Attachment]] = relationship(order_by="Attachment.place")


class Attachment(Base):
    """A file in a mail. Its bytes are read again from the stored mail and checked by sha256."""

    __tablename__ = "attachment"
    __table_args__ = (UniqueConstraint("message_id", "place"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    place: Mapped[int]  # index in Letter.attachments
    filename: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(255))  # by content
    declared_type: Mapped[str] = mapped_column(String(255), default="")
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    inline: Mapped[bool] = mapped_column(default=False)
    content_id: Mapped[str] = mapped_column(String(255), default="")
    text: Mapped[str] = mapped_column(default="", deferred=True)  # what stands in it, as far as it could be read


class Fact(Base):
    """Something found in a mail, with its place and how sure we are; a person confirms it."""

    __tablename__ = "fact"
    __table_args__ = (Index(None, "kind", "value"), _one_of("state", FACT_STATES))
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))  # none: a person of the team wrote it
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))
    kind: Mapped[str] = mapped_column(String(32))
    value: Mapped[str] = mapped_column(String(500))
    quote: Mapped[str] = mapped_column(String(500))
    place: Mapped[str] = mapped_column(String(16))
    start: Mapped[int]
    end: Mapped[int]
    confidence: Mapped[float]
    marketplace: Mapped[str] = mapped_column(String(32), default="")
    state: Mapped[str] = mapped_column(String(16), default="found")  # corrected: `value` is what a person wrote
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]


# --- what goes out ---------------------------------------------------------------------------


class Outbox(Base):
    """A letter of ours: exact bytes and Message-ID are stored before the first attempt, retries send the same."""

    __tablename__ = "outbox"
    __table_args__ = (_one_of("state", OUTBOX_STATES), Index(None, "state", "try_after"),
                      Index(None, "kind", "created_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    dedup_key: Mapped[str] = mapped_column(String(200), unique=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # reply, ack, alert, digest
    message_id: Mapped[str] = mapped_column(String(998), unique=True)
    envelope_from: Mapped[str] = mapped_column(String(320))
    mime: Mapped[bytes] = mapped_column(deferred=True)
    state: Mapped[str] = mapped_column(String(16), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    try_after: Mapped[datetime]
    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    data_started: Mapped[bool] = mapped_column(default=False)  # committed just before DATA: a cut after it is uncertain
    doubts: Mapped[int] = mapped_column(default=0)  # times a cut behind the final dot left it uncertain
    error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    recipients: Mapped[list[OutboxRecipient]] = relationship(back_populates="outbox", order_by="OutboxRecipient.id")


class OutboxRecipient(Base):
    __tablename__ = "outbox_recipient"
    __table_args__ = (UniqueConstraint("outbox_id", "address"),
                      _one_of("state", ("pending", "accepted", "refused", "bounced")))
    id: Mapped[int] = mapped_column(primary_key=True)
    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"))
    address: Mapped[str] = mapped_column(String(320), index=True)
    state: Mapped[str] = mapped_column(String(16), default="pending")
    code: Mapped[int | None]
    text: Mapped[str] = mapped_column(default="")
    outbox: Mapped[Outbox] = relationship(back_populates="recipients")


# --- escalation ------------------------------------------------------------------------------


class Letter(Base):
    """A paper of ours, frozen: the facts it was written from, its bytes, their SHA-256. Never changed."""

    __tablename__ = "letter"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    template: Mapped[str] = mapped_column(String(64))
    template_sha256: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(500))
    facts: Mapped[dict[str, Any]]  # name → the words that stand in the letter
    annexes: Mapped[list[Any]] = mapped_column(default=list)  # public ids of attachments, in the order of their numbers
    written_on: Mapped[date]
    text: Mapped[str]
    pdf: Mapped[bytes] = mapped_column(deferred=True)
    docx: Mapped[bytes] = mapped_column(deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))  # of the PDF
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]


class Step(Base):
    """One act of escalation: to whom, by which way, when, with which proof, what came back."""

    __tablename__ = "step"
    __table_args__ = (_one_of("state", STEP_STATES),)
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    key: Mapped[str] = mapped_column(String(64))  # of config/escalation.toml
    state: Mapped[str] = mapped_column(String(16), default="prepared")
    addressee: Mapped[str] = mapped_column(String(500), default="")
    channel: Mapped[str] = mapped_column(String(16), default="")
    place: Mapped[str] = mapped_column(default="")  # the address, form or number it was sent to
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"))
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id"))
    reason: Mapped[str] = mapped_column(default="")  # why it was skipped, or taken out of turn
    number: Mapped[str] = mapped_column(String(100), default="")  # given by the addressee, or of the postal item
    proof: Mapped[str] = mapped_column(default="")
    sent_on: Mapped[date | None]
    proven_on: Mapped[date | None]  # the day from which the addressee's clocks are counted
    answer: Mapped[str] = mapped_column(default="")
    answered_on: Mapped[date | None]
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    letter: Mapped[Letter | None] = relationship()
    author: Mapped[User] = relationship()


# --- deadlines -------------------------------------------------------------------------------


class Deadline(Base):
    """A running clock: which rule in which version, from what, until when, and how it was counted."""

    __tablename__ = "deadline"
    __table_args__ = (_one_of("state", DEADLINE_STATES), _one_of("proof_class", PROOF_CLASSES))
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    rule: Mapped[str] = mapped_column(String(64))
    rule_version: Mapped[str] = mapped_column(String(64))
    start_on: Mapped[date]
    start_event: Mapped[str] = mapped_column(String(64))
    length: Mapped[int] = mapped_column(default=0)  # in the rule's unit
    proof: Mapped[str] = mapped_column(default="")
    proof_class: Mapped[str] = mapped_column(String(16), default="")  # what kind of proof; "" when there is none
    proven_on: Mapped[date | None]  # the day that the proof shows; without it the start is an estimate
    timezone: Mapped[str] = mapped_column(String(64))
    raw_due: Mapped[date]
    due: Mapped[date]
    due_at: Mapped[datetime]
    confirmed: Mapped[bool] = mapped_column(default=False)  # rule checked by a lawyer and calendar official
    explanation_ru: Mapped[str]
    explanation_en: Mapped[str]
    state: Mapped[str] = mapped_column(String(16), default="running")
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(64), default="")
    end_reason: Mapped[str] = mapped_column(default="")
    paused_on: Mapped[date | None]  # the first day that does not count
    pause_reason: Mapped[str] = mapped_column(default="")
    resumed_on: Mapped[date | None]
    extended_by: Mapped[str] = mapped_column(String(64), default="")  # the rule of the extension
    watchers: Mapped[str] = mapped_column(default="")  # whose alerts were made: user ids in order, "3,7"
    ticket: Mapped[Ticket] = relationship(back_populates="deadlines")
    alerts: Mapped[list[Alert]] = relationship(back_populates="deadline", order_by="Alert.due_at")


class Alert(Base):
    """One warning to one person about one threshold of one deadline; it can exist only once."""

    __tablename__ = "alert"
    __table_args__ = (UniqueConstraint("deadline_id", "threshold", "user_id"), _one_of("state", ALERT_STATES),
                      Index(None, "state", "due_at"), Index(None, "user_id", "state"))
    id: Mapped[int] = mapped_column(primary_key=True)
    deadline_id: Mapped[int] = mapped_column(ForeignKey("deadline.id"))
    threshold: Mapped[str] = mapped_column(String(32))  # T-5, T-2, T-1, T-0, overdue, overdue-1, …
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default="pending")
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id"), index=True)
    sent_at: Mapped[datetime | None]
    late: Mapped[bool] = mapped_column(default=False)
    acknowledged_at: Mapped[datetime | None]
    escalate_at: Mapped[datetime | None] = mapped_column(index=True)  # then the leads are told, unless acknowledged
    escalated_from_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"))  # whose silence this lead is told of
    deadline: Mapped[Deadline] = relationship(back_populates="alerts")
    user: Mapped[User] = relationship()
    outbox: Mapped[Outbox | None] = relationship()
    escalated_from: Mapped[Alert | None] = relationship(remote_side=[id])


class CalendarFeed(Base):
    """Deadlines for a calendar program, by a secret link; the secret is kept only as SHA-256."""

    __tablename__ = "calendar_feed"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    whole_team: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    user: Mapped[User] = relationship()


# --- the house -------------------------------------------------------------------------------


class Event(Base):
    """What happened, who did it, when; written in the transaction of the change itself."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))  # user:7, mail, clock, command
    kind: Mapped[str] = mapped_column(String(64))  # ticket.opened, ticket.assigned, deadline.started, …
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Lease(Base):
    """Who may run a loop. `fence` grows with each new owner: work of an old one is refused."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    owner: Mapped[str] = mapped_column(String(100))
    fence: Mapped[int] = mapped_column(default=1)
    until: Mapped[datetime]


class Heartbeat(Base):
    __tablename__ = "heartbeat"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)  # fetch:main, work, clock, web
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Counter(Base):
    __tablename__ = "counter"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[int]
