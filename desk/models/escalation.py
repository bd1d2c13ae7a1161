"""Papers of ours and the acts they went out with."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, new_public_id, one_of
from .people import User

STEP_STATES = ("prepared", "sent", "answered", "skipped", "cancelled")
ANSWER_CLASSES = ("", "met", "partial", "refused", "asks", "no_answer")
PAPERS = ("consent", "power")
SUMS = ("claimed", "offered", "paid", "penalty", "fine", "costs")
BUNDLE_STATES = ("waiting", "working", "ready", "failed")


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
    __table_args__ = (one_of("state", STEP_STATES), one_of("answer_class", ANSWER_CLASSES),
                      Index(None, "state", "key", "ticket_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    key: Mapped[str] = mapped_column(String(64))  # of config/escalation.toml
    by_consumer: Mapped[bool] = mapped_column(default=False)  # the consumer signs and sends it: no power is needed
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
    answer_class: Mapped[str] = mapped_column(String(16), default="")  # as a person confirmed it
    answer_message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    letter: Mapped[Letter | None] = relationship()
    author: Mapped[User] = relationship()


class Authority(Base):
    """A paper of the consumer by which we may act: consent to use personal data (152-ФЗ), or a power of attorney."""

    __tablename__ = "authority"
    __table_args__ = (one_of("kind", PAPERS),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    scope: Mapped[list[Any]] = mapped_column(default=list)  # keys of steps; empty: all of them
    given_on: Mapped[date]
    expires_on: Mapped[date | None]  # the last day on which it holds
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))
    note: Mapped[str] = mapped_column(default="")  # where the paper is, when it is no file of the ticket
    revoked_on: Mapped[date | None]
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]


class Sum(Base):
    """Money of a case: demanded, offered, paid, penalty, fine, court costs. A wrong row is struck out, not deleted."""

    __tablename__ = "case_sum"
    __table_args__ = (one_of("kind", SUMS),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16), index=True)
    kopecks: Mapped[int] = mapped_column(BigInteger)
    on: Mapped[date] = mapped_column("on_day")
    note: Mapped[str] = mapped_column(String(500), default="")
    struck: Mapped[bool] = mapped_column(default=False)
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]

    @property
    def amount(self) -> Decimal:
        return Decimal(self.kopecks) / 100


class Outcome(Base):
    """The consumer was asked whether it is solved; what they said stands beside it."""

    __tablename__ = "outcome"
    __table_args__ = (one_of("answer", ("", "solved", "not_solved")),)
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id"))
    asked_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(String(16), default="")
    answered_at: Mapped[datetime | None]


class Bundle(Base):
    """The evidence of a ticket as one PDF and one ZIP, made by the worker; `hidden`: what was covered or left out."""

    __tablename__ = "bundle"
    __table_args__ = (one_of("state", BUNDLE_STATES),)
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_public_id)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    state: Mapped[str] = mapped_column(String(16), default="waiting", index=True)
    as_of: Mapped[date]  # the day up to which the penalty is counted
    # public id of an attachment → {"out": true} or {"boxes": [[page, x, y, width, height], …]} in thousandths
    hidden: Mapped[dict[str, Any]] = mapped_column(default=dict)
    done: Mapped[int] = mapped_column(default=0)  # files drawn, of `total`
    total: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")
    sha256: Mapped[str] = mapped_column(String(64), default="")  # of the ZIP, which holds the PDF too
    pdf_sha256: Mapped[str] = mapped_column(String(64), default="")
    size: Mapped[int] = mapped_column(default=0)
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    author: Mapped[User] = relationship()


class LetterText(Base):
    """A letter's template as the lead changed it; the newest of a key is used, the older ones are kept."""

    __tablename__ = "letter_text"
    __table_args__ = (UniqueConstraint("key", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), index=True)
    version: Mapped[int]
    text: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    author: Mapped[User] = relationship()


class ContactCheck(Base):
    """Somebody looked whether a contact of the directory still holds; the newest look counts."""

    __tablename__ = "contact_check"
    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str] = mapped_column(String(64), index=True)
    channel: Mapped[str] = mapped_column(String(16))
    value: Mapped[str] = mapped_column(String(500))
    status: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(500))
    checked_on: Mapped[date]
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    author: Mapped[User] = relationship()
