"""A ticket and what belongs to it: its people, conversation, files, facts and history."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, new_public_id, one_of
from .mails import InboundMail, Outbox
from .people import Person, User

if TYPE_CHECKING:
    from .deadlines import Deadline

TICKET_STATES = ("open", "waiting", "closed")
STAGES = ("check", "support", "claim", "payment", "regulator", "court")
CONTENTS_STATES = ("none", "waiting", "read", "failed")
FILE_STATES = ("waiting", "read", "failed")
SCANS = ("waiting", "clean", "infected", "failed")
FACT_STATES = ("found", "confirmed", "corrected", "rejected")


class Ticket(Base):
    __tablename__ = "ticket"
    __table_args__ = (one_of("state", TICKET_STATES), one_of("stage", STAGES),
                      # Each is all that a view of the queue reads for its count and its order.
                      Index("ix_ticket_queue", "state", "next_due_at", "assignee_id"),
                      Index(None, "state", "last_message_at"), Index(None, "state", "closed_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    number: Mapped[int] = mapped_column(unique=True)
    subject: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(16), default="open")
    stage: Mapped[str] = mapped_column(String(16), default="check")
    consumer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)  # all it had is there now
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
    __table_args__ = (one_of("direction", ("in", "out", "note")), one_of("contents", CONTENTS_STATES),
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
    trust: Mapped[dict[str, Any] | None]  # what the mail server says of the sender, and `doubts` of our own
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
    __table_args__ = (UniqueConstraint("message_id", "place"), one_of("state", FILE_STATES), one_of("scan", SCANS),
                      Index(None, "scan", "scan_after"))
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    place: Mapped[int]  # index in Letter.attachments
    filename: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(255))  # as declared, unless its first bytes prove that wrong
    declared_type: Mapped[str] = mapped_column(String(255), default="")
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    inline: Mapped[bool] = mapped_column(default=False)
    content_id: Mapped[str] = mapped_column(String(255), default="")
    state: Mapped[str] = mapped_column(String(16), default="waiting")  # of its contents; failed: `note` says why
    note: Mapped[str] = mapped_column(String(32), default="")  # what was not read and why, as in facts.files
    pages: Mapped[int] = mapped_column(default=0)  # that can be looked at as pictures
    text: Mapped[str] = mapped_column(default="", deferred=True)  # what stands in it, as far as it could be read
    parts: Mapped[list[Any]] = mapped_column(default=list, deferred=True)  # [{start, end, page, source}, …] of text
    scan: Mapped[str] = mapped_column(String(16), default="waiting")  # by the virus scanner, when there is one
    scan_note: Mapped[str] = mapped_column(String(200), default="")  # name of what was found, or why it failed
    scan_after: Mapped[datetime | None]  # the scanner is not asked before


class Fact(Base):
    """Something found in a mail, with its place and how sure we are; a person confirms it."""

    __tablename__ = "fact"
    __table_args__ = (Index(None, "kind", "value"), one_of("state", FACT_STATES))
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


class Merge(Base):
    """Two tickets made one: what went over, and how both stood, so that it can be undone exactly."""

    __tablename__ = "ticket_merge"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    source_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    moved: Mapped[dict[str, Any]]  # table → ids of its rows
    before: Mapped[dict[str, Any]]  # "source" and "target" → column → value
    after: Mapped[dict[str, Any]]  # of the target: what nobody changed since is put back
    merged_at: Mapped[datetime]
    merged_by: Mapped[str] = mapped_column(String(64))
    undone_at: Mapped[datetime | None]
    source: Mapped[Ticket] = relationship(foreign_keys=[source_id])
    target: Mapped[Ticket] = relationship(foreign_keys=[target_id])


class Draft(Base):
    """What somebody is writing on a ticket; kept until it is sent or emptied."""

    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("user_id", "ticket_id", "kind"), one_of("kind", ("reply", "note")))
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    text: Mapped[str]
    saved_at: Mapped[datetime]


class Event(Base):
    """What happened, who did it, when; written in the transaction of the change itself."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))  # user:7, mail, clock, command
    kind: Mapped[str] = mapped_column(String(64))  # ticket.opened, ticket.assigned, deadline.started, …
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    seal_number: Mapped[int | None] = mapped_column(unique=True)  # 1, 2, 3, … without a gap; see desk.audit
    seal: Mapped[str] = mapped_column(String(64), default="")
